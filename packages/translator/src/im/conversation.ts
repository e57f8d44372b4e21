import type { CommandRef, Deadline, DialogId, Millis, Outcome, RequestRef } from "@tombolo/sip";
import type { Element } from "ltx";
import type { StanzaError } from "../error/index.ts";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { DialogOwner, IncomingRequest, Requester, SipSide } from "../sip-side.ts";
import { errorStanza } from "../stanza.ts";
import type { XmppSide } from "../xmpp-side.ts";
import { Arrivals } from "./arrivals.ts";
import { bodyOf, type ChatState, chatStateOf } from "./message-stanza.ts";
import { DEFAULT_QUEUE_LIMITS, type OutboundText, type QueueLimits, TextQueue } from "./queue.ts";
import type { SessionWire } from "./session-wire.ts";

/** Times and sizes of a conversation. */
export interface ConversationSettings {
  /** How long an INVITE may ring, ms: clients of some peers wait 10 s before they answer, people longer. */
  readonly inviteTimeout: Millis;
  /** Silence after which the session is closed, ms; the next text opens a new one. */
  readonly idleTimeout: Millis;
  readonly queue: QueueLimits;
}

export const DEFAULT_CONVERSATION_SETTINGS: ConversationSettings = {
  inviteTimeout: 60_000,
  idleTimeout: 600_000,
  queue: DEFAULT_QUEUE_LIMITS,
};

export interface ConversationContext {
  readonly pair: Pair;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly wire: SessionWire;
  readonly settings: ConversationSettings;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  /** Whether the XMPP user may know the SIP user's availability: decides how plain an error may be (RFC 6120 8.3.3). */
  readonly isAuthorized: () => boolean;
}

/** One SIP dialog of the conversation. */
interface Leg {
  readonly dialog: DialogId;
  /** confirming: our 2xx waits for its ACK. ending: our BYE waits for its answer. */
  state: "confirming" | "up" | "ending";
}

type Purpose =
  | { readonly kind: "invite" }
  | { readonly kind: "text"; readonly item: OutboundText; readonly dialog: DialogId }
  | { readonly kind: "bye"; readonly dialog: DialogId }
  | { readonly kind: "typing"; readonly dialog: DialogId };

/**
 * Instant messages of one pair in session mode (IM-01..03, RFC 7573 4): the first text opens a SIP session, the others
 * follow in it one at a time and in order; the SIP user's own INVITE is accepted at once. At most one leg is used for
 * sending, the newest that is up.
 */
export class Conversation implements Requester<Purpose>, DialogOwner {
  private readonly context: ConversationContext;
  private readonly queue: TextQueue;
  /** The SIP user's texts on their way to XMPP. */
  readonly arrivals: Arrivals;
  private readonly legs: Leg[] = [];
  private inviting: { readonly ref: CommandRef; readonly since: Millis; cancelled: boolean } | undefined;
  private inFlight: OutboundText | undefined;
  private lastUsed: Millis = 0;
  /** The typing state that the SIP side was last told. */
  private toldTyping = false;

  constructor(context: ConversationContext) {
    this.context = context;
    this.queue = new TextQueue(context.settings.queue);
    this.arrivals = new Arrivals(context, (why, now) => this.tellSipUser(why, now));
  }

  /** True when nothing is under way: the pair may forget the conversation. */
  get isIdle(): boolean {
    return (
      this.legs.length === 0 &&
      !this.inviting &&
      !this.inFlight &&
      this.queue.size === 0 &&
      this.arrivals.isIdle
    );
  }

  /** Whether a session is up, for gauges and pages. */
  get state(): "idle" | "inviting" | "up" | "closing" {
    if (this.legs.some((leg) => leg.state === "up")) return "up";
    if (this.inviting || this.legs.some((leg) => leg.state === "confirming")) return "inviting";
    return this.legs.length > 0 ? "closing" : "idle";
  }

  // ---- from XMPP

  /** A message stanza of the XMPP user for the SIP user; not an error, not groupchat. */
  onMessage(stanza: Element, now: Millis): void {
    this.arrivals.bindTo(stanza);
    const text = bodyOf(stanza);
    const state = chatStateOf(stanza);
    if (text !== undefined && text !== "") this.acceptText(stanza, text, now);
    else if (state) this.onChatState(state, now);
  }

  private acceptText(stanza: Element, text: string, now: Millis): void {
    const origin = { from: stanza.attrs.from!, to: stanza.attrs.to!, id: stanza.attrs.id };
    const refusal = this.refusalOf(text);
    if (refusal) {
      this.context.xmpp.send(this.context.pair.partner, errorStanza("message", origin, refusal));
      return;
    }
    this.observeIm("accepted");
    this.queue.add({ text, acceptedAt: now, origin, resent: false });
    this.toldTyping = false;
    this.pump(now);
  }

