import type { Millis } from "../machine.ts";
import { SipMessage } from "../message/message.ts";
import { PlaceMap } from "../place-map.ts";
import { clientKey } from "./key.ts";
import {
  INVITE_CLIENT,
  INVITE_CLIENT_START,
  type InviteClientAction,
  type InviteClientEvent,
  type InviteClientState,
} from "./tables/invite-client.ts";
import {
  NON_INVITE_CLIENT,
  NON_INVITE_CLIENT_START,
  type NonInviteClientAction,
  type NonInviteClientEvent,
  type NonInviteClientState,
} from "./tables/non-invite-client.ts";
import type { Step } from "./tables/step.ts";
import { Timer, type TimerQueue } from "./timer-queue.ts";
import type { TransactionTimers } from "./timers.ts";

type ClientState = InviteClientState | NonInviteClientState;
type ClientEvent = InviteClientEvent | NonInviteClientEvent;
type ClientAction = InviteClientAction | NonInviteClientAction;
type ClientTable = Readonly<Record<string, Readonly<Record<string, Step<ClientState, ClientAction>>>>>;
type ClientTimer = Extract<ClientEvent, `timer-${string}`>;

/** One request of ours that waits for its answers. `User` is what the transaction user keeps with it. */
export class ClientTransaction<User> extends Timer {
  readonly key: string;
  readonly request: SipMessage;
  readonly user: User;
  readonly isInvite: boolean;
  state: ClientState;
  armed: ClientTimer | undefined = undefined;

  constructor(key: string, request: SipMessage, user: User) {
    super();
    this.key = key;
    this.request = request;
    this.user = user;
    this.isInvite = request.method === "INVITE";
    this.state = this.isInvite ? INVITE_CLIENT_START : NON_INVITE_CLIENT_START;
  }

  override get reason(): string {
    return `${this.armed ?? "no timer"} of ${this.request.method}`;
  }
}

/** Who is told of what client transactions do on their own. */
export interface ClientTransactionUser<User> {
  transmit(message: SipMessage): void;
  onTimeout(transaction: ClientTransaction<User>): void;
}

/** The client half of the transaction layer (RFC 3261 17.1). */
export class ClientTransactions<User> {
  private readonly above: ClientTransactionUser<User>;
  private readonly queue: TimerQueue<Timer>;
  private readonly timers: TransactionTimers;
  private readonly live = new PlaceMap<ClientTransaction<User>>();

  constructor(above: ClientTransactionUser<User>, queue: TimerQueue<Timer>, timers: TransactionTimers) {
    this.above = above;
    this.queue = queue;
    this.timers = timers;
  }

  get size(): number {
    return this.live.size;
  }

  values(): IterableIterator<ClientTransaction<User>> {
    return this.live.values();
  }

  /** @param branch that of the request's top Via: new for each transaction, a CANCEL's is that of its INVITE. */
  start(request: SipMessage, branch: string, user: User, now: Millis): ClientTransaction<User> {
    const transaction = new ClientTransaction(clientKey(branch, request.method), request, user);
    this.live.set(transaction.key, transaction);
    this.above.transmit(request);
    this.arm(transaction, transaction.isInvite ? "timer-b" : "timer-f", this.timers.patience, now);
    return transaction;
  }

  /** After our CANCEL an INVITE waits no longer than 64*T1 for its final answer (RFC 3261 9.1). */
  limitCancelled(transaction: ClientTransaction<User>, now: Millis): void {
    if (transaction.state === "proceeding") this.arm(transaction, "timer-cancel", this.timers.patience, now);
  }

  /** @returns the transaction whose user has to see this response; undefined for copies and strays (RFC 6026 7.2). */
  onResponse(response: SipMessage, now: Millis): ClientTransaction<User> | undefined {
    const transaction = this.find(response);
    if (!transaction) return undefined;
    const { status } = response;
    let event: ClientEvent;
    if (status < 200) event = "provisional";
    else if (transaction.isInvite) event = status < 300 ? "success" : "failure";
    else event = "final";
    return this.step(transaction, event, now, response) ? transaction : undefined;
  }

