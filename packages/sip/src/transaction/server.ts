import type { Millis } from "../machine.ts";
import { buildResponse } from "../message/build.ts";
import type { SipMessage } from "../message/message.ts";
import { PlaceMap } from "../place-map.ts";
import { mergeKey, serverKey } from "./key.ts";
import {
  INVITE_SERVER,
  INVITE_SERVER_START,
  type InviteServerAction,
  type InviteServerEvent,
  type InviteServerState,
} from "./tables/invite-server.ts";
import {
  NON_INVITE_SERVER,
  NON_INVITE_SERVER_START,
  type NonInviteServerAction,
  type NonInviteServerEvent,
  type NonInviteServerState,
} from "./tables/non-invite-server.ts";
import type { Step } from "./tables/step.ts";
import { Timer, type TimerQueue } from "./timer-queue.ts";
import type { TransactionTimers } from "./timers.ts";

type ServerState = InviteServerState | NonInviteServerState;
type ServerEvent = InviteServerEvent | NonInviteServerEvent;
type ServerAction = InviteServerAction | NonInviteServerAction;
type ServerTable = Readonly<Record<string, Readonly<Record<string, Step<ServerState, ServerAction>>>>>;
type ServerTimer = Extract<ServerEvent, `timer-${string}`>;

const TIMER_OF = {
  "arm-h": "timer-h",
  "arm-i": "timer-i",
  "arm-j": "timer-j",
  "arm-l": "timer-l",
  "arm-late": "timer-late",
} as const satisfies Record<Extract<ServerAction, `arm-${string}`>, ServerTimer>;

/** One request of a peer, from its arrival to the end of its copies. */
export class ServerTransaction<User> extends Timer {
  readonly key: string;
  /** Set while this transaction stands for a request outside dialogs (RFC 3261 8.2.2.2). */
  readonly mergeKey: string | undefined;
  /** Another transaction of the same request was here first: it came by two ways. */
  readonly isMerged: boolean;
  readonly isInvite: boolean;
  readonly method: string;
  /** Undefined once a 2xx to INVITE is out: copies of it are sent by the transaction user. */
  request: SipMessage | undefined;
  lastResponse: SipMessage | undefined = undefined;
  user: User | undefined = undefined;
  state: ServerState;
  armed: ServerTimer | undefined = undefined;

  constructor(key: string, merge: string | undefined, isMerged: boolean, request: SipMessage) {
    super();
    this.key = key;
    this.mergeKey = merge;
    this.isMerged = isMerged;
    this.method = request.method;
    this.isInvite = request.method === "INVITE";
    this.request = request;
    this.state = this.isInvite ? INVITE_SERVER_START : NON_INVITE_SERVER_START;
  }

  override get reason(): string {
    return `${this.armed ?? "no timer"} of ${this.method}`;
  }
}

/** Who is told of what server transactions do on their own. */
export interface ServerTransactionUser<User> {
  transmit(message: SipMessage): void;
  onTooLate(transaction: ServerTransaction<User>): void;
}

/** The server half of the transaction layer (RFC 3261 17.2). */
export class ServerTransactions<User> {
  private readonly above: ServerTransactionUser<User>;
  private readonly queue: TimerQueue<Timer>;
  private readonly timers: TransactionTimers;
  private readonly live = new PlaceMap<ServerTransaction<User>>();
  private readonly merges = new PlaceMap<ServerTransaction<User>>();

  constructor(above: ServerTransactionUser<User>, queue: TimerQueue<Timer>, timers: TransactionTimers) {
    this.above = above;
    this.queue = queue;
    this.timers = timers;
  }

  get size(): number {
    return this.live.size;
  }

  values(): IterableIterator<ServerTransaction<User>> {
    return this.live.values();
  }

  /** The transaction a request belongs to; with `method`, that of another request with the same branch. */
  find(request: SipMessage, method?: string): ServerTransaction<User> | undefined {
    const key = serverKey(request, method);
    return key === undefined ? undefined : this.live.get(key);
  }

  /**
   * Takes a copy of a request we know.
   * @returns false when the request is new.
   */
  absorb(key: string, now: Millis): boolean {
    const transaction = this.live.get(key);
    if (!transaction) return false;
    this.step(transaction, "request", now);
    return true;
  }