  /** Refused before it is accepted: nothing is counted, the sender knows at once. */
  private refusalOf(text: string): StanzaError | undefined {
    if (this.queue.isFull) {
      return {
        condition: "resource-constraint",
        type: "wait",
        text: "Too many messages are waiting for this contact. Please try again in a moment.",
      };
    }
    if (!this.context.wire.fits(text)) {
      return {
        condition: "policy-violation",
        type: "modify",
        text: "This message is too long for the contact's system. Please send it in parts.",
      };
    }
    return undefined;
  }

  private onChatState(state: ChatState, now: Millis): void {
    const leg = this.sendingLeg();
    if (state === "gone") {
      if (leg && this.queue.size === 0 && !this.inFlight) this.hangUp(leg);
      return;
    }
    const typing = state === "composing";
    if (!leg || typing === this.toldTyping) return;
    this.toldTyping = typing;
    this.lastUsed = now;
    const { method, headers, body } = this.context.wire.typing(typing);
    this.context.sip.inDialog(
      this,
      { kind: "typing", dialog: leg.dialog },
      leg.dialog,
      method,
      headers,
      body,
    );
  }

  // ---- from SIP

  /** An INVITE outside dialogs. The newest session wins: clients replace the old one by a new INVITE. */
  onInvite(request: IncomingRequest, now: Millis): void {
    const answer = this.context.wire.answerOffer(request.message);
    if (!answer.ok) {
      this.context.sip.answer(request.request, answer.status, answer.extra);
      return;
    }
    this.lastUsed = now;
    this.context.sip.accept(this, request.request, 200, { headers: answer.headers, body: answer.body });
  }

  /** A MESSAGE outside dialogs (RFC 3428). */
  onPageMessage(request: IncomingRequest, now: Millis): void {
    this.arrivals.take(request, this.context.wire.pageStatus, now);
  }

  onDialogMade(_request: RequestRef, dialog: DialogId, _now: Millis): void {
    this.addLeg({ dialog, state: "confirming" });
  }

  onConfirmed(dialog: DialogId, now: Millis): void {
    const leg = this.legs.find((own) => own.dialog === dialog);
    if (leg?.state !== "confirming") return;
    leg.state = "up";
    this.lastUsed = now;
    for (const other of [...this.legs]) if (other !== leg && other.state === "up") this.hangUp(other);
    this.pump(now);
  }

