import type { Imdn, Millis } from "@tombolo/sip";

/** Whom to answer about a text of the XMPP user. */
export interface Origin {
  readonly from: string;
  readonly to: string;
  readonly id: string | undefined;
  readonly type: string | undefined;
  /** What its sender wants to be told of. */
  readonly wishes: { readonly receipt: boolean; readonly marker: boolean };
}

/** One text on its way from XMPP to SIP. */
export interface OutboundText {
  readonly text: string;
  readonly subject?: string | undefined;
  readonly language?: string | undefined;
  /** Ms since 1970, where it was written long before it came. */
  readonly sentAt?: number | undefined;
  readonly thread?: string | undefined;
  /** A notification about a text of the SIP user; it stands in for `text`. */
  readonly notification?: { readonly imdn: Imdn; readonly dateTime: string };
  /** Under which it is known again. */
  readonly key?: string | undefined;
  readonly acceptedAt: Millis;
  /** Whom to tell when it fails; undefined for a word of our own to the SIP user, whose failure nobody waits for. */
  readonly origin: Origin | undefined;
  /** The peer is asked to notify us under this id (RFC 5438). */
  readonly imdnId?: string | undefined;
  /** Sent again once already, after the peer said it did not know the dialog. */
  isResent: boolean;
}

/** Bounds of a conversation's queue (standards: `im.queueMax`, `im.queueAge`). */
export interface QueueLimits {
  /** Texts waiting for one pair. */
  readonly messages: number;
  /** Milliseconds one may wait before it is bounced as expired. */
  readonly age: Millis;
}

export const DEFAULT_QUEUE_LIMITS: QueueLimits = { messages: 50, age: 120_000 };

/** The texts of one pair that wait for a session, first in, first out. */
export class TextQueue {
  private readonly limits: QueueLimits;
  private readonly waiting: OutboundText[] = [];

  constructor(limits: QueueLimits = DEFAULT_QUEUE_LIMITS) {
    this.limits = limits;
  }

  get size(): number {
    return this.waiting.length;
  }

  get isFull(): boolean {
    return this.waiting.length >= this.limits.messages;
  }

  /** When the oldest one expires, or undefined. */
  get expiresAt(): Millis | undefined {
    const oldest = this.waiting[0];
    return oldest && oldest.acceptedAt + this.limits.age;
  }

  add(text: OutboundText): void {
    if (this.isFull) throw new RangeError("queue is full: ask isFull first");
    this.waiting.push(text);
  }

  /** Puts one back at the head: it goes out again before the others, even over the limit. */
  putBack(text: OutboundText): void {
    this.waiting.unshift(text);
  }

  /** Drops the words of our own at the head. */
  dropLeadingWords(): void {
    while (this.waiting[0] && !this.waiting[0].origin) this.waiting.shift();
  }

  take(): OutboundText | undefined {
    return this.waiting.shift();
  }

  takeAll(): OutboundText[] {
    return this.waiting.splice(0);
  }

  takeExpired(now: Millis): OutboundText[] {
    const out: OutboundText[] = [];
    for (let at = this.expiresAt; at !== undefined && at <= now; at = this.expiresAt)
      out.push(this.waiting.shift()!);
    return out;
  }
}
