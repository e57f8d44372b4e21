import type { Millis, SipMessage } from "@tombolo/sip";
import { type Expiring, ExpiryQueue } from "../routing/expiry-queue.ts";
import { LANES, type Lane } from "./lane.ts";
import { MAX_PACED_MS } from "./limits.ts";

/** A request that waits for its turn. */
export interface Paced<R> extends Expiring {
  readonly request: R;
  readonly message: SipMessage;
  readonly lane: Lane;
  readonly dialog: PacedDialog<R>;
}

/** What waits with one Call-ID. Goes out in the order it came: a lower CSeq behind a higher is refused (RFC 3261 12.2.2). */
export interface PacedDialog<R> {
  readonly callId: string;
  readonly items: Paced<R>[];
  readonly counts: Record<Lane, number>;
  /** That of its most urgent request: what stands before that one has to go first. */
  lane: Lane;
}

/** Requests in lanes, the more urgent first; within a lane one of each dialog in turn, so that none starves others. */
export class WaitingRoom<R extends { readonly message: SipMessage }> {
  readonly counts: Record<Lane, number> = { session: 0, presence: 0, typing: 0 };
  private readonly dialogs = new Map<string, PacedDialog<R>>();
  private readonly turns: Record<Lane, Set<PacedDialog<R>>> = {
    session: new Set(),
    presence: new Set(),
    typing: new Set(),
  };
  private readonly ages = new ExpiryQueue<Paced<R>>(MAX_PACED_MS);
  /** Oldest first. */
  private readonly typing = new Set<Paced<R>>();

  get size(): number {
    return this.counts.session + this.counts.presence + this.counts.typing;
  }

  /** When something may have waited too long. */
  get nextLateAt(): Millis | undefined {
    return this.size === 0 ? undefined : this.ages.nextAt;
  }

  dialogOf(message: SipMessage): PacedDialog<R> | undefined {
    return this.dialogs.get(message.callId);
  }

  get oldestTyping(): Paced<R> | undefined {
    return this.typing.size === 0 ? undefined : this.typing.values().next().value;
  }

  add(request: R, lane: Lane, now: Millis): void {
    const { message } = request;
    const { callId } = message;
    let dialog = this.dialogs.get(callId);
    if (!dialog) {
      dialog = { callId, items: [], counts: { session: 0, presence: 0, typing: 0 }, lane };
      this.dialogs.set(callId, dialog);
      this.turns[lane].add(dialog);
    }
    const ends = { deadline: 0, queue: undefined, earlier: undefined, later: undefined };
    const item: Paced<R> = { request, message, lane, dialog, ...ends };
    dialog.items.push(item);
    dialog.counts[lane]++;
    this.counts[lane]++;
    this.ages.add(item, now);
    if (lane === "typing") this.typing.add(item);
    this.settle(dialog);
  }

  /** Takes out the one whose turn it is; its dialog comes last then. */
  take(): Paced<R> | undefined {
    for (const lane of LANES) {
      const turns = this.turns[lane];
      if (turns.size === 0) continue;
      const dialog = turns.values().next().value!;
      turns.delete(dialog);
      turns.add(dialog);
      const item = dialog.items[0]!;
      this.remove(item);
      return item;
    }
    return undefined;
  }

  takeLate(now: Millis): Paced<R>[] {
    const late = this.ages.takeExpired(now);
    for (const item of late) this.remove(item);
    return late;
  }

  remove(item: Paced<R>): void {
    const { dialog, lane } = item;
    const at = dialog.items.indexOf(item);
    if (at < 0) return;
    dialog.items.splice(at, 1);
    dialog.counts[lane]--;
    this.counts[lane]--;
    this.ages.remove(item);
    this.typing.delete(item);
    this.settle(dialog);
  }

  /** Puts the dialog where its most urgent request belongs, keeping its turn where that is the same lane. */
  private settle(dialog: PacedDialog<R>): void {
    const lane = LANES.find((one) => dialog.counts[one] > 0);
    if (lane === undefined) {
      this.turns[dialog.lane].delete(dialog);
      this.dialogs.delete(dialog.callId);
    } else if (lane !== dialog.lane) {
      this.turns[dialog.lane].delete(dialog);
      dialog.lane = lane;
      this.turns[lane].add(dialog);
    }
  }
}
