import type { Imdn, Millis, Outcome } from "@tombolo/sip";
import type { Element } from "ltx";
import { localStanzaError, type StanzaError } from "../error/index.ts";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import { errorStanza } from "../stanza.ts";
import type { ConversationContext } from "./context.ts";
import { receiptMessage, wishesOf } from "./message-stanza.ts";
import { keyOf, type OwnText } from "./own-message.ts";
import { type Origin, type OutboundText, TextQueue } from "./queue.ts";
import { Receipts } from "./receipts.ts";
import { timePrefix } from "./text-wire.ts";

const EXPIRED: StanzaError = {
  condition: "remote-server-timeout",
  type: "wait",
  text: "The other system did not take this message in time. Try again later.",
};

/** The SIP side took the text and then said that it did not reach the user. */
const FAILED_LATER: StanzaError = {
  condition: "recipient-unavailable",
  type: "wait",
  text: "The other system could not deliver this message after all.",
};

/** The XMPP user's texts on their way to SIP: each that is accepted is delivered, bounced or expired (design law 1). */
export class Departures {
  readonly receipts = new Receipts();
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

  /** Accepts a text, or refuses it: then nothing is counted, and the sender knows at once. One that was here before is left. */
  accept(stanza: Element, content: OwnText, now: Millis): void {
    const { recent, texts, load } = this.context;
    const key = keyOf(stanza, content.text);
    if (key !== undefined && recent.fateOf(key, now) !== undefined) return;
    const sentAt = texts.oldTime(content.sentAt);
    const text = sentAt === undefined ? content.text : timePrefix(sentAt) + content.text;
    if (this.queue.isFull || load.isFull("xmpp_to_sip")) this.refuse(stanza, localStanzaError("queue-full")!);
    else if (!texts.fits(text)) this.refuse(stanza, localStanzaError("message-too-large")!);
    else if (!this.isInPace(now)) this.refuse(stanza, localStanzaError("rate-limited")!);
    else {
      if (key !== undefined) recent.begin(key, now);
      this.observe("accepted");
      this.queue.add(this.itemOf(stanza, { ...content, text, sentAt }, key, now));
    }
  }

  private isInPace(now: Millis): boolean {
    const { rates, pair, settings } = this.context;
    return rates.take(pair.xmppUser, settings.textsPerMinute, now);
  }

  private itemOf(stanza: Element, content: OwnText, key: string | undefined, now: Millis): OutboundText {
    const { ids, texts, isAuthorized } = this.context;
    const origin = originOf(stanza);
    const thread = stanza.getChildText("thread") || undefined;
    const asks = origin.wishes.receipt && texts.asksForNotifications && isAuthorized();
    const imdnId = asks ? ids() : undefined;
    if (imdnId !== undefined) this.receipts.expect(imdnId, origin);
    return { ...content, thread, key, acceptedAt: now, origin, imdnId, isResent: false };
  }

  refuse(stanza: Element, error: StanzaError): void {
    this.context.xmpp.send(this.context.pair.partner, errorStanza("message", originOf(stanza), error));
  }

  /** A word of our own to the SIP user, where there is room. It is no message: nobody waits for its fate. */
  addWord(text: string, now: Millis): void {
    if (!this.queue.isFull) this.queue.add({ text, acceptedAt: now, origin: undefined, isResent: false });
  }

  /** What became of a text of the SIP user, where there is room to say so. */
  addNotification(notification: NonNullable<OutboundText["notification"]>, now: Millis): void {
    const item = { text: "", notification, acceptedAt: now, origin: undefined, isResent: false };
    if (!this.queue.isFull) this.queue.add(item);
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

  /** @param status 200, or 202: taken, and nothing said of the user's client (C-25). */
  delivered(item: OutboundText, status: number, now: Millis): void {
    if (!item.origin) return;
    this.context.recent.done(item.key);
    this.observe("delivered", undefined, now - item.acceptedAt);
    const { wire } = this.context;
    const isTrue = status === 200 && wire.receiptFrom200 && item.imdnId === undefined;
    if (isTrue && item.origin.wishes.receipt) this.tell(item.origin, "received");
  }

  /** The SIP side tells what became of a text. */
  notified(imdn: Imdn | undefined): void {
    const news = imdn && this.receipts.notified(imdn);
    if (!news) return;
    if (news.what !== "failed") this.tell(news.origin, news.what);
    else {
      this.observe("returned");
      this.context.xmpp.send(this.context.pair.partner, errorStanza("message", news.origin, FAILED_LATER));
    }
  }

  /** Only to one who may see the SIP user: it tells that somebody is there (XEP-0184 8). */
  private tell(origin: Origin, what: "received" | "displayed"): void {
    const { pair, wire, ids, xmpp, isAuthorized } = this.context;
    if (!isAuthorized() || origin.id === undefined) return;
    const from = `${pair.sipUser}/${wire.resource}`;
    const fields = { id: `r${ids()}`, from, to: origin.from, type: origin.type, what, of: origin.id };
    xmpp.send(pair.partner, receiptMessage(fields));
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
    this.context.recent.failed(item.key);
    this.observe(event, reason);
    this.context.xmpp.send(this.context.pair.partner, errorStanza("message", item.origin, error));
  }

  private observe(
    event: "accepted" | "delivered" | "bounced" | "expired" | "returned",
    reason?: string,
    took?: Millis,
  ): void {
    const direction = "xmpp_to_sip";
    if (event !== "returned") this.context.load.change(direction, event === "accepted" ? 1 : -1);
    this.context.observe({
      what: "im",
      event,
      direction,
      partner: this.context.pair.partner,
      ...(reason === undefined ? {} : { reason }),
      ...(took === undefined ? {} : { took }),
    });
  }
}

function originOf(stanza: Element): Origin {
  const { from, to, id, type } = stanza.attrs;
  return { from: from!, to: to!, id, type, wishes: wishesOf(stanza) };
}
