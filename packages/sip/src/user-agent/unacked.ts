import type { Dialog } from "../dialog/dialog.ts";
import type { Millis } from "../machine.ts";
import type { SipMessage } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { Timer, type TimerQueue } from "../transaction/timer-queue.ts";
import type { Incoming } from "./incoming.ts";
import type { EngineCommand } from "./port.ts";

export type DialogRequest = Extract<EngineCommand, { kind: "dialog-request" }>;

/** A 2xx to an INVITE that has no ACK yet: sent again from T1 to T2, for 64*T1 (RFC 3261 13.3.1.4). */
export class Unacked extends Timer {
  readonly dialog: Dialog;
  readonly transaction: ServerTransaction<Incoming>;
  readonly response: SipMessage;
  /** CSeq number of the INVITE, and so of its ACK. */
  readonly cseq: number;
  /** It made the dialog; false for a re-INVITE's. */
  readonly isFirst: boolean;
  readonly patience: GiveUp;
  interval: Millis;
  /** A BYE may not overtake the ACK (RFC 3261 15.1.1): it waits here. */
  heldBye: DialogRequest | undefined = undefined;

  constructor(
    dialog: Dialog,
    transaction: ServerTransaction<Incoming>,
    response: SipMessage,
    isFirst: boolean,
    interval: Millis,
  ) {
    super();
    this.dialog = dialog;
    this.transaction = transaction;
    this.response = response;
    this.cseq = response.cseq?.number ?? 0;
    this.isFirst = isFirst;
    this.interval = interval;
    this.patience = new GiveUp(this);
  }

  override get reason(): string {
    return "2xx without ACK";
  }

  arm(queue: TimerQueue<Timer>, patience: Millis, now: Millis): void {
    queue.arm(this, this.interval, now);
    queue.arm(this.patience, patience, now);
  }

  disarm(queue: TimerQueue<Timer>): void {
    queue.disarm(this);
    queue.disarm(this.patience);
  }
}

/** The end of the wait. */
export class GiveUp extends Timer {
  readonly unacked: Unacked;

  constructor(unacked: Unacked) {
    super();
    this.unacked = unacked;
  }

  override get reason(): string {
    return "no ACK for 64*T1";
  }
}
