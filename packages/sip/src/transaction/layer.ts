import type { Deadline, Millis } from "../machine.ts";
import type { SipMessage } from "../message/message.ts";
import { ClientTransaction, ClientTransactions, cancelFor } from "./client.ts";
import { serverKey } from "./key.ts";
import { ServerTransaction, ServerTransactions } from "./server.ts";
import { type Timer, TimerQueue } from "./timer-queue.ts";
import { RELIABLE_TIMERS, type TransactionTimers } from "./timers.ts";

/** What is above the layer (RFC 3261 17, "TU") and the way out below it. Called while an input is being handled. */
export interface TransactionUser<ClientUser, ServerUser> {
  /** Send this now. */
  transmit(message: SipMessage): void;
  /** No final answer came (timers B, F, or the one of a CANCEL). The transaction is gone. */
  onTimeout(transaction: ClientTransaction<ClientUser>): void;
  /** The client has given up waiting, no answer will be sent any more (RFC 4320 4.2). The transaction is gone. */
  onTooLate(transaction: ServerTransaction<ServerUser>): void;
}

/** What `onRequest` makes of a request. */
export type Arrival<ServerUser> =
  | ServerTransaction<ServerUser>
  /** A copy; it has got its answer again if there was one. */
  | "copy"
  /** No Via or CSeq that can be read: there is no transaction to answer in. */
  | "unreadable"
  /** There are `maxTransactions`. */
  | "full";

/**
 * The transaction layer (RFC 3261 17): a machine without sockets or clock whose inputs are methods, as most of them
 * have a result at once. It costs no closure, promise or timer object per message.
 */
export class TransactionLayer<ClientUser, ServerUser> {
  private readonly queue = new TimerQueue<Timer>();
  private readonly clients: ClientTransactions<ClientUser>;
  private readonly servers: ServerTransactions<ServerUser>;
  private readonly maxTransactions: number;

  constructor(
    user: TransactionUser<ClientUser, ServerUser>,
    settings: { readonly timers?: TransactionTimers | undefined; readonly maxTransactions: number },
  ) {
    const timers = settings.timers ?? RELIABLE_TIMERS;
    this.maxTransactions = settings.maxTransactions;
    this.clients = new ClientTransactions(user, this.queue, timers);
    this.servers = new ServerTransactions(user, this.queue, timers);
  }

  /** Transactions that are remembered, those included that only wait for copies. */
  get size(): number {
    return this.clients.size + this.servers.size;
  }

  get isFull(): boolean {
    return this.size >= this.maxTransactions;
  }

  /** Requests of ours, those included that have had their answer and wait for copies of it. */
  sent(): IterableIterator<ClientTransaction<ClientUser>> {
    return this.clients.values();
  }

  /** Sends a request in a transaction of its own. `branch` is that of its Via. The bound is the caller's to keep. */
  send(request: SipMessage, branch: string, user: ClientUser, now: Millis): ClientTransaction<ClientUser> {
    return this.clients.start(request, branch, user, now);
  }

  /** Sends CANCEL for an INVITE that has had a provisional answer (RFC 3261 9.1). */
  cancel(invite: ClientTransaction<ClientUser>, user: ClientUser, now: Millis): void {
    this.clients.start(cancelFor(invite.request), invite.key, user, now);
    this.clients.limitCancelled(invite, now);
  }

  /** @returns the transaction whose user has to see this response; undefined for copies and strays (RFC 6026 7.2). */
  onResponse(response: SipMessage, now: Millis): ClientTransaction<ClientUser> | undefined {
    return this.clients.onResponse(response, now);
  }

  /** Any request but ACK. */
  onRequest(request: SipMessage, now: Millis): Arrival<ServerUser> {
    const key = serverKey(request);
    if (key === undefined) return "unreadable";
    if (this.servers.absorb(key, now)) return "copy";
    if (this.isFull) return "full";
    return this.servers.start(key, request, now);
  }

  /** @returns true when the ACK is not about a refusal: it confirms a 2xx, or nothing. */
  onAck(ack: SipMessage, now: Millis): boolean {
    return this.servers.onAck(ack, now);
  }

  /** The transaction of `method` that a CANCEL is about (RFC 3261 9.2). */
  cancelled(cancel: SipMessage, method: string): ServerTransaction<ServerUser> | undefined {
    return this.servers.find(cancel, method);
  }

  respond(transaction: ServerTransaction<ServerUser>, response: SipMessage, now: Millis): void {
    this.servers.respond(transaction, response, now);
  }

  /** A message of ours did not get out. @returns the client transaction that fails with it. */
  onTransportError(message: SipMessage, now: Millis): ClientTransaction<ClientUser> | undefined {
    if (message.isRequest) return this.clients.onTransportError(message, now);
    this.servers.onTransportError(message, now);
    return undefined;
  }

  /** Forgets everything and sends nothing. */
  clear(): void {
    for (const transaction of this.clients.values()) this.clients.forget(transaction);
    for (const transaction of this.servers.values()) this.servers.forget(transaction);
  }

  timeout(now: Millis): void {
    for (let timer = this.queue.takeDue(now); timer; timer = this.queue.takeDue(now)) {
      if (timer instanceof ClientTransaction) this.clients.onTimer(timer, now);
      else if (timer instanceof ServerTransaction) this.servers.onTimer(timer, now);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.queue.next();
  }
}