  onDialogLost(dialog: DialogId, now: Millis): void {
    this.removeLeg(dialog);
    this.pump(now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const { message } = request;
    this.lastUsed = now;
    switch (message.method) {
      case "MESSAGE":
        this.confirmByUse(request.dialog!, now);
        this.arrivals.take(request, 200, now);
        return;
      case "INFO":
        this.arrivals.typing(message);
        this.context.sip.answer(request.request, 200);
        return;
      case "BYE":
        this.context.sip.answer(request.request, 200);
        this.removeLeg(request.dialog!);
        this.pump(now);
        return;
      case "INVITE":
      case "UPDATE": {
        const again = this.context.wire.answerRefresh(message);
        this.context.sip.answer(request.request, again.status, again);
        return;
      }
      default:
        this.context.sip.answer(request.request, 405, { headers: this.context.wire.allow });
    }
  }

  /** An in-dialog request says that our 2xx has arrived even when the ACK is still on its way. */
  private confirmByUse(dialog: DialogId, now: Millis): void {
    const leg = this.legs.find((own) => own.dialog === dialog);
    if (leg?.state === "confirming") this.onConfirmed(dialog, now);
  }

  // ---- sending

  /** Moves the queue: one text in flight, a session opened where there is none. */
  private pump(now: Millis): void {
    if (this.inFlight || this.queue.size === 0) return;
    const leg = this.sendingLeg();
    if (leg) {
      this.sendText(leg, this.queue.take()!, now);
      return;
    }
    // A leg that is being confirmed or ended will come back here.
    if (this.inviting || this.legs.length > 0) return;
    const { pair, wire } = this.context;
    const offer = wire.offer();
    const ref = this.context.sip.open<Purpose>(
      this,
      { kind: "invite" },
      { method: "INVITE", from: { uri: pair.xmppUri }, to: { uri: pair.sipUri }, ...offer },
    );
    this.inviting = { ref, since: now, cancelled: false };
  }

  private sendText(leg: Leg, item: OutboundText, now: Millis): void {
    this.inFlight = item;
    this.lastUsed = now;
    const { headers, body } = this.context.wire.text(item.text);
    const purpose: Purpose = { kind: "text", item, dialog: leg.dialog };
    this.context.sip.inDialog(this, purpose, leg.dialog, "MESSAGE", headers, body);
  }

  /** A text of theirs came back after we had called it delivered: they are told in words, while the session lasts. */
  private tellSipUser(why: string, now: Millis): void {
    if (!this.sendingLeg() || this.queue.isFull) return;
    const text = `[Your message was not delivered: ${why}]`;
    this.queue.add({ text, acceptedAt: now, origin: undefined, resent: false });
    this.pump(now);
  }

  private sendingLeg(): Leg | undefined {
    return this.legs.findLast((leg) => leg.state === "up");
  }

  private hangUp(leg: Leg): void {
    leg.state = "ending";
    this.context.sip.inDialog(this, { kind: "bye", dialog: leg.dialog } satisfies Purpose, leg.dialog, "BYE");
  }

  /** Ends every session politely: the program is going down. */
  close(): void {
    if (this.inviting && !this.inviting.cancelled) this.giveUpInvite();
    for (const leg of this.legs) if (leg.state === "up") this.hangUp(leg);
  }

  // ---- outcomes

  onOutcome(purpose: Purpose, outcome: Outcome, now: Millis): void {
    switch (purpose.kind) {
      case "invite":
        this.onInviteOutcome(outcome, now);
        break;
      case "text":
        this.onTextOutcome(purpose.item, purpose.dialog, outcome, now);
        break;
      case "bye":
        this.removeLeg(purpose.dialog);
        break;
      case "typing":
        // RFC 3261 12.2.1.2: the peer does not know the dialog.
        if (outcome.kind === "final" && outcome.status === 481) this.removeLeg(purpose.dialog);
        break;
    }
    this.pump(now);
  }

  private onInviteOutcome(outcome: Outcome, now: Millis): void {
    const gaveUp = this.inviting?.cancelled === true;
    this.inviting = undefined;
    if (outcome.kind === "final" && outcome.dialog !== undefined && outcome.status < 300) {
      this.context.sip.own(outcome.dialog, this);
      const leg: Leg = { dialog: outcome.dialog, state: "up" };
      this.addLeg(leg);
      this.lastUsed = now;
      // Glare: their own session is up already, or the 2xx crossed our CANCEL with nothing left to send.
      if (gaveUp && this.queue.size === 0) this.hangUp(leg);
      return;
    }
    if (this.legs.some((leg) => leg.state !== "ending")) return;
    const late = outcome.kind !== "final" || (gaveUp && outcome.status === 487);
    for (const item of this.queue.takeAll()) this.bounce(item, late ? { kind: "timeout" } : outcome);
  }

  private onTextOutcome(item: OutboundText, dialog: DialogId, outcome: Outcome, now: Millis): void {
    this.inFlight = undefined;
    if (outcome.kind === "final" && outcome.status < 300) {
      if (item.origin) this.observeIm("delivered", undefined, now - item.acceptedAt);
      return;
    }
    const status = outcome.kind === "final" ? outcome.status : 408;
    // The dialog is gone at the peer: these codes end it (RFC 3261 12.2.1.2), the others are about this text only.
    if (status === 481 || status === 408 || status === 480 || outcome.kind === "unreachable")
      this.removeLeg(dialog);
    // 481: surely not delivered. One fresh session, one more try; anything else might double it.
    if (status === 481 && !item.resent) {
      item.resent = true;
      this.queue.putBack(item);
      return;
    }
    this.bounce(item, outcome);
  }

  private bounce(item: OutboundText, outcome: Outcome): void {
    const { error, row } = stanzaErrorForOutcome(outcome, { authorized: this.context.isAuthorized() });
    if (!item.origin) return;
    this.observeIm("bounced", row);
    this.context.xmpp.send(this.context.pair.partner, errorStanza("message", item.origin, error));
  }

  private expire(item: OutboundText): void {
    if (!item.origin) return;
    this.observeIm("expired", "queue-age");
    const error: StanzaError = {
      condition: "remote-server-timeout",
      type: "wait",
      text: "The contact's system did not take this message in time.",
    };
    this.context.xmpp.send(this.context.pair.partner, errorStanza("message", item.origin, error));
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline: Deadline | undefined;
    const consider = (at: Millis | undefined, reason: string) => {
      if (at !== undefined && (!deadline || at < deadline.at)) deadline = { at, reason };
    };
    if (this.inviting && !this.inviting.cancelled) {
      consider(this.inviting.since + this.context.settings.inviteTimeout, "invite unanswered");
    }
    consider(this.queue.expiresAt, "text too old");
    if (this.sendingLeg() && !this.inFlight) {
      consider(this.lastUsed + this.context.settings.idleTimeout, "session idle");
    }
    return deadline;
  }

  timeout(now: Millis): void {
    const { inviteTimeout, idleTimeout } = this.context.settings;
    if (this.inviting && !this.inviting.cancelled && now >= this.inviting.since + inviteTimeout)
      this.giveUpInvite();
    for (const item of this.queue.takeExpired(now)) this.expire(item);
    if (this.inFlight || now < this.lastUsed + idleTimeout) return;
    for (const leg of this.legs) if (leg.state === "up") this.hangUp(leg);
  }

  private giveUpInvite(): void {
    this.inviting!.cancelled = true;
    this.context.sip.cancel(this.inviting!.ref);
  }

  // ---- legs

  private addLeg(leg: Leg): void {
    this.legs.push(leg);
    this.context.observe({ what: "session", partner: this.context.pair.partner, change: 1 });
  }

  private removeLeg(dialog: DialogId): void {
    const at = this.legs.findIndex((leg) => leg.dialog === dialog);
    if (at < 0) return;
    this.legs.splice(at, 1);
    this.context.sip.drop(dialog);
    this.context.observe({ what: "session", partner: this.context.pair.partner, change: -1 });
  }

  private observeIm(
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
