import type { Imdn, Millis, Outcome } from "@tombolo/sip";
import type { Element } from "ltx";
import { LOCAL_ERRORS, localStanzaError, type StanzaError } from "../error/index.ts";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import type { Keep, KeptText, TextFailure } from "../kept.ts";
import { errorStanza } from "../stanza.ts";
import { Bounces } from "./bounces.ts";
import type { ConversationContext } from "./context.ts";
import { KeptTexts } from "./kept-texts.ts";
import { receiptMessage, wishesOf } from "./message-stanza.ts";
import { keyOf, type OwnText } from "./own-message.ts";
import { type Origin, type OutboundText, TextQueue } from "./queue.ts";
import { Receipts } from "./receipts.ts";
import { timePrefix } from "./text-wire.ts";

/** The SIP side took the text and then said that it did not reach the user. */
const FAILED_LATER: StanzaError = {
  condition: "recipient-unavailable",
  type: "wait",
  text: "The other system could not deliver this message after all.",
};

type LocalFailure = "expired" | "restarted" | "not-kept" | "message-too-large";

/**
 * The XMPP user's texts on their way to SIP: each that is accepted is delivered, bounced or expired (design law 1), also
 * where the program dies meanwhile.
 */
export class Departures {
  readonly receipts = new Receipts();
  readonly bounces: Bounces;
  private readonly context: ConversationContext;
  private readonly queue: TextQueue;
  private readonly kept: KeptTexts;
  /** The one that is out. */
  private sending: OutboundText | undefined;
  /** Texts of an earlier run that are not to be sent: their senders are told when all is restored. */
  private readonly over: { readonly item: OutboundText; readonly failure: TextFailure }[] = [];

  constructor(context: ConversationContext) {
    this.context = context;
    const { books } = context;
    this.queue = new TextQueue(context.settings.queue, (by) => books.hold("xmpp_to_sip", by));
    this.kept = new KeptTexts(context.pair);
    this.bounces = new Bounces(context, (item) => {
      this.kept.forget(item);
      // From now on the sender may mean it anew; before, it would only be the same text again.
      context.recent.failed(item.key);
    });
  }

  /** Nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.queue.size === 0;
  }

  get isIdle(): boolean {
    return this.isEmpty && !this.sending && this.over.length === 0 && this.bounces.isIdle;
  }

  /** Texts whose fate is open, counted where they are. */
  get held(): number {
    return this.queue.texts + (this.sending?.origin ? 1 : 0) + this.over.length;
  }

  /** When the oldest one expires, or undefined. */
  get expiresAt(): Millis | undefined {
    return this.queue.expiresAt;
  }

  /** Accepts a text, or refuses it: then nothing is counted, and the sender knows at once. One that was here before is left. */
  accept(stanza: Element, content: OwnText, now: Millis): void {
    const { recent, texts, books, mayKeep } = this.context;
    const key = keyOf(stanza, content.text);
    if (key !== undefined && recent.fateOf(key, now) !== undefined) return;
    const sentAt = texts.oldTime(content.sentAt);
    const text = sentAt === undefined ? content.text : timePrefix(sentAt) + content.text;
    if (!mayKeep()) this.refuse(stanza, localStanzaError("not-kept")!);
    else if (this.queue.isFull || books.isFull("xmpp_to_sip"))
      this.refuse(stanza, localStanzaError("queue-full")!);
    else if (!texts.fits(text)) this.refuse(stanza, localStanzaError("message-too-large")!);
    else if (!this.isInPace(now)) this.refuse(stanza, localStanzaError("rate-limited")!);
    else {
      if (key !== undefined) recent.begin(key, now);
      this.observe("accepted");
      const item = this.itemOf(stanza, { ...content, text, sentAt }, key, now);
      this.queue.add(item);
      this.kept.change(item);
    }
  }

  private isInPace(now: Millis): boolean {
    const { rates, pair, settings } = this.context;
    return rates.take(pair.xmppUser, settings.textsPerMinute, now);
  }

  private itemOf(stanza: Element, content: OwnText, key: string | undefined, now: Millis): OutboundText {
    const { ids } = this.context;
    const origin = originOf(stanza);
    const thread = stanza.getChildText("thread") || undefined;
    const imdnId = this.askFor(origin);
    const state = { id: `t${ids()}`, isResent: false, state: "waiting" } as const;
    return { ...content, ...state, thread, key, acceptedAt: now, origin, imdnId };
  }

  /** The id under which the SIP side is asked to tell what becomes of a text. */
  private askFor(origin: Origin): string | undefined {
    const { ids, texts, isAuthorized } = this.context;
    if (!origin.wishes.receipt || !texts.asksForNotifications || !isAuthorized()) return undefined;
    const imdnId = ids();
    this.receipts.expect(imdnId, origin);
    return imdnId;
  }

  refuse(stanza: Element, error: StanzaError): void {
    this.bounces.refuse(originOf(stanza), error);
  }

  /** A word of our own to the SIP user, where there is room. It is no message: nobody waits for its fate. */
  addWord(text: string, now: Millis): void {
    this.addOwn({ text, acceptedAt: now, origin: undefined, isResent: false, state: "waiting" });
  }

  /** What became of a text of the SIP user, where there is room to say so. */
  addNotification(notification: NonNullable<OutboundText["notification"]>, now: Millis): void {
    const item = { text: "", notification, acceptedAt: now, origin: undefined, isResent: false } as const;
    this.addOwn({ ...item, state: "waiting" });
  }

