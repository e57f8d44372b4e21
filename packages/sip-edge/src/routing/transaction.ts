import { MAGIC_COOKIE, type Millis, type SipMessage, type Via } from "@tombolo/sip";
import { type Expiring, ExpiryQueue } from "./expiry-queue.ts";
import type { InviteState, Life } from "./invite-table.ts";
import type { Link } from "./link.ts";
import type { NodeState } from "./node-state.ts";
import type { PartnerState } from "./partner-state.ts";

/** 64*T1 (RFC 3261 17): timers B and F, and how long a 2xx may be repeated. */
export const SHORT_LIFE_MS: Millis = 32_000;
/** Timer C is more than three minutes (RFC 3261 16.6 step 11). */
export const RINGING_LIFE_MS: Millis = 181_000;

const DOT = 0x2e;
/** Digits of the greatest place: there are never as many transactions. */
const MAX_PLACE_DIGITS = 9;
const NEVER = Number.POSITIVE_INFINITY;

/** One request on its way through, from its arrival to its end. */
export interface Transaction extends Expiring {
  /** The branch we sent it with. */
  readonly branch: string;
  readonly method: string;
  readonly partner: PartnerState;
  /** Who sent the request. */
  readonly from: "partner" | "node";
  /** The node it came from, or went to. */
  node: NodeState;
  /** The connection it came on; undefined where it came from this process. */
  readonly cameOn: Link | undefined;
  /** The connection it went on by; undefined where it goes to this process, and while it waits. */
  wentOn: Link | undefined;
  /** How its sender's CANCEL and ACK are told; "" where there are none. */
  readonly key: string;
  /** As it came, where the edge may have to answer it or put back what it hid. */
  readonly request: SipMessage | undefined;
  /** Its first Via line as answers have it: with the address that it came from. "" where `request` is left out. */
  readonly via: string;
  /** As it was sent, where ACK and CANCEL are made from it. */
  forwarded: SipMessage | undefined;
  /** For other methods `waiting` and `trying` are all there is. */
  state: InviteState;
  ended: boolean;
}

/**
 * All transactions: those that wait for an answer, bounded by `max`, and INVITEs that were answered and are kept for
 * what may still come of them. Of these only the newest `maxAnswered` are kept: an older one that is forgotten costs
 * no more than a stray answer or ACK.
 */
export class TransactionTable {
  max: number;
  maxAnswered: number;
  /** A branch says the place of its transaction: an answer leads to it without a search. */
  private readonly places: (Transaction | undefined)[] = [];
  private readonly free: number[] = [];
  /**
   * It leads to places and not to transactions: a Map that comes and goes leaves old tables behind, each of which
   * leads to the next, and once one of them is old all that they ever held would stay until the next full collection.
   */
  private readonly byKey = new Map<string, number>();
  private readonly short = new ExpiryQueue<Transaction>(SHORT_LIFE_MS);
  private readonly ringing = new ExpiryQueue<Transaction>(RINGING_LIFE_MS);
  private readonly answered = new ExpiryQueue<Transaction>(SHORT_LIFE_MS);

  constructor(max: number, maxAnswered: number) {
    this.max = max;
    this.maxAnswered = maxAnswered;
  }

  get size(): number {
    return this.places.length - this.free.length;
  }

  get isFull(): boolean {
    return this.unanswered >= this.max;
  }

  /**
   * The branch of the transaction that is added next (RFC 3261 8.1.1.7).
   *
   * @param id what makes it unlike all others
   */
  nextBranch(id: string): string {
    return `${MAGIC_COOKIE}${this.free.at(-1) ?? this.places.length}.${id}`;
  }

  /** @throws Error where its branch is not the last one that `nextBranch` gave */
  add(transaction: Transaction, now: Millis): void {
    const place = this.free.pop() ?? this.places.length;
    if (placeIn(transaction.branch) !== place) throw new Error("a branch for another place");
    this.places[place] = transaction;
    if (transaction.key !== "") this.byKey.set(transaction.key, place);
    this.short.add(transaction, now);
  }

  /** The transaction that a response belongs to (RFC 3261 17.1.3). @param branch of its top Via, which is ours */
  ofResponse(message: SipMessage, branch: string): Transaction | undefined {
    const transaction = this.places[placeIn(branch)];
    return transaction?.branch === branch && transaction.method === message.method ? transaction : undefined;
  }

  /** The INVITE that a CANCEL, ACK or copy belongs to (RFC 3261 17.2.3). */
  ofKey(key: string): Transaction | undefined {
    const place = this.byKey.get(key);
    return place === undefined ? undefined : this.places[place];
  }

  /** Gives it the life anew that goes with its state. */
  arm(transaction: Transaction, life: Life, now: Millis): void {
    this.disarm(transaction);
    this[life].add(transaction, now);
    const { oldest, size } = this.answered;
    if (oldest && size > this.maxAnswered) this.forget(oldest);
  }

  forget(transaction: Transaction): void {
    if (transaction.ended) return;
    transaction.ended = true;
    const place = placeIn(transaction.branch);
    if (this.places[place] !== transaction) return;
    this.places[place] = undefined;
    this.free.push(place);
    if (transaction.key !== "") this.byKey.delete(transaction.key);
    this.disarm(transaction);
    if (transaction.wentOn) transaction.wentOn.pending--;
  }

  /** Those whose time is over; each must be armed again or forgotten. */
  takeExpired(now: Millis): Transaction[] {
    return [this.short, this.ringing, this.answered].flatMap((queue) => queue.takeExpired(now));
  }

  get nextAt(): Millis | undefined {
    const { short, ringing, answered } = this;
    const at = Math.min(short.nextAt ?? NEVER, ringing.nextAt ?? NEVER, answered.nextAt ?? NEVER);
    return at === NEVER ? undefined : at;
  }

  /** How many have no final answer yet. */
  get unanswered(): number {
    return this.size - this.answered.size;
  }

  /** Requests that went out on a connection, for the rare moment that it closes. */
  sentOn(link: Link): Transaction[] {
    const out: Transaction[] = [];
    for (const one of this.places) if (one?.wentOn === link) out.push(one);
    return out;
  }

  private disarm(transaction: Transaction): void {
    this.short.remove(transaction);
    this.ringing.remove(transaction);
    this.answered.remove(transaction);
  }
}

/** The number behind the magic cookie, up to the dot; -1 where there is none. */
function placeIn(branch: string): number {
  let place = -1;
  for (let i = MAGIC_COOKIE.length; i < branch.length; i++) {
    const digit = branch.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return branch.charCodeAt(i) === DOT ? place : -1;
    if (i === MAGIC_COOKIE.length + MAX_PLACE_DIGITS) return -1;
    place = Math.max(place, 0) * 10 + digit;
  }
  return -1;
}

/**
 * Names a server transaction (RFC 3261 17.2.3): branch and sent-by, with what stands for the branch where an old
 * client's is not unique.
 *
 * @param sender the partner's domain, or the node: one can't name another's.
 */
export function serverKey(sender: string, message: SipMessage, via: Via): string {
  const sentBy = `${via.host}:${via.port ?? ""}`;
  if (via.branch?.startsWith(MAGIC_COOKIE)) return `${sender} ${sentBy} ${via.branch}`;
  const { cseq } = message;
  return `${sender} ${sentBy} ${via.branch ?? ""} ${message.callId} ${message.fromTag ?? ""} ${cseq?.number ?? ""}`;
}
