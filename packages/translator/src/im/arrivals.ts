import { detach, type HeaderFields, type Millis, type RequestRef, toWireText } from "@tombolo/sip";
import type { Element } from "ltx";
import { localSipStatus, type NeededHeader, reasonPhrase, stanzaErrorToSipStatus } from "../error/index.ts";
import type { IncomingRequest } from "../sip-side.ts";
import { readStanzaError } from "../stanza.ts";
import type { Sender } from "../xmpp-side.ts";
import type { ConversationContext } from "./context.ts";
import { type ChatState, chatStateMessage, chatStateOf, textMessage } from "./message-stanza.ts";
import type { Incoming, Inquiry } from "./text-wire.ts";

type IncomingText = Extract<Incoming, { kind: "text" }>;

/** How a text came. */
export interface Way {
  /** What a taken stanza is answered with: 200 in a dialog, as the profile says outside. */
  readonly status: number;
  readonly isInDialog: boolean;
}

/** One text on its way from SIP to XMPP: its MESSAGE waits for the answer until the XMPP server has the stanza. */
interface Arrival {
  /**
   * To be answered; undefined for a text that came inside an INVITE, until a MESSAGE repeats it. Not the message: taken
   * texts are remembered.
   */
  request: RequestRef | undefined;
  readonly way: Way;
  readonly stanzaId: string;
  /** Under which it is known again; undefined in a session, where the order of requests rules repetitions out. */
  readonly key: string | undefined;
  readonly acceptedAt: Millis;
  readonly addressed: "bare" | "full";
  isSettled: boolean;
}

/** Texts from the SIP user that wait for the XMPP server, per pair. Over this a MESSAGE is refused with 480. */
export const MAX_ARRIVALS_PER_PAIR = 100;
/** From so many on typing is not told any more: texts come first. */
export const SHED_TYPING_AT = 10;

/** Seconds after which a refused sender may try again. */
const RETRY_AFTER = "10";

/** The SIP user's texts: into stanzas, and answered when their fate is known (IM-02). */
export class Arrivals implements Sender<Arrival> {
  private readonly context: ConversationContext;
  private readonly onLateError: (why: string, stanzaId: string, now: Millis) => void;
  private readonly onInquiry: (stanzaId: string, inquiry: Inquiry) => void;
  private waiting = 0;
  /** The last text that came inside an INVITE. */
  private unasked: { readonly arrival: Arrival; isLost: boolean } | undefined;
  /** Where replies go: the resource that spoke last, else the bare JID. */
  private bound: string | undefined;
  /** Whether that resource uses chat states: unknown until it has sent a text (XEP-0085 5.1). */
  private usesStates: boolean | undefined;
  private thread: string | undefined;
  /** Call-ID of the SIP user's last text outside sessions. */
  private lastCallId: string | undefined;
  /** The XMPP user has written in a chat window: answers belong there (C-09). */
  private usesChat = false;
  /** The XMPP side shows the SIP user as typing, until then. */
  private composingUntil: Millis | undefined;

  /**
   * @param onLateError told of an error stanza that came after the text had been called delivered.
   * @param onInquiry told of a text whose sender wants to know its fate.
   */
  constructor(
    context: ConversationContext,
    onLateError: (why: string, stanzaId: string, now: Millis) => void,
    onInquiry: (stanzaId: string, inquiry: Inquiry) => void,
  ) {
    this.onInquiry = onInquiry;
    this.context = context;
    this.onLateError = onLateError;
  }

  get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** Texts whose fate is open. */
  get held(): number {
    return this.waiting;
  }

  /** When a typing mark is taken back, or undefined. */
  get typingUntil(): Millis | undefined {
    return this.composingUntil;
  }

  /** Call-ID of the SIP user's last text outside sessions: a thread of that name continues it (RFC 7572 5). */
  get theirCallId(): string | undefined {
    return this.lastCallId;
  }

  /** The conversation outside sessions is over: the next one begins anew. */
  forget(): void {
    this.bound = undefined;
    this.usesStates = undefined;
    this.thread = undefined;
    this.lastCallId = undefined;
    this.usesChat = false;
  }

  /** The XMPP user has spoken from this resource: replies go there, on that thread. */
  bindTo(stanza: Element, isText: boolean): void {
    const { from } = stanza.attrs;
    if (from !== this.bound) this.usesStates = undefined;
    this.bound = from === undefined ? undefined : detach(from);
    const hasState = chatStateOf(stanza) !== undefined;
    if (isText || hasState) this.usesStates = hasState;
    if (stanza.attrs.type === "chat") this.usesChat = true;
    const thread = stanza.getChildText("thread");
    if (thread) this.thread = detach(thread);
  }

