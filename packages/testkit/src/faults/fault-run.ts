import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { statusOf } from "../access-edge/wire.ts";
import { seededRandom } from "../clock.ts";
import { XMPP_DOMAIN } from "../lab.ts";
import { FaultLab, pause } from "./fault-lab.ts";
import { Tally, type ToSipLedger, type ToXmppLedger } from "./tally.ts";
import { PersistentUser } from "./xmpp-user.ts";

export interface FaultRunOptions {
  /** Private folder, made. */
  readonly dir: string;
  /** The checkout. */
  readonly root: string;
  /** Texts each way. */
  readonly messages: number;
  /** XMPP users who talk with the one SIP user. */
  readonly users: number;
  /** Times that each of the three things happens. */
  readonly faults: number;
  readonly seed: number;
  /** Pause of each user between two texts of one direction, ms. */
  readonly paceMs: number;
  /** How long the last texts may take to settle, ms. */
  readonly patienceMs: number;
  readonly say?: (text: string) => void;
}

export interface FaultReport {
  readonly toSip: ToSipLedger;
  readonly toXmpp: ToXmppLedger;
  readonly seconds: number;
  readonly faults: { readonly tombolo: number; readonly prosody: number; readonly tls: number };
  /** Looks at /metrics, and what did not balance in them. */
  readonly scrapes: number;
  readonly imbalances: readonly string[];
  /** Texts left in the store at the end. */
  readonly leftInStore: number;
  /** Faults that the simulated edge has found in what it was sent. */
  readonly sipFaults: readonly string[];
}

/** People who see an error wait a little, ms. */
const AFTER_ERROR_MS = 1_000;

/** Texts that an XMPP user writes at once. */
const BURST = 3;
/** How long the partner takes for an answer on average, ms. */
const PARTNER_DELAY_MS = 40;

/**
 * What the simulated edge calls a fault and a broken connection explains: the answer comes on another one, and a 2xx again
 * until its ACK; whoever sent a request that was lost goes on with the next one.
 */
const OF_BROKEN_CONNECTIONS = /^(unasked-response|overlap|no-ack) /;

type Fault = "tombolo" | "prosody" | "tls";

/** Texts both ways while everything is killed, cut and started again; then each is accounted for. */
export async function runFaults(options: FaultRunOptions): Promise<FaultReport> {
  const jids = Array.from({ length: options.users }, (_, i) => `user${i}@${XMPP_DOMAIN}`);
  const lab = await FaultLab.start({ ...options, users: jids });
  const run = new FaultRun(options, lab, jids);
  try {
    return await run.go();
  } finally {
    await run.stop();
  }
}

class FaultRun {
  readonly #options: FaultRunOptions;
  readonly #lab: FaultLab;
  readonly #tally = new Tally();
  readonly #users: PersistentUser[];
  readonly #random: () => number;
  readonly #imbalances: string[] = [];
  /** How long this process was kept waiting: the others are, too. */
  readonly #stalls = monitorEventLoopDelay({ resolution: 10 });
  /** XMPP users who have just seen an error. */
  readonly #restUntil = new Map<string, number>();
  #scrapes = 0;
  #sent = 0;
  #isOver = false;