  start(key: string, request: SipMessage, now: Millis): ServerTransaction<User> {
    const canMerge = request.toTag === undefined && request.method !== "CANCEL";
    const merge = canMerge ? mergeKey(request) : undefined;
    const isMerged = merge !== undefined && this.merges.has(merge);
    const transaction = new ServerTransaction<User>(key, isMerged ? undefined : merge, isMerged, request);
    this.live.set(key, transaction);
    if (transaction.mergeKey !== undefined) this.merges.set(transaction.mergeKey, transaction);
    const { tryingInvite, tryingOther } = this.timers;
    this.arm(transaction, "timer-trying", transaction.isInvite ? tryingInvite : tryingOther, now);
    return transaction;
  }

  /** Sends an answer if the state lets it; a second final answer is not sent. */
  respond(transaction: ServerTransaction<User>, response: SipMessage, now: Millis): void {
    const { status } = response;
    let event: ServerEvent;
    if (status < 200) event = "provisional";
    else if (transaction.isInvite) event = status < 300 ? "success" : "failure";
    else event = "final";
    this.step(transaction, event, now, response);
  }

  /** @returns whether the ACK is about a 2xx, or about nothing we know: the user's business. */
  onAck(ack: SipMessage, now: Millis): boolean {
    const transaction = this.find(ack);
    return transaction?.isInvite === true ? this.step(transaction, "ack", now) : true;
  }

  onTransportError(response: SipMessage, now: Millis): void {
    const transaction = this.find(response, response.cseq?.method ?? "");
    if (transaction) this.step(transaction, "transport-error", now);
  }

  onTimer(transaction: ServerTransaction<User>, now: Millis): void {
    const event = transaction.armed;
    transaction.armed = undefined;
    if (event) this.step(transaction, event, now);
  }

  forget(transaction: ServerTransaction<User>): void {
    this.queue.disarm(transaction);
    this.live.delete(transaction.key);
    if (transaction.mergeKey !== undefined) this.merges.delete(transaction.mergeKey);
  }

  /** Takes one step of the table. @returns whether an ACK has to go up. */
  private step(
    transaction: ServerTransaction<User>,
    event: ServerEvent,
    now: Millis,
    response?: SipMessage,
  ): boolean {
    const table: ServerTable = transaction.isInvite ? INVITE_SERVER : NON_INVITE_SERVER;
    const { next, actions } = table[transaction.state]![event]!;
    transaction.state = next;
    let passesAckUp = false;
    for (const action of actions) {
      switch (action) {
        case "send":
          this.send(transaction, response!);
          break;
        case "send-again":
          if (transaction.lastResponse) this.above.transmit(transaction.lastResponse);
          break;
        case "send-trying":
          this.send(transaction, buildResponse(transaction.request!, 100));
          break;
        case "stop-timer":
          this.queue.disarm(transaction);
          transaction.armed = undefined;
          break;
        case "pass-ack-up":
          passesAckUp = true;
          break;
        case "report-too-late":
          this.above.onTooLate(transaction);
          break;
        default:
          this.armFor(transaction, action, now);
      }
    }
    if (transaction.state === "terminated") this.forget(transaction);
    return passesAckUp;
  }

  private armFor(
    transaction: ServerTransaction<User>,
    action: Extract<ServerAction, `arm-${string}`>,
    now: Millis,
  ): void {
    const { patience, lingering, tryingOther } = this.timers;
    let after = patience;
    if (action === "arm-i" || action === "arm-j") after = lingering;
    else if (action === "arm-late") after = patience - tryingOther;
    else if (action === "arm-l") {
      // For 32 s it only has to know the INVITE by its key.
      transaction.request = undefined;
      transaction.lastResponse = undefined;
    }
    this.arm(transaction, TIMER_OF[action], after, now);
  }

  private send(transaction: ServerTransaction<User>, response: SipMessage): void {
    transaction.lastResponse = response;
    this.above.transmit(response);
  }

  /** A timer of zero fires at once. */
  private arm(transaction: ServerTransaction<User>, timer: ServerTimer, after: Millis, now: Millis): void {
    this.queue.disarm(transaction);
    if (after <= 0) {
      transaction.armed = undefined;
      this.step(transaction, timer, now);
      return;
    }
    transaction.armed = timer;
    this.queue.arm(transaction, after, now);
  }
}