  /** That resource has left: replies go to the bare JID again. */
  unbind(from: string): void {
    if (this.bound !== from) return;
    this.bound = undefined;
    this.usesStates = undefined;
  }

  /** That resource has closed the conversation: the next one has a thread of its own (XEP-0085 5.7). */
  endThread(from: string): void {
    this.unbind(from);
    this.thread = undefined;
    this.composingUntil = undefined;
  }

  /** The SIP session has ended and none follows: said where chat states are in use (RFC 7573 6.1). */
  sessionEnded(): void {
    if (this.usesStates && this.bound !== undefined) {
      this.sendState("gone");
      this.thread = undefined;
    } else if (this.composingUntil !== undefined) this.sendState("paused");
    this.composingUntil = undefined;
  }

  /** A MESSAGE with a text: turned into a stanza, or refused at once. */
  take(request: IncomingRequest, text: IncomingText, way: Way, now: Millis): void {
    const { sip, recent, books } = this.context;
    // Nothing left after the clean-up: taken, and nothing to show.
    if (text.text === "") {
      sip.answer(request.request, way.status);
      return;
    }
    const key = way.isInDialog ? undefined : keyOf(request);
    const fate = key === undefined ? undefined : recent.fateOf(key, now);
    if (fate !== undefined) {
      // The same request on another way (RFC 3261 8.2.2.2), or its answer was lost.
      sip.answer(request.request, fate === "done" ? way.status : 482);
      return;
    }
    if (this.waiting >= MAX_ARRIVALS_PER_PAIR || books.isFull("sip_to_xmpp")) {
      sip.answer(request.request, 480, { headers: [["Retry-After", RETRY_AFTER]] });
      return;
    }
    if (key !== undefined) recent.begin(key, now);
    if (!way.isInDialog) this.lastCallId = detach(request.message.callId);
    this.send(request.request, text, way, key, now);
  }

  /** A text that came inside an INVITE: nobody waits for an answer. */
  takeUnasked(text: string, now: Millis): void {
    if (this.waiting >= MAX_ARRIVALS_PER_PAIR) {
      this.onLateError("too many messages are waiting", "", now);
      return;
    }
    const plain = { kind: "text", text, subject: undefined, language: undefined, sentAt: undefined } as const;
    const way = { status: 200, isInDialog: true };
    const arrival = this.send(undefined, { ...plain, inquiry: undefined }, way, undefined, now);
    this.unasked = { arrival, isLost: false };
  }

  /**
   * A MESSAGE brings the text of an INVITE again: it is answered as that text's own, once the server has it.
   * @returns false when that text was lost, so that this one counts
   */
  repeat(request: IncomingRequest, way: Way): boolean {
    if (this.unasked?.isLost) return false;
    const { arrival } = this.unasked ?? {};
    if (arrival && !arrival.isSettled && !arrival.request) arrival.request = request.request;
    else this.context.sip.answer(request.request, way.status);
    return true;
  }

  private send(
    request: RequestRef | undefined,
    text: IncomingText,
    way: Way,
    key: string | undefined,
    now: Millis,
  ): Arrival {
    const { pair, wire, xmpp, ids, books } = this.context;
    this.composingUntil = undefined;
    this.waiting += 1;
    books.hold("sip_to_xmpp", 1);
    this.observe("accepted");
    const to = this.address();
    const stanzaId = `m${ids()}`;
    const stanza = textMessage({
      id: stanzaId,
      from: `${pair.sipUser}/${wire.resource}`,
      to,
      type: this.isChat(way) ? "chat" : "normal",
      thread: way.isInDialog
        ? this.currentThread()
        : (this.thread ?? this.lastCallId ?? this.currentThread()),
      body: text.text,
      subject: way.isInDialog ? undefined : text.subject,
      language: text.language,
      delayed: text.sentAt === undefined ? undefined : { at: text.sentAt, by: pair.partner },
      wantsReceipt: text.inquiry?.receipt ?? false,
      wantsMarker: text.inquiry?.marker ?? false,
    });
    const addressed = to.includes("/") ? "full" : "bare";
    const arrival: Arrival = { request, way, stanzaId, key, acceptedAt: now, addressed, isSettled: false };
    xmpp.sendTracked(this, arrival, pair.partner, stanza);
    if (text.inquiry) this.onInquiry(stanzaId, text.inquiry);
    return arrival;
  }

