import { type HeaderFields, type Millis, type SipMessage, toWireText } from "@tombolo/sip";
import type { Element } from "ltx";
import { localSipStatus, type NeededHeader, reasonPhrase, stanzaErrorToSipStatus } from "../error/index.ts";
import type { IncomingRequest } from "../sip-side.ts";
import { readStanzaError } from "../stanza.ts";
import type { Sender } from "../xmpp-side.ts";
import type { ConversationContext } from "./context.ts";
import { type ChatState, chatMessage, chatStateMessage, chatStateOf } from "./message-stanza.ts";

/** How a MESSAGE came. */
interface Way {
  /** What a taken stanza is answered with: 200 in a dialog, as the profile says outside. */
  readonly status: number;
  readonly isInDialog: boolean;
}

/** One text on its way from SIP to XMPP: its MESSAGE waits for the answer until the XMPP server has the stanza. */
interface Arrival {
  readonly request: IncomingRequest;
  readonly way: Way;
  readonly acceptedAt: Millis;
  readonly addressed: "bare" | "full";
  isSettled: boolean;
}

/** Texts from the SIP user that wait for the XMPP server, per pair. Over this a MESSAGE is refused with 480. */
export const MAX_ARRIVALS_PER_PAIR = 100;

/** Seconds after which a refused sender may try again. */
const RETRY_AFTER = "10";

/** The SIP user's texts: into stanzas, and answered when their fate is known (IM-02). */
export class Arrivals implements Sender<Arrival> {
  private readonly context: ConversationContext;
  private readonly onLateError: (why: string, now: Millis) => void;
  private waiting = 0;
  /** Where replies go: the resource that spoke last, else the bare JID. */
  private bound: string | undefined;
  /** Whether that resource uses chat states: unknown until it has sent a text (XEP-0085 5.1). */
  private usesStates: boolean | undefined;
  private thread: string | undefined;
  /** The XMPP side shows the SIP user as typing, until then. */
  private composingUntil: Millis | undefined;

  /** @param onLateError told of an error stanza that came after the text had been called delivered. */
  constructor(context: ConversationContext, onLateError: (why: string, now: Millis) => void) {
    this.context = context;
    this.onLateError = onLateError;
  }

  get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** When a typing mark is taken back, or undefined. */
  get typingUntil(): Millis | undefined {
    return this.composingUntil;
  }

  /** The XMPP user has spoken from this resource: replies go there, on that thread. */
  bindTo(stanza: Element, isText: boolean): void {
    const { from } = stanza.attrs;
    if (from !== this.bound) this.usesStates = undefined;
    this.bound = from;
    const hasState = chatStateOf(stanza) !== undefined;
    if (isText || hasState) this.usesStates = hasState;
    const thread = stanza.getChildText("thread");
    if (thread) this.thread = thread;
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

  /** A MESSAGE: turned into a stanza, or refused at once. */
  take(request: IncomingRequest, way: Way, now: Millis): void {
    const { pair, wire, xmpp, sip, ids } = this.context;
    const content = wire.readText(request.message);
    if (!content.ok) {
      sip.answer(request.request, content.status, content.extra);
      return;
    }
    // Nothing left after the clean-up: taken, and nothing to show.
    if (content.text === "") {
      sip.answer(request.request, way.status);
      return;
    }
    if (this.waiting >= MAX_ARRIVALS_PER_PAIR) {
      sip.answer(request.request, 480, { headers: [["Retry-After", RETRY_AFTER]] });
      return;
    }
    this.composingUntil = undefined;
    this.waiting += 1;
    this.observe("accepted");
    const to = this.address();
    const stanza = chatMessage({
      id: `m${ids()}`,
      from: `${pair.sipUser}/${wire.resource}`,
      to,
      thread: this.currentThread(),
      body: content.text,
    });
    const addressed = to.includes("/") ? "full" : "bare";
    const arrival: Arrival = { request, way, acceptedAt: now, addressed, isSettled: false };
    xmpp.sendTracked(this, arrival, pair.partner, stanza);
  }

  /** Typing on the SIP side (XEP-0085); repeated states only make it last longer (XEP-0085 5.4). */
  typing(message: SipMessage, now: Millis): void {
    const lasts = this.context.wire.readTyping(message);
    if (lasts === undefined || (lasts === 0 && this.composingUntil === undefined)) return;
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
    this.observe("delivered", undefined, now - arrival.acceptedAt);
    this.context.sip.answer(arrival.request.request, arrival.way.status);
  }

  onLost(arrival: Arrival, why: string, _now: Millis): void {
    if (!this.settle(arrival)) return;
    this.observe("bounced", why);
    const condition = why === "too-large" ? "message-too-large" : "xmpp-link-down";
    const { status, needs } = localSipStatus(condition, "other")!;
    this.context.sip.answer(arrival.request.request, status, { headers: this.headersFor(needs) });
  }

  onReturned(arrival: Arrival, error: Element, now: Millis): void {
    const { condition, text } = readStanzaError(error);
    if (!this.settle(arrival)) {
      this.observe("returned");
      this.onLateError(text ?? condition, now);
      return;
    }
    const { status, row, needs } = stanzaErrorToSipStatus(condition, {
      addressed: arrival.addressed,
      method: "other",
      switches: this.context.wire.errorSwitches,
      inDialog: arrival.way.isInDialog,
    });
    this.observe("bounced", row);
    const reason = toWireText(reasonPhrase(text ?? ""));
    this.context.sip.answer(arrival.request.request, status, {
      headers: this.headersFor(needs),
      ...(reason === "" ? {} : { reason }),
    });
  }

  private settle(arrival: Arrival): boolean {
    if (arrival.isSettled) return false;
    arrival.isSettled = true;
    this.waiting -= 1;
    return true;
  }

  private headersFor(needs: NeededHeader | "Accept" | undefined): HeaderFields {
    if (needs === "Allow") return this.context.wire.allow;
    return needs === "Retry-After" ? [["Retry-After", RETRY_AFTER]] : [];
  }

  private sendState(state: ChatState): void {
    if (this.usesStates === false) return;
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
    this.context.observe({
      what: "im",
      event,
      direction: "sip_to_xmpp",
      partner: this.context.pair.partner,
      ...(reason === undefined ? {} : { reason }),
      ...(took === undefined ? {} : { took }),
    });
  }
}