  /** @returns the transaction whose user has to be told that the request did not get out. */
  onTransportError(request: SipMessage, now: Millis): ClientTransaction<User> | undefined {
    const branch = request.topVia?.branch;
    const transaction = branch === undefined ? undefined : this.live.get(clientKey(branch, request.method));
    if (!transaction || transaction.request.method !== request.method) return undefined;
    return this.step(transaction, "transport-error", now) ? transaction : undefined;
  }

  onTimer(transaction: ClientTransaction<User>, now: Millis): void {
    const event = transaction.armed;
    transaction.armed = undefined;
    if (event) this.step(transaction, event, now);
  }

  /** Forgets a transaction; its answers are strays from now on. */
  forget(transaction: ClientTransaction<User>): void {
    this.queue.disarm(transaction);
    this.live.delete(transaction.key);
  }

  private find(response: SipMessage): ClientTransaction<User> | undefined {
    const branch = response.topVia?.branch;
    const method = response.cseq?.method;
    if (branch === undefined || method === undefined) return undefined;
    const transaction = this.live.get(clientKey(branch, method));
    return transaction?.request.method === method ? transaction : undefined;
  }

  /** Takes one step of the table. @returns whether the user has to be told. */
  private step(
    transaction: ClientTransaction<User>,
    event: ClientEvent,
    now: Millis,
    response?: SipMessage,
  ): boolean {
    const table: ClientTable = transaction.isInvite ? INVITE_CLIENT : NON_INVITE_CLIENT;
    const { next, actions } = table[transaction.state]![event]!;
    transaction.state = next;
    let tellsUser = false;
    for (const action of actions) {
      switch (action) {
        case "pass-up":
        case "report-transport-error":
          tellsUser = true;
          break;
        case "send-ack":
          this.above.transmit(ackForFailure(transaction.request, response!));
          break;
        case "stop-timer":
          this.queue.disarm(transaction);
          transaction.armed = undefined;
          break;
        case "report-timeout":
          this.above.onTimeout(transaction);
          break;
        case "arm-m":
          this.arm(transaction, "timer-m", this.timers.patience, now);
          break;
        case "arm-d":
          this.arm(transaction, "timer-d", this.timers.lingering, now);
          break;
        case "arm-k":
          this.arm(transaction, "timer-k", this.timers.lingering, now);
          break;
      }
    }
    // `arm` may have led here already.
    if (transaction.state === "terminated") this.forget(transaction);
    return tellsUser;
  }

  /** A timer of zero fires at once. */
  private arm(transaction: ClientTransaction<User>, timer: ClientTimer, after: Millis, now: Millis): void {
    this.queue.disarm(transaction);
    if (after === 0) {
      transaction.armed = undefined;
      this.step(transaction, timer, now);
      return;
    }
    transaction.armed = timer;
    this.queue.arm(transaction, after, now);
  }
}

const COPIED_INTO_ACK = new Set(["From", "Call-ID", "Route"]);

/** The ACK to a 300 to 699 belongs to the transaction: same branch, same way (RFC 3261 17.1.1.3). */
function ackForFailure(invite: SipMessage, response: SipMessage): SipMessage {
  return inBranchOf(invite, "ACK", response.get("To") ?? invite.get("To") ?? "");
}

/** RFC 3261 9.1: all as in the INVITE, with its branch and its Route. */
export function cancelFor(invite: SipMessage): SipMessage {
  return inBranchOf(invite, "CANCEL", invite.get("To") ?? "");
}

function inBranchOf(invite: SipMessage, method: string, to: string): SipMessage {
  const names: string[] = ["Via", "Max-Forwards"];
  const values: string[] = [invite.get("Via") ?? "", "70"];
  const { headerNames, headerValues } = invite;
  for (let i = 0; i < headerNames.length; i++) {
    if (!COPIED_INTO_ACK.has(headerNames[i]!)) continue;
    names.push(headerNames[i]!);
    values.push(headerValues[i]!);
  }
  names.push("To", "CSeq");
  values.push(to, `${invite.cseq?.number ?? 1} ${method}`);
  return new SipMessage({ kind: "request", method, uri: invite.uri }, names, values);
}
