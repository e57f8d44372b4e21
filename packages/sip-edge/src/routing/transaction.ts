import type { Millis, SipMessage, Via } from "@tombolo/sip";
import { type Expiring, ExpiryQueue } from "./expiry-queue.ts";
import type { InviteState } from "./invite-table.ts";
import type { Link } from "./link.ts";
import type { NodeState } from "./node-state.ts";
import type { PartnerState } from "./partner-state.ts";

/** 64*T1 (RFC 3261 17): timers B and F, and how long a 2xx may be repeated. */
export const SHORT_LIFE_MS: Millis = 32_000;
/** Timer C is more than three minutes (RFC 3261 16.6 step 11). */
export const RINGING_LIFE_MS: Millis = 181_000;

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
  /** As it was sent, where ACK and CANCEL are made from it. */
  forwarded: SipMessage | undefined;
  /** For other methods `waiting` and `trying` are all there is. */
  state: InviteState;
  ended: boolean;
}

/** All pending transactions, bounded by `max`. */
export class TransactionTable {
  max: number;
  private readonly byBranch = new Map<string, Transaction>();
  private readonly byKey = new Map<string, Transaction>();
  private readonly short = new ExpiryQueue<Transaction>(SHORT_LIFE_MS);
  private readonly ringing = new ExpiryQueue<Transaction>(RINGING_LIFE_MS);

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.byBranch.size;
  }

  get isFull(): boolean {
    return this.byBranch.size >= this.max;
  }

  add(transaction: Transaction, now: Millis): void {
    this.byBranch.set(transaction.branch, transaction);
    if (transaction.key !== "") this.byKey.set(transaction.key, transaction);
    this.short.add(transaction, now);
  }

  /** The transaction that a response belongs to (RFC 3261 17.1.3, the sent-by is looked at by the caller). */
  ofResponse(message: SipMessage, via: Via): Transaction | undefined {
    const transaction = via.branch === undefined ? undefined : this.byBranch.get(via.branch);
    return transaction?.method === message.method ? transaction : undefined;
  }

  /** The INVITE that a CANCEL, ACK or copy belongs to (RFC 3261 17.2.3). */
  ofKey(key: string): Transaction | undefined {
    return this.byKey.get(key);
  }

  /** Gives it the life anew that goes with its state. */
  arm(transaction: Transaction, life: "short" | "ringing", now: Millis): void {
    (life === "short" ? this.ringing : this.short).remove(transaction);
    this[life].add(transaction, now);
  }

  forget(transaction: Transaction): void {
    if (transaction.ended) return;
    transaction.ended = true;
    this.byBranch.delete(transaction.branch);
    if (transaction.key !== "") this.byKey.delete(transaction.key);
    this.short.remove(transaction);
    this.ringing.remove(transaction);
    if (transaction.wentOn) transaction.wentOn.pending--;
  }

  /** Those whose time is over; each must be armed again or forgotten. */
  takeExpired(now: Millis): Transaction[] {
    const due = this.short.takeExpired(now);
    const ringing = this.ringing.takeExpired(now);
    return ringing.length === 0 ? due : [...due, ...ringing];
  }

  get nextAt(): Millis | undefined {
    const a = this.short.nextAt;
    const b = this.ringing.nextAt;
    return a === undefined ? b : b === undefined ? a : Math.min(a, b);
  }

  /** How many have no final answer yet. */
  get unanswered(): number {
    let count = 0;
    for (const { state } of this.byBranch.values())
      if (state !== "accepted" && state !== "completed") count++;
    return count;
  }

  /** Requests that went out on a connection, for the rare moment that it closes. */
  sentOn(link: Link): Transaction[] {
    const out: Transaction[] = [];
    for (const one of this.byBranch.values()) if (one.wentOn === link) out.push(one);
    return out;
  }
}

/**
 * Names a server transaction (RFC 3261 17.2.3): branch and sent-by, with what stands for the branch where an old
 * client's is not unique.
 *
 * @param sender the partner's domain, or the node: one can't name another's.
 */
export function serverKey(sender: string, message: SipMessage, via: Via): string {
  const sentBy = `${via.host}:${via.port ?? ""}`;
  if (via.branch?.startsWith("z9hG4bK")) return `${sender} ${sentBy} ${via.branch}`;
  const { cseq } = message;
  return `${sender} ${sentBy} ${via.branch ?? ""} ${message.callId} ${message.fromTag ?? ""} ${cseq?.number ?? ""}`;
}