  constructor(options: FaultRunOptions, lab: FaultLab, jids: readonly string[]) {
    this.#options = options;
    this.#lab = lab;
    this.#random = seededRandom(options.seed);
    this.#users = jids.map((jid) => {
      const onError = (id: string) => {
        this.#tally.errorToXmpp(id);
        this.#restUntil.set(jid, performance.now() + AFTER_ERROR_MS);
      };
      const onText = (body: string) => this.#tally.shownToXmpp(body);
      return new PersistentUser(jid, lab.prosody.c2sPort, { onText, onError });
    });
  }

  async go(): Promise<FaultReport> {
    const { messages, users, patienceMs } = this.#options;
    while (!this.#users.every((user) => user.isConnected)) await pause(20);
    this.#stalls.enable();
    const started = performance.now();
    const watching = this.#watchBooks();
    const share = (i: number) => Array.from({ length: messages }, (_, n) => n).filter((n) => n % users === i);
    this.#slowPartner();
    const faults = this.#breakThings();
    const talks = this.#users.flatMap((user, i) => [
      this.#talkToSip(user, share(i)),
      this.#talkToXmpp(user.jid, share(i)),
    ]);
    await Promise.all(talks);
    const happened = await faults;
    this.#say("all is sent; waiting for the last answers");
    const until = performance.now() + patienceMs;
    while (performance.now() < until && !(await this.#isSettled())) await pause(250);
    await this.#scrape();
    this.#isOver = true;
    await watching;
    const archived = (await Promise.all(this.#users.map((user) => user.archive()))).flat();
    return {
      toSip: this.#toSip(),
      toXmpp: this.#tally.toXmppLedger(archived),
      seconds: Math.round((performance.now() - started) / 1000),
      faults: happened,
      scrapes: this.#scrapes,
      imbalances: [...this.#imbalances, ...this.#brokenBooks()],
      leftInStore: this.#leftInStore(),
      sipFaults: this.#lab.edge.faults().filter((line) => !OF_BROKEN_CONNECTIONS.test(line)),
    };
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#users.map((user) => user.stop()));
    await this.#lab.stop();
  }

  // ---- the talks

  async #talkToSip(user: PersistentUser, numbers: readonly number[]): Promise<void> {
    for (const [i, n] of numbers.entries()) {
      const id = `x2s-${n}`;
      while (performance.now() < (this.#restUntil.get(user.jid) ?? 0) || !user.send(id, id)) await pause(20);
      this.#tally.sentToSip(id, performance.now());
      // People write two or three lines at once: the later ones wait for the first.
      if (i % BURST === BURST - 1) await this.#pace(BURST);
      else this.#sent += 1;
    }
  }

  /** The partner is some way off. */
  #slowPartner(): void {
    const answers = Array.from({ length: 2 * this.#options.messages }, () => ({
      code: 200,
      delayMs: PARTNER_DELAY_MS * (0.5 + this.#random()),
    }));
    this.#lab.edge.scriptAnswers("MESSAGE", ...answers);
  }

  /** A session as long as it lasts; a text whose session could not be made counts as refused. */
  async #talkToXmpp(jid: string, numbers: readonly number[]): Promise<void> {
    const { edge } = this.#lab;
    for (const n of numbers) {
      let status = 0;
      try {
        const mine = edge.conversations.findLast(({ open, peer }) => open && peer === `sip:${jid}`);
        const conversation = mine ?? (await edge.sendIm(jid));
        status = statusOf(await conversation.send(`s2x-${n}`));
      } catch {
        // The connection broke, or nobody answered: the sender sees that it failed, and waits a little.
        await pause(AFTER_ERROR_MS);
      }
      this.#tally.answeredToXmpp(`s2x-${n}`, status);
      await this.#pace();
    }
  }

  async #pace(texts = 1): Promise<void> {
    this.#sent += 1;
    await pause(texts * this.#options.paceMs * (0.5 + this.#random()));
  }

  // ---- the faults

  /** Each kind happens at random moments of the talk, one of a kind at a time. */
  async #breakThings(): Promise<FaultReport["faults"]> {
    const { faults, messages } = this.#options;
    const happened = { tombolo: 0, prosody: 0, tls: 0 };
    const one = async (kind: Fault) => {
      const moments = Array.from({ length: faults }, () => 0.1 + 0.85 * this.#random()).sort((a, b) => a - b);
      for (const moment of moments) {
        while (this.#sent < moment * 2 * messages) await pause(5);
        const from = seconds();
        await this.#break(kind);
        this.#say(`${Math.round(moment * 100)} %, ${from} to ${seconds()}: ${SAYINGS[kind]}`);
        happened[kind] += 1;
      }
    };
    await Promise.all([one("tombolo"), one("prosody"), one("tls")]);
    return happened;
  }

  async #break(kind: Fault): Promise<void> {
    const pauseMs = 800 * this.#random();
    if (kind === "tombolo") await this.#lab.killTombolo(pauseMs);
    else if (kind === "prosody") await this.#lab.killProsody(pauseMs);
    else await this.#lab.cutPartner();
  }

  // ---- the books

  #toSip(): ToSipLedger {
    const { edge, relay, tomboloGaps, prosodyGaps } = this.#lab;
    const atBob = edge.conversations.flatMap(({ seen }) =>
      seen.entries.flatMap((entry) => (entry.kind === "text" ? [entry.text] : [])),
    );
    const gaps = { tombolo: tomboloGaps, server: prosodyGaps };
    return this.#tally.toSipLedger(atBob, relay, gaps, this.#stalls.max / 1e6);
  }

  async #isSettled(): Promise<boolean> {
    if (!this.#users.every((user) => user.isConnected) || this.#toSip().unaccounted.length > 0) return false;
    return this.#leftInStore() === 0;
  }

  async #watchBooks(): Promise<void> {
    while (!this.#isOver) {
      await this.#scrape();
      await pause(500);
    }
  }

  /** `accepted = delivered + bounced + expired + in flight` on one page of metrics (design law 1). */
  async #scrape(): Promise<void> {
    const page = await fetch(`${this.#lab.adminUrl}/metrics`)
      .then((answer) => answer.text())
      .catch(() => undefined);
    if (page === undefined) return;
    this.#scrapes += 1;
    for (const direction of ["sip_to_xmpp", "xmpp_to_sip"]) {
      const sum = (name: string) => sumOf(page, name, direction);
      const fates = sum("im_delivered_total") + sum("im_bounced_total") + sum("im_expired_total");
      const off = sum("im_accepted_total") - fates - sum("im_in_flight");
      if (off !== 0) this.#imbalances.push(`${direction}: off by ${off}`);
    }
  }

  #brokenBooks(): string[] {
    return this.#lab
      .log()
      .split("\n")
      .filter((line) => line.includes("conservation-broken"));
  }

  #leftInStore(): number {
    const db = new DatabaseSync(this.#lab.storePath, { readOnly: true });
    try {
      return (db.prepare("SELECT count(*) AS n FROM messages").get() as { n: number }).n;
    } finally {
      db.close();
    }
  }

  #say(text: string): void {
    this.#options.say?.(text);
  }
}

