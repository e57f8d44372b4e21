import type { Deadline, DialogId, Millis, Outcome, RequestRef } from "@tombolo/sip";
import type { Element } from "ltx";
import { localStanzaError, reasonPhrase } from "../error/index.ts";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import { isContentBlocked, noteDiagnostics, readFailure, TYPING_REFUSED } from "./answers.ts";
import { Arrivals, type Way } from "./arrivals.ts";
import type { ConversationContext } from "./context.ts";
import { Departures } from "./departures.ts";
import { FirstTexts } from "./first-texts.ts";
import type { Leg } from "./legs.ts";
import { type ChatState, chatStateOf, receiptIn } from "./message-stanza.ts";
import { contentOf, type OwnText } from "./own-message.ts";
import { PageMode } from "./page-mode.ts";
import type { OutboundText } from "./queue.ts";
import { Sessions } from "./sessions.ts";
import { lastsOf } from "./text-wire.ts";
import { TypingTold } from "./typing.ts";

type Purpose =
  /** Without a leg it went outside sessions. */
  | { readonly kind: "text"; readonly item: OutboundText; readonly leg: Leg | undefined }
  | { readonly kind: "typing"; readonly leg: Leg | undefined };

/**
 * Instant messages of one pair (IM-01..03, RFC 7573 4, RFC 7572): the first text opens a SIP session, or each goes on its
 * own where the partner wants it so; one at a time and in order, whatever happens to sessions meanwhile.
 */
export class Conversation implements Requester<Purpose>, DialogOwner {
  private readonly context: ConversationContext;
  /** The XMPP user's texts on their way to SIP. */
  readonly departures: Departures;
  /** The SIP user's texts on their way to XMPP. */
  readonly arrivals: Arrivals;
  readonly sessions: Sessions;
  private readonly pages: PageMode;
  private readonly typing: TypingTold;
  private readonly firstTexts = new FirstTexts();
  /** What our one request in flight carries (C-30). Typing counts only outside sessions. */
  private inFlight: OutboundText | "typing" | undefined;
  /** The program goes down: what is accepted is still sent, then sessions are closed. */
  private isClosing = false;

