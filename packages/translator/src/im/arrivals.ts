import { type Millis, type SipMessage, toWireText } from "@tombolo/sip";
import type { Element } from "ltx";
import { reasonPhrase, stanzaErrorToSipStatus } from "../error/index.ts";
import type { IncomingRequest } from "../sip-side.ts";
import { readStanzaError } from "../stanza.ts";
import type { Sender } from "../xmpp-side.ts";
import type { ConversationContext } from "./conversation.ts";
import { chatMessage, chatStateMessage } from "./message-stanza.ts";

/** One text on its way from SIP to XMPP: its MESSAGE waits for the answer until the XMPP server has the stanza. */
interface Arrival {
  readonly request: IncomingRequest;
  /** What a taken stanza is answered with: 200 in a dialog, as the profile says outside. */
  readonly status: number;
  readonly acceptedAt: Millis;
  readonly addressed: "bare" | "full";
  settled: boolean;
}

/** Texts from the SIP user that wait for the XMPP server, per pair. Over this a MESSAGE is refused with 480. */
export const MAX_ARRIVALS_PER_PAIR = 100;

/** The SIP user's texts: into stanzas, and answered when their fate is known (IM-02). */
export class Arrivals implements Sender<Arrival> {
  private readonly context: ConversationContext;
  private readonly onLateError: (why: string, now: Millis) => void;
  private waiting = 0;
  /** Where replies go: the resource that spoke last, else the bare JID. */
  private bound: string | undefined;
  private thread: string | undefined;
  private isTyping = false;

  /** @param onLateError told of an error stanza that came after the text had been called delivered. */
  constructor(context: ConversationContext, onLateError: (why: string, now: Millis) => void) {
    this.context = context;
    this.onLateError = onLateError;
  }

  get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** The XMPP user has spoken from this resource: replies go there, on that thread. */
  bindTo(stanza: Element): void {
    this.bound = stanza.attrs.from;
    const thread = stanza.getChildText("thread");
    if (thread) this.thread = thread;
  }

  /** That resource has left: replies go to the bare JID again. */
  unbind(from: string): void {
    if (this.bound === from) this.bound = undefined;
  }

  /** A MESSAGE: turned into a stanza, or refused at once. */
  take(request: IncomingRequest, status: number, now: Millis): void {
    const { pair, wire, xmpp, sip, ids } = this.context;
    const content = wire.readText(request.message);
    if (!content.ok) {
      sip.answer(request.request, content.status, content.extra);
      return;
    }
    this.isTyping = false;
    // Nothing left after the clean-up: taken, and nothing to show.
    if (content.text === "") {
      sip.answer(request.request, status);
      return;
    }
    if (this.waiting >= MAX_ARRIVALS_PER_PAIR) {
      sip.answer(request.request, 480, { headers: [["Retry-After", "10"]] });
      return;
    }
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
    const addressed = to === pair.xmppUser ? "bare" : "full";
    xmpp.sendTracked(
      this,
      { request, status, acceptedAt: now, addressed, settled: false },
      pair.partner,
      stanza,
    );
  }

  /** Typing on the SIP side (XEP-0085); repeated states are not sent again (5.4). */
  typing(message: SipMessage): void {
    const typing = this.context.wire.readTyping(message);
    if (typing === undefined || typing === this.isTyping) return;
    this.isTyping = typing;
    const { pair, wire, ids } = this.context;
    const stanza = chatStateMessage({
      id: `s${ids()}`,
      from: `${pair.sipUser}/${wire.resource}`,
      to: this.address(),
      thread: this.currentThread(),
      state: typing ? "composing" : "paused",
    });
    this.context.xmpp.send(pair.partner, stanza);
  }

  onTaken(arrival: Arrival, now: Millis): void {
    if (!this.settle(arrival)) return;
    this.observe("delivered", undefined, now - arrival.acceptedAt);
    this.context.sip.answer(arrival.request.request, arrival.status);
  }

  onLost(arrival: Arrival, why: string, _now: Millis): void {
    if (!this.settle(arrival)) return;
    this.observe("bounced", why);
    // E4: 504 to a non-INVITE while the component link is down or unsure.
    this.context.sip.answer(arrival.request.request, 504);
  }

  onReturned(arrival: Arrival, error: Element, now: Millis): void {
    const { condition, text } = readStanzaError(error);
    const { status, row } = stanzaErrorToSipStatus(condition, {
      addressed: arrival.addressed,
      method: "other",
      switches: this.context.wire.errorSwitches,
      inDialog: true,
    });
    if (this.settle(arrival)) {
      this.observe("bounced", row);
      this.context.sip.answer(
        arrival.request.request,
        status,
        text ? { reason: toWireText(reasonPhrase(text)) } : {},
      );
      return;
    }
    this.observe("returned");
    this.onLateError(text ?? condition, now);
  }

  private settle(arrival: Arrival): boolean {
    if (arrival.settled) return false;
    arrival.settled = true;
    this.waiting -= 1;
    return true;
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
