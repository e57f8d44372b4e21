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
  /** Under which it is kept; undefined for what nobody waits for. */
  readonly id?: string | undefined;
  /** sent: its request is or was out. */
  state: "waiting" | "sent";
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
  private readonly onHeld: (by: 1 | -1) => void;
  private readonly waiting: OutboundText[] = [];

  /** @param onHeld told of each text with an origin that is held from now on, or no more. */
  constructor(limits: QueueLimits, onHeld: (by: 1 | -1) => void) {
    this.limits = limits;
    this.onHeld = onHeld;
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
    this.push(text);
  }

  /** One that an earlier run had accepted: behind the others, even over the limit. */
  restore(text: OutboundText): void {
    this.push(text);
  }

  /** Puts one back at the head: it goes out again before the others, even over the limit. */
  putBack(text: OutboundText): void {
    this.waiting.unshift(text);
    if (text.origin) this.onHeld(1);
  }

  /** Drops the words of our own at the head. */
  dropLeadingWords(): void {
    while (this.waiting[0] && !this.waiting[0].origin) this.waiting.shift();
  }

  take(): OutboundText | undefined {
    const text = this.waiting.shift();
    if (text?.origin) this.onHeld(-1);
    return text;
  }

  takeAll(): OutboundText[] {
    const out: OutboundText[] = [];
    for (let text = this.take(); text; text = this.take()) out.push(text);
    return out;
  }

  takeExpired(now: Millis): OutboundText[] {
    const out: OutboundText[] = [];
    for (let at = this.expiresAt; at !== undefined && at <= now; at = this.expiresAt) out.push(this.take()!);
    return out;
  }

  /** Takes the one that is kept under `id` out, or undefined. */
  takeById(id: string): OutboundText | undefined {
    const at = this.waiting.findIndex((text) => text.id === id);
    const [text] = at < 0 ? [] : this.waiting.splice(at, 1);
    if (text?.origin) this.onHeld(-1);
    return text;
  }

  /** Texts with an origin, counted one by one. */
  get texts(): number {
    return this.waiting.reduce((sum, { origin }) => sum + (origin ? 1 : 0), 0);
  }

  private push(text: OutboundText): void {
    this.waiting.push(text);
    if (text.origin) this.onHeld(1);
  }
}
