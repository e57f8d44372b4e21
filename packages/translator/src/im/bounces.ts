import type { Millis } from "@tombolo/sip";
import type { TextFailure } from "../kept.ts";
import { errorStanza } from "../stanza.ts";
import type { Sender } from "../xmpp-side.ts";
import type { ConversationContext } from "./context.ts";
import type { Origin, OutboundText } from "./queue.ts";

/** Senders of refused texts of one pair who have still to be told. Of more it is not made sure that the server hears it. */
export const MAX_REFUSALS_PER_PAIR = 50;
/** Pause before an error is sent again that an open link did not take, ms. */
export const BOUNCE_AGAIN: Millis = 5_000;

interface Bounce {
  readonly origin: Origin;
  readonly error: TextFailure["error"];
  /** Undefined for a text that was never accepted. */
  readonly item: OutboundText | undefined;
}

/**
 * Errors on their way to the XMPP user: a sender has been told when the XMPP server has taken the error, not before. What a
 * broken link loses is sent again; coming twice it says nothing new, because it has the text's id.
 */
export class Bounces implements Sender<Bounce> {
  private readonly context: ConversationContext;
  private readonly onTold: (item: OutboundText) => void;
  private readonly underWay = new Set<Bounce>();
  /** For the link to come up, or for `again`; in order. */
  private waiting: Bounce[] = [];
  private again: Millis | undefined;
  private refusals = 0;
  private hasNoLink = false;

  /** @param onTold told that the sender of an accepted text knows. */
  constructor(context: ConversationContext, onTold: (item: OutboundText) => void) {
    this.context = context;
    this.onTold = onTold;
  }

  get isIdle(): boolean {
    return this.underWay.size === 0 && this.waiting.length === 0;
  }

  get nextDue(): Millis | undefined {
    return this.again;
  }

  /** The text was accepted: it counts as owed until the server has the error. */
  tell(item: OutboundText, origin: Origin, error: TextFailure["error"]): void {
    this.context.books.owe(1);
    this.begin({ origin, error, item });
  }

  /** The text was not accepted. */
  refuse(origin: Origin, error: TextFailure["error"]): void {
    const { xmpp, pair } = this.context;
    if (this.refusals >= MAX_REFUSALS_PER_PAIR) {
      xmpp.send(pair.partner, errorStanza("message", origin, error));
      return;
    }
    this.refusals += 1;
    this.begin({ origin, error, item: undefined });
  }

  /** The partner's link is on its way out and comes back no more: what is told is told once. */
  loseLink(): void {
    this.hasNoLink = true;
    this.again = undefined;
    for (const bounce of this.waiting.splice(0)) this.begin(bounce);
  }

  private begin(bounce: Bounce): void {
    if (this.hasNoLink) {
      this.context.xmpp.send(this.context.pair.partner, errorStanza("message", bounce.origin, bounce.error));
      this.over(bounce);
    } else if (this.context.isLinkUp()) this.send(bounce);
    else this.waiting.push(bounce);
  }

  private send(bounce: Bounce): void {
    const { xmpp, pair, ids } = this.context;
    const stanza = errorStanza("message", bounce.origin, bounce.error);
    this.underWay.add(bounce);
    xmpp.sendUnanswered<Bounce>(this, bounce, pair.partner, stanza, `e${ids()}`);
  }

  onTaken(bounce: Bounce): void {
    this.underWay.delete(bounce);
    this.over(bounce);
  }

  /** Without a link there is nobody to tell, and an error that no server takes for its size would be sent for ever. */
  onLost(bounce: Bounce, why: string, now: Millis): void {
    this.underWay.delete(bounce);
    if (why === "too-large" || why === "no-link" || this.hasNoLink) {
      this.over(bounce);
      return;
    }
    this.waiting.push(bounce);
    this.again ??= now + BOUNCE_AGAIN;
  }

  onReturned(): void {}

  onLinkUp(): void {
    this.again = undefined;
    for (const bounce of this.waiting.splice(0)) this.send(bounce);
  }

  timeout(now: Millis): void {
    if (this.again === undefined || now < this.again) return;
    this.again = undefined;
    // Where it is down they wait for it.
    if (this.context.isLinkUp()) this.onLinkUp();
  }

  private over({ item }: Bounce): void {
    if (item) {
      this.context.books.owe(-1);
      this.onTold(item);
    } else this.refusals -= 1;
  }
}