  constructor(context: ConversationContext) {
    this.context = context;
    this.departures = new Departures(context);
    this.sessions = new Sessions(context, this);
    this.pages = new PageMode(context);
    this.typing = new TypingTold(context.texts.typingRefreshMs);
    this.arrivals = new Arrivals(
      context,
      (why, stanzaId, now) => this.tellSipUser(why, stanzaId, now),
      (stanzaId, inquiry) => this.departures.receipts.ask(stanzaId, inquiry),
    );
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  /** True when nothing is under way: the pair may forget the conversation. */
  get isIdle(): boolean {
    return (
      this.sessions.isIdle &&
      this.pages.isIdle &&
      !this.inFlight &&
      this.departures.isIdle &&
      this.arrivals.isIdle
    );
  }

  /** Whether a session is up, for gauges and pages. */
  get state(): "idle" | "inviting" | "up" | "closing" {
    return this.sessions.state;
  }

  /** What the XMPP user writes now is an answer: a session is up, or the SIP user has written within this conversation. */
  get awaitsXmppUser(): boolean {
    return this.sessions.sending !== undefined || this.pages.isHeard;
  }

  /** The XMPP user has written within this conversation outside sessions: what the SIP user writes so is an answer. */
  get awaitsSipUser(): boolean {
    return this.pages.hasSpoken;
  }

  // ---- from XMPP

  /** A message stanza of the XMPP user for the SIP user; not an error, not groupchat. */
  onMessage(stanza: Element, now: Millis): void {
    const content = contentOf(stanza);
    if (content.kind === "refused") {
      this.departures.refuse(stanza, localStanzaError(content.why)!);
      return;
    }
    this.arrivals.bindTo(stanza, content.kind === "text");
    const receipt = receiptIn(stanza);
    if (receipt) this.onReceipt(receipt.what, receipt.of, now);
    if (content.kind === "text") this.onOwnText(stanza, content, now);
    else {
      const state = chatStateOf(stanza);
      if (state) this.onChatState(stanza, state, now);
    }
  }

  private onOwnText(stanza: Element, content: OwnText, now: Millis): void {
    this.typing.clear();
    if (this.isClosing) this.departures.refuse(stanza, localStanzaError("queue-full")!);
    else this.departures.accept(stanza, content, now);
    this.pump(now);
  }

  private onReceipt(what: "received" | "displayed", of: string, now: Millis): void {
    const notification = this.departures.receipts.answer(what, of);
    if (!notification) return;
    this.departures.addNotification(notification, now);
    this.pump(now);
  }

  private onChatState(stanza: Element, state: ChatState, now: Millis): void {
    if (state === "gone") {
      this.arrivals.endThread(stanza.attrs.from!);
      if (!this.hasWork && !this.inFlight) this.hangUpAll();
    } else if (this.mayTellTyping && this.typing.take(state === "composing", now)) {
      this.sendTyping(state === "composing", now);
    }
  }

  /** Outside sessions only to one who has written (RFC 3994 7). */
  private get mayTellTyping(): boolean {
    return this.sessions.sending !== undefined || (this.pages.isOn && this.pages.isHeard);
  }

  /** The first thing that is left out when something else waits: texts end it anyway. */
  private sendTyping(isTyping: boolean, now: Millis): void {
    if (this.hasWork || this.inFlight) return;
    const { sip, texts } = this.context;
    const leg = this.sessions.sending;
    const { method, headers, body } = texts.typing(isTyping);
    const purpose: Purpose = { kind: "typing", leg };
    if (leg) {
      leg.lastUsed = now;
      sip.inDialog(this, purpose, leg.dialog, method, headers, body);
    } else if (method === "MESSAGE" && this.sessions.isIdle) {
      this.inFlight = "typing";
      sip.request(this, purpose, { method, ...this.parties, headers, body });
    }
  }

  // ---- from SIP

  /** An INVITE outside dialogs. */
  onInvite(request: IncomingRequest, _now: Millis): void {
    if (!this.sessions.accept(request)) return;
    const first = this.context.wire.firstText(request.message);
    if (first !== undefined) this.firstTexts.offered(request.request, first);
  }

  /** A MESSAGE outside dialogs (RFC 3428). */
  onPageMessage(request: IncomingRequest, now: Millis): void {
    this.pages.onHeard(now);
    this.onContent(request, { status: this.context.wire.pageStatus, isInDialog: false }, now);
  }

  onDialogMade(request: RequestRef, dialog: DialogId, now: Millis): void {
    this.sessions.made(request, dialog, now);
    this.firstTexts.made(request, dialog);
  }

  onCancelled(request: RequestRef, now: Millis): void {
    this.sessions.cancelled(request);
    this.firstTexts.forget(request);
    this.pump(now);
  }

  onConfirmed(dialog: DialogId, now: Millis): void {
    if (!this.sessions.confirm(dialog, now)) return;
    this.firstTexts.confirmed(dialog, now);
    this.pump(now);
  }

  onDialogLost(dialog: DialogId, now: Millis): void {
    this.endSession(this.sessions.find(dialog), dialog, now);
    this.onChanged(now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const { message } = request;
    const { sip, wire } = this.context;
    const leg = this.sessions.find(request.dialog!);
    if (leg) leg.lastUsed = now;
    switch (message.method) {
      case "MESSAGE":
        // It says that our 2xx has arrived even when the ACK is still on its way.
        this.onConfirmed(request.dialog!, now);
        this.onContent(request, { status: 200, isInDialog: true }, now);
        return;
      case "INFO":
        this.arrivals.onTyping(lastsOf(message.body), true, now);
        sip.answer(request.request, 200);
        return;
      case "BYE":
        sip.answer(request.request, 200);
        this.endSession(leg, request.dialog!, now);
        this.onChanged(now);
        if (this.sessions.isSilent) this.arrivals.sessionEnded();
        return;
      case "INVITE":
      case "UPDATE": {
        const { status, ...rest } = wire.answerRefresh(message);
        sip.answer(request.request, status, rest);
        return;
      }
      case "OPTIONS":
        sip.answer(request.request, 200, { headers: wire.allow });
        return;
      default:
        sip.answer(request.request, 405, { headers: wire.allow });
    }
  }

  /** What a MESSAGE brings: a text, typing, a notification, or nothing that we take. */
  private onContent(request: IncomingRequest, way: Way, now: Millis): void {
    const { sip, texts } = this.context;
    const incoming = texts.incoming(request.message);
    switch (incoming.kind) {
      case "text": {
        const isNews = !way.isInDialog || this.firstTexts.isNews(request.dialog!, incoming.text, now);
        if (isNews || !this.arrivals.repeat(request, way)) this.arrivals.take(request, incoming, way, now);
        return;
      }
      case "typing":
        this.arrivals.onTyping(incoming.lasts, way.isInDialog, now);
        sip.answer(request.request, way.status);
        return;
      case "notification":
        this.departures.notified(incoming.imdn);
        sip.answer(request.request, way.status);
        return;
      case "refused":
        sip.answer(request.request, incoming.status, { headers: incoming.headers });
    }
  }

  private endSession(leg: Leg | undefined, dialog: DialogId, now: Millis): void {
    const unbrought = this.firstTexts.end(dialog, now);
    if (unbrought !== undefined) this.arrivals.takeUnasked(unbrought, now);
    this.sessions.remove(leg);
  }

  // ---- sending

  get hasWork(): boolean {
    return !this.departures.isEmpty;
  }

  onChanged(now: Millis): void {
    if (!this.mayTellTyping) this.typing.clear();
    this.pump(now);
  }

  /** Moves the queue: one text in flight, a session opened where there is none. */
  private pump(now: Millis): void {
    if (this.inFlight) return;
    const leg = this.sessions.sending;
    const item = leg && this.departures.take();
    if (item) {
      this.sendText(leg, item, now);
      return;
    }
    if (this.isClosing && !this.hasWork) {
      this.typing.clear();
      this.sessions.closeNow();
      return;
    }
    // A leg that is being made, confirmed or ended will come back here.
    if (!this.sessions.isIdle) return;
    if (this.pages.isOn) this.sendPage(now);
    else {
      this.departures.dropLeadingWords();
      if (this.hasWork) this.sessions.invite(now);
    }
  }

  private sendText(leg: Leg, item: OutboundText, now: Millis): void {
    this.inFlight = item;
    leg.lastUsed = now;
    const { headers, body } = this.context.texts.outgoing(item, this.context.pair, false);
    const purpose: Purpose = { kind: "text", item, leg };
    this.context.sip.inDialog(this, purpose, leg.dialog, "MESSAGE", headers, body);
  }

  /** A text on its own (RFC 3428 4). */
  private sendPage(now: Millis): void {
    const item = this.departures.take();
    if (!item) return;
    this.inFlight = item;
    const { sip, texts, pair, wire } = this.context;
    const content = texts.outgoing(item, pair, true);
    const call = this.pages.next(item.thread, this.arrivals.theirCallId, now);
    const request = { method: "MESSAGE", ...this.parties, ...content, call, maxBytes: wire.maxPageBytes };
    sip.request<Purpose>(this, { kind: "text", item, leg: undefined }, request);
  }

  private get parties(): { readonly from: { readonly uri: string }; readonly to: { readonly uri: string } } {
    const { pair } = this.context;
    return { from: { uri: pair.xmppUri }, to: { uri: pair.sipUri } };
  }

  /** A text of theirs came back after we had called it delivered: they are told as they asked, or in words while a session lasts. */
  private tellSipUser(why: string, stanzaId: string, now: Millis): void {
    const notification = this.departures.receipts.failed(stanzaId);
    if (notification) this.departures.addNotification(notification, now);
    else if (this.sessions.sending)
      this.departures.addWord(`[Your message was not delivered: ${reasonPhrase(why)}]`, now);
    this.pump(now);
  }

  private hangUpAll(): void {
    this.typing.clear();
    this.sessions.hangUpAll();
  }

  /** Ends the conversation politely, after what was accepted for the SIP user has gone. */
  close(now: Millis): void {
    this.isClosing = true;
    this.pump(now);
  }

  // ---- what outlives the process

  /** Everything is restored: senders are told, and what waited goes out. */
  recover(now: Millis): void {
    this.departures.recover(now);
    this.pump(now);
  }

  // ---- outcomes

  onRefused(outcome: Outcome, now: Millis): void {
    noteDiagnostics(outcome, this.context);
    const status = outcome.kind === "final" ? outcome.status : 0;
    if (!this.pages.fallBack(status, isContentBlocked(outcome), now)) this.departures.bounceAll(outcome);
  }

  onOutcome(purpose: Purpose, outcome: Outcome, now: Millis): void {
    if (purpose.kind === "text") this.onTextOutcome(purpose.item, purpose.leg, outcome, now);
    else this.onTypingOutcome(purpose.leg, outcome);
    this.onChanged(now);
  }

  private onTextOutcome(item: OutboundText, leg: Leg | undefined, outcome: Outcome, now: Millis): void {
    this.inFlight = undefined;
    this.departures.end(item);
    if (outcome.kind === "final" && outcome.status < 300) {
      this.departures.delivered(item, outcome.status, now);
      return;
    }
    noteDiagnostics(outcome, this.context);
    const { status, isSessionOver, isSurelyNotDelivered } = readFailure(outcome);
    if (leg && isSessionOver) this.sessions.abandon(leg, status);
    // One fresh session, one more try: anything less certain might deliver it twice.
    const isRetried = leg !== undefined && isSurelyNotDelivered && this.departures.retry(item);
    if (!isRetried) this.departures.bounce(item, outcome, !isSurelyNotDelivered);
  }

  private onTypingOutcome(leg: Leg | undefined, outcome: Outcome): void {
    if (this.inFlight === "typing") this.inFlight = undefined;
    if (outcome.kind !== "final") return;
    if (outcome.status === 481) this.sessions.remove(leg);
    else if (TYPING_REFUSED.has(outcome.status)) this.typing.refuse();
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline = this.sessions.nextDeadline(this.inFlight !== undefined);
    const consider = (at: Millis | undefined, reason: string) => {
      if (at !== undefined && (!deadline || at < deadline.at)) deadline = { at, reason };
    };
    consider(this.departures.expiresAt, "text too old");
    consider(this.departures.bounces.nextDue, "error told again");
    consider(this.arrivals.typingUntil, "typing lapses");
    consider(this.firstTexts.nextDue, "first text not repeated");
    consider(this.pages.nextDue, "conversation over");
    if (this.mayTellTyping) consider(this.typing.nextDeadline()?.at, "typing told again");
    return deadline;
  }

  timeout(now: Millis): void {
    const isIdleEnded = this.sessions.timeout(this.inFlight !== undefined, now);
    this.departures.expire(now);
    this.departures.bounces.timeout(now);
    this.arrivals.timeout(now);
    for (const text of this.firstTexts.takeDue(now)) this.arrivals.takeUnasked(text, now);
    const isTyping = this.mayTellTyping ? this.typing.timeout(now) : undefined;
    if (isTyping !== undefined) this.sendTyping(isTyping, now);
    if (this.pages.timeout(now)) this.arrivals.forget();
    if (isIdleEnded && this.sessions.isSilent) this.arrivals.sessionEnded();
  }
}
