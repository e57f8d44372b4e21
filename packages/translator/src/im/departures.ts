import type { Millis, Outcome } from "@tombolo/sip";
import type { Element } from "ltx";
import { localStanzaError, type StanzaError } from "../error/index.ts";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import { errorStanza } from "../stanza.ts";
import type { ConversationContext } from "./context.ts";
import { type OutboundText, TextQueue } from "./queue.ts";

const EXPIRED: StanzaError = {
  condition: "remote-server-timeout",
  type: "wait",
  text: "The other system did not take this message in time. Try again later.",
};

/** The XMPP user's texts on their way to SIP: each that is accepted is delivered, bounced or expired (design law 1). */
export class Departures {
  private readonly context: ConversationContext;
  private readonly queue: TextQueue;

  constructor(context: ConversationContext) {
    this.context = context;
    this.queue = new TextQueue(context.settings.queue);
  }

  get isEmpty(): boolean {
    return this.queue.size === 0;
  }

  /** When the oldest one expires, or undefined. */
  get expiresAt(): Millis | undefined {
    return this.queue.expiresAt;
  }

  /** Accepts a text, or refuses it: then nothing is counted, and the sender knows at once. */
  accept(stanza: Element, text: string, now: Millis): void {
    if (this.queue.isFull) this.refuse(stanza, localStanzaError("queue-full")!);
    else if (!this.context.wire.fits(text)) this.refuse(stanza, localStanzaError("message-too-large")!);
    else {
      this.observe("accepted");
      this.queue.add({ text, acceptedAt: now, origin: originOf(stanza), isResent: false });
    }
  }

  refuse(stanza: Element, error: StanzaError): void {
    this.context.xmpp.send(this.context.pair.partner, errorStanza("message", originOf(stanza), error));
  }

  /** A word of our own to the SIP user, where there is room. It is no message: nobody waits for its fate. */
  addWord(text: string, now: Millis): void {
    if (!this.queue.isFull) this.queue.add({ text, acceptedAt: now, origin: undefined, isResent: false });
  }

  /** Words of our own are not worth a new session. */
  dropLeadingWords(): void {
    this.queue.dropLeadingWords();
  }

  take(): OutboundText | undefined {
    return this.queue.take();
  }

  /** Once more, before the others: the peer surely did not get it. False when that was tried, or nobody waits for it. */
  retry(item: OutboundText): boolean {
    if (item.isResent || !item.origin) return false;
    item.isResent = true;
    this.queue.putBack(item);
    return true;
  }

  delivered(item: OutboundText, now: Millis): void {
    if (item.origin) this.observe("delivered", undefined, now - item.acceptedAt);
  }

  bounce(item: OutboundText, outcome: Outcome): void {
    const { error, row } = stanzaErrorForOutcome(outcome, { authorized: this.context.isAuthorized() });
    this.fail(item, "bounced", row, error);
  }

  bounceAll(outcome: Outcome): void {
    for (const item of this.queue.takeAll()) this.bounce(item, outcome);
  }

  expire(now: Millis): void {
    for (const item of this.queue.takeExpired(now)) this.fail(item, "expired", "queue-age", EXPIRED);
  }

  private fail(item: OutboundText, event: "bounced" | "expired", reason: string, error: StanzaError): void {
    if (!item.origin) return;
    this.observe(event, reason);
    this.context.xmpp.send(this.context.pair.partner, errorStanza("message", item.origin, error));
  }

  private observe(
    event: "accepted" | "delivered" | "bounced" | "expired",
    reason?: string,
    took?: Millis,
  ): void {
    this.context.observe({
      what: "im",
      event,
      direction: "xmpp_to_sip",
      partner: this.context.pair.partner,
      ...(reason === undefined ? {} : { reason }),
      ...(took === undefined ? {} : { took }),
    });
  }
}

function originOf({ attrs }: Element): NonNullable<OutboundText["origin"]> {
  return { from: attrs.from!, to: attrs.to!, id: attrs.id };
}
