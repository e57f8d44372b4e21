import type { Dialog } from "../dialog/dialog.ts";
import type { Deadline, Millis } from "../machine.ts";
import type { SipMessage } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { type Timer, TimerQueue } from "../transaction/timer-queue.ts";
import { RELIABLE_TIMERS, type TransactionTimers } from "../transaction/timers.ts";
import type { ClientCore } from "./client-core.ts";
import type { UserAgentCore } from "./core.ts";
import type { Incoming } from "./incoming.ts";
import type { DialogId } from "./port.ts";
import { type DialogRequest, GiveUp, Unacked } from "./unacked.ts";

/** The 2xx answers to INVITEs that wait for their ACK (RFC 3261 13.3.1.4). */
export class Confirmations {
  private readonly core: UserAgentCore;
  private readonly client: ClientCore;
  private readonly timers: TransactionTimers;
  private readonly queue = new TimerQueue<Timer>();
  private readonly waiting = new Map<DialogId, Unacked>();

  constructor(core: UserAgentCore, client: ClientCore) {
    this.core = core;
    this.client = client;
    this.timers = core.settings.timers ?? RELIABLE_TIMERS;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** A 2xx was sent. `isFirst`: it made the dialog. */
  add(
    dialog: Dialog,
    transaction: ServerTransaction<Incoming>,
    response: SipMessage,
    isFirst: boolean,
    now: Millis,
  ): void {
    // A re-INVITE says that the 2xx before it has arrived.
    this.waiting.get(dialog.id)?.disarm(this.queue);
    const unacked = new Unacked(dialog, transaction, response, isFirst, this.timers.t1);
    this.waiting.set(dialog.id, unacked);
    unacked.arm(this.queue, this.timers.patience, now);
  }

  onAck(id: DialogId, cseq: number, now: Millis): void {
    const unacked = this.waiting.get(id);
    if (!unacked || unacked.cseq !== cseq) return;
    this.remove(unacked);
    const { dialog, heldBye, isFirst } = unacked;
    if (isFirst && this.core.dialogs.get(id)) this.core.emit({ kind: "confirmed", dialog: id });
    if (heldBye) this.client.dialogRequest(heldBye, dialog, now);
  }

  /** Keeps a BYE back until the ACK is there. @returns false when there is nothing to wait for. */
  hold(bye: DialogRequest): boolean {
    const unacked = this.waiting.get(bye.dialog);
    if (!unacked) return false;
    if (unacked.heldBye) this.client.refuse(bye.ref, "a BYE waits for the ACK already");
    else unacked.heldBye = bye;
    return true;
  }

  /** The dialog was dropped. A BYE that waits is still sent in its time. */
  drop(id: DialogId): void {
    const unacked = this.waiting.get(id);
    if (unacked && !unacked.heldBye) this.remove(unacked);
  }

  /** Forgets all; a BYE that waits gets its outcome. */
  clear(): void {
    for (const unacked of this.waiting.values()) {
      this.remove(unacked);
      if (unacked.heldBye) this.client.refuse(unacked.heldBye.ref, "stopped");
    }
  }

  timeout(now: Millis): void {
    for (let timer = this.queue.takeDue(now); timer; timer = this.queue.takeDue(now)) {
      if (timer instanceof Unacked) this.sendAgain(timer, now);
      else if (timer instanceof GiveUp) this.giveUp(timer.unacked, now);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.queue.next();
  }

  private sendAgain(unacked: Unacked, now: Millis): void {
    this.core.layer.respond(unacked.transaction, unacked.response, now);
    unacked.interval = Math.min(unacked.interval * 2, this.timers.t2);
    this.queue.arm(unacked, unacked.interval, now);
  }

  private giveUp(unacked: Unacked, now: Millis): void {
    this.remove(unacked);
    const { dialog, heldBye } = unacked;
    if (heldBye) this.client.dialogRequest(heldBye, dialog, now);
    else this.client.sendBye(dialog, now);
    if (this.core.dialogs.delete(dialog.id)) this.core.emit({ kind: "unconfirmed", dialog: dialog.id });
  }

  private remove(unacked: Unacked): void {
    unacked.disarm(this.queue);
    this.waiting.delete(unacked.dialog.id);
  }
}