  private addOwn(item: OutboundText): void {
    if (!this.queue.isFull) this.queue.add(item);
  }

  /** Words of our own are not worth a new session. */
  dropLeadingWords(): void {
    this.queue.dropLeadingWords();
  }

  /** The next one: its request goes out now, and `end` says when it is over. */
  take(): OutboundText | undefined {
    const item = this.queue.take();
    if (!item) return undefined;
    this.sending = item;
    if (item.origin) this.context.books.hold("xmpp_to_sip", 1);
    item.state = "sent";
    this.kept.change(item);
    return item;
  }

  /** Its request has an outcome: `delivered`, `retry` or `bounce` follows. */
  end(item: OutboundText): void {
    this.sending = undefined;
    if (item.origin) this.context.books.hold("xmpp_to_sip", -1);
  }

  /** Once more, before the others: the peer surely did not get it. False when that was tried, or nobody waits for it. */
  retry(item: OutboundText): boolean {
    if (item.isResent || !item.origin) return false;
    item.isResent = true;
    item.state = "waiting";
    this.queue.putBack(item);
    this.kept.change(item);
    return true;
  }

  /** @param status 200, or 202: taken, and nothing said of the user's client (C-25). */
  delivered(item: OutboundText, status: number, now: Millis): void {
    if (!item.origin) return;
    this.context.recent.done(item.key);
    this.observe("delivered", undefined, now - item.acceptedAt);
    this.kept.forget(item);
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

  /** @param wasSent the outcome is that of its own request: silence leaves open whether it arrived. */
  bounce(item: OutboundText, outcome: Outcome, wasSent: boolean): void {
    const context = { authorized: this.context.isAuthorized(), wasSent };
    const { error, row } = stanzaErrorForOutcome(outcome, context);
    this.fail(item, { event: "bounced", reason: row, error });
  }

  bounceAll(outcome: Outcome): void {
    for (const item of this.queue.takeAll()) this.bounce(item, outcome, false);
  }

  expire(now: Millis): void {
    for (const item of this.queue.takeExpired(now)) this.fail(item, local("expired"));
  }

  /** The store has not taken it: it is not kept on, unless it is out already. */
  notKept(id: string): void {
    const item = this.queue.takeById(id);
    if (item) this.fail(item, local("not-kept"));
  }

  private fail(item: OutboundText, failure: TextFailure): void {
    if (!item.origin) return;
    this.observe(failure.event, failure.reason);
    this.kept.change(item, failure);
    this.bounces.tell(item, item.origin, failure.error);
  }

  // ---- what outlives the process

  keep(keep: Keep): void {
    this.kept.keep(keep);
  }

  keepAnew(): void {
    this.kept.keepAnew();
  }

  /**
   * A text of an earlier run. One that was not sent goes out late, and says so, because the note that it was sent may have
   * been lost with the process; one that was sent is not sent again.
   */
  restore(id: string, value: KeptText, now: Millis): void {
    const { recent, books } = this.context;
    const item = this.restoredItem(id, value, now);
    this.kept.restored(item, value.failure);
    this.observe("accepted");
    if (item.key !== undefined) recent.begin(item.key, now);
    const failure = this.failureOf(item, value);
    if (failure) {
      this.over.push({ item, failure });
      books.hold("xmpp_to_sip", 1);
      return;
    }
    this.queue.restore(item);
  }

  private failureOf(item: OutboundText, { state, failure }: KeptText): TextFailure | undefined {
    if (failure) return failure;
    if (state === "sent") return local("restarted");
    return this.context.texts.fits(item.text) ? undefined : local("message-too-large");
  }

  private restoredItem(id: string, value: KeptText, now: Millis): OutboundText {
    const { wallAt } = this.context;
    // A clock that was set back must not keep it for years.
    const acceptedAt = Math.min(value.acceptedAt, now);
    const isUnmarked = value.state === "waiting" && value.sentAt === undefined;
    const sentAt = value.sentAt ?? (isUnmarked ? wallAt(acceptedAt, now) : undefined);
    const mark = isUnmarked ? (sentAt === undefined ? LATE : timePrefix(sentAt)) : "";
    const { subject, language, thread, key, origin } = value;
    const rest = { id, isResent: false, state: "waiting", imdnId: this.askFor(origin) } as const;
    return {
      ...{ text: mark + value.text, subject, language, sentAt, thread, key, acceptedAt, origin },
      ...rest,
    };
  }

  /** All is restored. */
  recover(now: Millis): void {
    for (const { item, failure } of this.over.splice(0)) {
      this.context.books.hold("xmpp_to_sip", -1);
      this.fail(item, failure);
    }
    this.expire(now);
  }

  private observe(
    event: "accepted" | "delivered" | "bounced" | "expired" | "returned",
    reason?: string,
    took?: Millis,
  ): void {
    const direction = "xmpp_to_sip";
    if (event !== "returned") this.context.books.book(direction, event);
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

/** Stands before a text that is sent after a restart, where no clock says when it was written. */
const LATE = "[delayed] ";

function local(why: LocalFailure): TextFailure {
  const { id, xmpp } = LOCAL_ERRORS[why];
  return {
    event: why === "expired" ? "expired" : "bounced",
    reason: why === "expired" ? "queue-age" : id,
    error: xmpp,
  };
}

function originOf(stanza: Element): Origin {
  const { from, to, id, type } = stanza.attrs;
  return { from: from!, to: to!, id, type, wishes: wishesOf(stanza) };
}