  /** Sessions are chats; single messages are mail until the XMPP user answers in a chat window (C-09, RFC 7572 5). */
  private isChat(way: Way): boolean {
    return way.isInDialog || !this.context.wire.isPaging || this.usesChat;
  }

  /**
   * Typing on the SIP side (XEP-0085); repeated states only make it last longer (XEP-0085 5.4).
   * @param lasts ms; 0 when it has stopped, undefined when the body said neither.
   */
  onTyping(lasts: Millis | undefined, isInDialog: boolean, now: Millis): void {
    if (lasts === undefined || (lasts === 0 && this.composingUntil === undefined)) return;
    if (!this.isChat({ status: 200, isInDialog })) return;
    const isNews = lasts === 0 || this.composingUntil === undefined;
    this.composingUntil = lasts === 0 ? undefined : now + lasts;
    if (isNews) this.sendState(lasts === 0 ? "paused" : "composing");
  }

  timeout(now: Millis): void {
    if (this.composingUntil === undefined || now < this.composingUntil) return;
    this.composingUntil = undefined;
    this.sendState("paused");
  }

  onTaken(arrival: Arrival, now: Millis): void {
    if (!this.settle(arrival)) return;
    this.context.recent.done(arrival.key);
    this.observe("delivered", undefined, now - arrival.acceptedAt);
    if (arrival.request) this.context.sip.answer(arrival.request, arrival.way.status);
  }

  onLost(arrival: Arrival, why: string, now: Millis): void {
    if (!this.settle(arrival)) return;
    this.bounced(arrival, why);
    if (!arrival.request) {
      this.onLateError("no connection to the other system", arrival.stanzaId, now);
      return;
    }
    const condition = why === "too-large" ? "message-too-large" : "xmpp-link-down";
    const { status, needs } = localSipStatus(condition, "other")!;
    this.context.sip.answer(arrival.request, status, { headers: this.headersFor(needs) });
  }

  onReturned(arrival: Arrival, error: Element, now: Millis): void {
    const { condition, text } = readStanzaError(error);
    if (!this.settle(arrival)) {
      this.observe("returned");
      this.onLateError(text ?? condition, arrival.stanzaId, now);
      return;
    }
    if (!arrival.request) {
      this.bounced(arrival, condition);
      this.onLateError(text ?? condition, arrival.stanzaId, now);
      return;
    }
    const { status, row, needs } = stanzaErrorToSipStatus(condition, {
      addressed: arrival.addressed,
      method: "other",
      switches: this.context.wire.errorSwitches,
      inDialog: arrival.way.isInDialog,
    });
    this.bounced(arrival, row);
    const reason = toWireText(reasonPhrase(text ?? ""));
    this.context.sip.answer(arrival.request, status, {
      headers: this.headersFor(needs),
      ...(reason === "" ? {} : { reason }),
    });
  }

  private bounced(arrival: Arrival, reason: string): void {
    if (this.unasked?.arrival === arrival) this.unasked.isLost = !arrival.request;
    this.context.recent.failed(arrival.key);
    this.observe("bounced", reason);
  }

  private settle(arrival: Arrival): boolean {
    if (arrival.isSettled) return false;
    arrival.isSettled = true;
    this.waiting -= 1;
    this.context.books.hold("sip_to_xmpp", -1);
    return true;
  }

  private headersFor(needs: NeededHeader | "Accept" | undefined): HeaderFields {
    if (needs === "Allow") return this.context.wire.allow;
    return needs === "Retry-After" ? [["Retry-After", RETRY_AFTER]] : [];
  }

  private sendState(state: ChatState): void {
    const isBusy = this.waiting >= SHED_TYPING_AT || !this.context.isLinkUp();
    if (this.usesStates === false || (isBusy && state !== "gone")) return;
    const { pair, wire, ids, xmpp } = this.context;
    const from = `${pair.sipUser}/${wire.resource}`;
    const fields = { id: `s${ids()}`, from, to: this.address(), thread: this.currentThread(), state };
    xmpp.send(pair.partner, chatStateMessage(fields));
  }

  private address(): string {
    return this.bound ?? this.context.pair.xmppUser;
  }

  private currentThread(): string {
    this.thread ??= this.context.ids();
    return this.thread;
  }

  private observe(
    event: "accepted" | "delivered" | "bounced" | "returned",
    reason?: string,
    took?: Millis,
  ): void {
    const direction = "sip_to_xmpp";
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

/** A request outside dialogs as its sender names it (RFC 3261 8.2.2.2). */
function keyOf({ message }: IncomingRequest): string {
  return detach(`s ${message.callId} ${message.get("CSeq")} ${message.fromTag}`);
}