const SAYINGS: Readonly<Record<Fault, string>> = {
  tombolo: "kill -9 of Tombolo",
  prosody: "kill -9 of Prosody",
  tls: "the partner's TLS connections break",
};

/** The clock by which what is unaccounted is told, for people. */
function seconds(): string {
  return `${(performance.now() / 1000).toFixed(3)} s`;
}

function sumOf(page: string, name: string, direction: string): number {
  let sum = 0;
  for (const [, labels, value] of page.matchAll(new RegExp(`^tombolo_${name}\\{(.*)\\} (\\S+)$`, "gm")))
    if (labels!.includes(`direction="${direction}"`)) sum += Number(value);
  return sum;
}

/** The report as a table for people. */
export function faultTable(report: FaultReport): string {
  const { toSip, toXmpp, faults } = report;
  const row = (count: number, text: string) => `${String(count).padStart(8)}  ${text}`;
  return [
    `${report.seconds} s; killed: Tombolo ${faults.tombolo} times, Prosody ${faults.prosody} times; TLS cut ${faults.tls} times`,
    "",
    "XMPP to SIP",
    row(toSip.sent, "written by the XMPP users"),
    row(toSip.lostWithServer, "- died in the killed Prosody (connection broken)"),
    row(toSip.lostInServerBuffer, "- in Prosody's buffer for the link of a dying Tombolo"),
    row(toSip.refusedByServer, "- answered with an error by Prosody, while Tombolo was down"),
    row(toSip.handed, "handed to Tombolo"),
    row(toSip.arrived, "= arrived"),
    row(toSip.arrivedLate, "    of these late, after a restart, marked with their time"),
    row(toSip.arrivedAndReturned, "    of these with an error too: may have been delivered"),
    row(toSip.returned, "+ returned to the sender with an error"),
    row(
      toSip.inLinkGap,
      `+ written to the unacknowledged link of a dying Tombolo, ${Math.ceil(toSip.longestLinkGapMs)} ms before its end at most`,
    ),
    row(toSip.onLinkGivenUp, "+ written by a stalled Prosody to a link that Tombolo had given up"),
    row(toSip.unaccounted.length, "unaccounted"),
    row(toSip.duplicatesMarked, "doubled, marked"),
    row(toSip.duplicatesUnmarked, "doubled, unmarked"),
    "",
    "SIP to XMPP",
    row(toXmpp.sent, "written by the SIP user"),
    row(toXmpp.arrived, "= answered 2xx and in the XMPP user's archive"),
    row(toXmpp.refused, "+ refused, cut off or unanswered: the sender knows"),
    row(toXmpp.refusedButArrived, "    of these arrived all the same"),
    row(toXmpp.unaccounted.length, "unaccounted: answered 2xx and not there"),
    row(toXmpp.duplicates, "doubled"),
    "",
    row(report.imbalances.length, `imbalances in ${report.scrapes} looks at the metrics and in the log`),
    row(report.leftInStore, "texts left in the store"),
    row(report.sipFaults.length, "faults in the SIP that was sent"),
  ].join("\n");
}
