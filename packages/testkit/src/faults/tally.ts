import type { ComponentRelay, Handed } from "./component-relay.ts";

/** A time in which a process was down, ms of `performance.now`. */
export interface Gap {
  readonly from: number;
  readonly until: number;
}

/**
 * A component link has no acknowledgements (XEP-0114): what the server writes just before the component dies reaches a
 * socket that nobody reads, or a process that has not come to the disk yet. This long before a kill on a quiet machine, ms.
 */
const LINK_GAP_MS = 250;
/** On a busy one every process stands still now and then; so much longer than the longest stall that was seen. */
const STALLS = 5;
/** What a client has written may wait for the server that long when it is killed, ms. */
const CLIENT_GAP_MS = 2_000;

/** What became of the XMPP users' texts. */
export interface ToSipLedger {
  sent: number;
  /** Came out of the XMPP server: only these are ours to account for. */
  handed: number;
  arrived: number;
  /** Of those: after a restart, with the time in front. */
  arrivedLate: number;
  /** Of those: and its sender was told that it may have been. */
  arrivedAndReturned: number;
  /** Did not arrive; the server has taken the error for its sender. */
  returned: number;
  /** Handed over in the last moment before a kill: neither side knows. */
  inLinkGap: number;
  /** Handed over by a server that had been silent for so long that the component had hung up. */
  onLinkGivenUp: number;
  /** Longest time before the end of the link of one of those in the gap, ms. */
  longestLinkGapMs: number;
  /** Did not come out: the server answered with an error of its own. */
  refusedByServer: number;
  /** Did not come out: the server was killed, and its user's connection broke. */
  lostWithServer: number;
  /** Did not come out: the server had it in its buffer for the link when the component was killed. */
  lostInServerBuffer: number;
  duplicatesMarked: number;
  duplicatesUnmarked: number;
  unaccounted: string[];
}

/** What became of the SIP user's texts. */
export interface ToXmppLedger {
  sent: number;
  /** Answered 2xx and in the XMPP server's archive or with its user. */
  arrived: number;
  /** Another answer, a broken connection, or none in time. */
  refused: number;
  /** Of those: arrived all the same. */
  refusedButArrived: number;
  duplicates: number;
  unaccounted: string[];
}

interface Outgoing {
  readonly sentAt: number;
  /** The user's client had an error for it. */
  wasToldError: boolean;
}

/** Notes of both ends, message by message. */
export class Tally {
  readonly toSip = new Map<string, Outgoing>();
  /** Final status by id; 0 where there was none. */
  readonly toXmpp = new Map<string, number>();
  readonly #live = new Map<string, number>();

  sentToSip(id: string, now: number): void {
    this.toSip.set(id, { sentAt: now, wasToldError: false });
  }

  errorToXmpp(id: string): void {
    const text = this.toSip.get(id);
    if (text) text.wasToldError = true;
  }

  answeredToXmpp(id: string, status: number): void {
    this.toXmpp.set(id, status);
  }

  shownToXmpp(id: string): void {
    this.#live.set(id, (this.#live.get(id) ?? 0) + 1);
  }

  /**
   * @param atBob texts that the SIP user has, as they came
   * @param longestStallMs how long the machine has kept a process waiting
   */
  toSipLedger(
    atBob: readonly string[],
    relay: ComponentRelay,
    gaps: { readonly tombolo: readonly Gap[]; readonly server: readonly Gap[] },
    longestStallMs: number,
  ): ToSipLedger {
    const linkGapMs = LINK_GAP_MS + STALLS * longestStallMs;
    const { plain, marked } = sortOut(atBob);
    const ledger: ToSipLedger = {
      ...{ sent: this.toSip.size, handed: 0, arrived: 0, arrivedLate: 0, arrivedAndReturned: 0, returned: 0 },
      ...{
        inLinkGap: 0,
        longestLinkGapMs: 0,
        onLinkGivenUp: 0,
        refusedByServer: 0,
        lostWithServer: 0,
        lostInServerBuffer: 0,
        duplicatesMarked: 0,
        duplicatesUnmarked: 0,
      },
      unaccounted: [],
    };
    for (const [id, { sentAt, wasToldError }] of this.toSip) {
      const [plainly, late] = [plain.get(id) ?? 0, marked.get(id) ?? 0];
      const handed = relay.handed.get(id);
      const isReturned = relay.returned.has(id) || wasToldError;
      if (plainly > 1) ledger.duplicatesUnmarked += plainly - 1;
      if (late > 0 && plainly + late > 1) ledger.duplicatesMarked += 1;
      if (handed) ledger.handed += 1;
      if (plainly + late > 0) {
        ledger.arrived += 1;
        if (plainly === 0) ledger.arrivedLate += 1;
        if (isReturned) ledger.arrivedAndReturned += 1;
      } else if (!handed) {
        if (wasToldError) ledger.refusedByServer += 1;
        else if (isIn(gaps.server, sentAt, CLIENT_GAP_MS)) ledger.lostWithServer += 1;
        else if (isNear(gaps.tombolo, sentAt, linkGapMs)) ledger.lostInServerBuffer += 1;
        else ledger.unaccounted.push(`${id}: sent at ${at(sentAt)}, never handed over`);
      } else if (isReturned) ledger.returned += 1;
      else if (!isOnEndingLink(handed, linkGapMs))
        ledger.unaccounted.push(`${id}: sent at ${at(sentAt)}, handed over at ${at(handed.at)}`);
      else if (isIn(gaps.tombolo, handed.at, linkGapMs)) {
        ledger.inLinkGap += 1;
        ledger.longestLinkGapMs = Math.max(ledger.longestLinkGapMs, handed.link.closedAt! - handed.at);
      } else ledger.onLinkGivenUp += 1;
    }
    return ledger;
  }

  /** @param archived bodies in the XMPP users' archives. */
  toXmppLedger(archived: readonly string[]): ToXmppLedger {
    const stored = count(archived);
    const ledger: ToXmppLedger = {
      ...{ sent: this.toXmpp.size, arrived: 0, refused: 0, refusedButArrived: 0, duplicates: 0 },
      unaccounted: [],
    };
    for (const [id, status] of this.toXmpp) {
      const copies = Math.max(stored.get(id) ?? 0, this.#live.get(id) ?? 0);
      if (copies > 1) ledger.duplicates += copies - 1;
      const isTaken = status >= 200 && status < 300;
      if (!isTaken) {
        ledger.refused += 1;
        if (copies > 0) ledger.refusedButArrived += 1;
      } else if (copies > 0) ledger.arrived += 1;
      else ledger.unaccounted.push(id);
    }
    return ledger;
  }
}

/** A text that was delivered late has the time it was written in front: `[2026-11-21 12:34 UTC] id`. */
function sortOut(texts: readonly string[]): { plain: Map<string, number>; marked: Map<string, number> } {
  const late = texts.flatMap((text) => /^\[[^\]]+ UTC\] (\S+)$/.exec(text)?.[1] ?? []);
  return { plain: count(texts), marked: count(late) };
}

/** The component's end of the link was closed by then, or a moment later. */
function isOnEndingLink({ at, link }: Handed, slack: number): boolean {
  return link.closedAt !== undefined && at >= link.closedAt - slack;
}

/** Close to the beginning of a gap. */
function isNear(gaps: readonly Gap[], at: number, slack: number): boolean {
  return gaps.some(({ from }) => Math.abs(at - from) <= slack);
}

function at(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

function count(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function isIn(gaps: readonly Gap[], at: number, slack: number): boolean {
  return gaps.some(({ from, until }) => at >= from - slack && at <= until + slack);
}
