import type { CommandRef, Deadline, DialogId, Millis, Outcome, RequestRef } from "@tombolo/sip";
import type { Element } from "ltx";
import { localStanzaError, reasonPhrase } from "../error/index.ts";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import { NOT_DELIVERED, SESSION_OVER, TYPING_REFUSED } from "./answers.ts";
import { Arrivals } from "./arrivals.ts";
import type { ConversationContext } from "./context.ts";
import { Departures } from "./departures.ts";
import { type Leg, Legs } from "./legs.ts";
import { type ChatState, chatStateOf, contentOf } from "./message-stanza.ts";
import type { OutboundText } from "./queue.ts";
import { TypingTold } from "./typing.ts";

/** Dialogs of one pair at a time, those in the making included. Over this an INVITE is refused with 480. */
export const MAX_LEGS_PER_PAIR = 8;

type Purpose =
  | { readonly kind: "invite" }
  | { readonly kind: "text"; readonly item: OutboundText; readonly leg: Leg }
  | { readonly kind: "bye"; readonly leg: Leg }
  | { readonly kind: "typing"; readonly leg: Leg };

/**
 * Instant messages of one pair in session mode (IM-01..03, RFC 7573 4): the first text opens a SIP session, the others
 * follow in it one at a time and in order; the SIP user's own INVITE is accepted at once and replaces what was there.
 */
export class Conversation implements Requester<Purpose>, DialogOwner {
  private readonly context: ConversationContext;
  /** The XMPP user's texts on their way to SIP. */
  private readonly departures: Departures;
  /** The SIP user's texts on their way to XMPP. */
  readonly arrivals: Arrivals;
  private readonly legs = new Legs();
  private readonly typing: TypingTold;
  /** INVITEs answered with 2xx whose dialog the engine has not named yet, and the legs that they replace. */
  private readonly accepting = new Map<RequestRef, readonly Leg[]>();
  private inviting: { readonly ref: CommandRef; readonly since: Millis; isCancelled: boolean } | undefined;
  private inFlight: OutboundText | undefined;
  /** The program goes down: what is accepted is still sent, then sessions are closed. */
  private isClosing = false;

  constructor(context: ConversationContext) {
    this.context = context;
    this.departures = new Departures(context);
    this.typing = new TypingTold(context.wire.typingRefreshMs);
    this.arrivals = new Arrivals(context, (why, now) => this.tellSipUser(why, now));
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  /** True when nothing is under way: the pair may forget the conversation. */
  get isIdle(): boolean {
    return (
      this.legs.size === 0 &&
      this.accepting.size === 0 &&
      !this.inviting &&
      !this.inFlight &&
      this.departures.isEmpty &&
      this.arrivals.isIdle
    );
  }

  /** Whether a session is up, for gauges and pages. */
  get state(): "idle" | "inviting" | "up" | "closing" {
    if (this.legs.sending) return "up";
    if (this.inviting || this.accepting.size > 0 || this.legs.isConfirming) return "inviting";
    return this.legs.size > 0 ? "closing" : "idle";
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
    if (content.kind === "text") this.onOwnText(stanza, content.text, now);
    else {
      const state = chatStateOf(stanza);
      if (state) this.onChatState(stanza, state, now);
    }
  }

  private onOwnText(stanza: Element, text: string, now: Millis): void {
    this.typing.clear();
    if (this.isClosing) this.departures.refuse(stanza, localStanzaError("queue-full")!);
    else this.departures.accept(stanza, text, now);
    this.pump(now);
  }

  private onChatState(stanza: Element, state: ChatState, now: Millis): void {
    if (state === "gone") {
      this.arrivals.endThread(stanza.attrs.from!);
      if (this.departures.isEmpty && !this.inFlight) this.hangUpAll();
    } else if (this.legs.sending && this.typing.take(state === "composing", now)) {
      this.sendTyping(state === "composing", now);
    }
  }

  private sendTyping(isTyping: boolean, now: Millis): void {
    const leg = this.legs.sending;
    if (!leg) return;
    leg.lastUsed = now;
    const { method, headers, body } = this.context.wire.typing(isTyping);
    this.context.sip.inDialog<Purpose>(this, { kind: "typing", leg }, leg.dialog, method, headers, body);
  }

  // ---- from SIP

  /** An INVITE outside dialogs. The newest session wins: clients replace the old one by a new INVITE. */
  onInvite(request: IncomingRequest, _now: Millis): void {
    const { sip, wire } = this.context;
    const answer = wire.answerOffer(request.message);
    if (!answer.ok) {
      sip.answer(request.request, answer.status, answer.extra);
      return;
    }
    if (this.legs.size + this.accepting.size >= MAX_LEGS_PER_PAIR) {
      sip.answer(request.request, 480, { headers: [["Retry-After", "30"]] });
      return;
    }
    // Legs that come up later were offered while this INVITE was under way: glare, where both live on (D4).
    this.accepting.set(request.request, this.legs.notEnding);
    sip.accept(this, request.request, 200, { headers: answer.headers, body: answer.body });
  }

  /** A MESSAGE outside dialogs (RFC 3428). */
  onPageMessage(request: IncomingRequest, now: Millis): void {
    this.onText(request, undefined, this.context.wire.pageStatus, now);
  }

  onDialogMade(request: RequestRef, dialog: DialogId, now: Millis): void {
    const replaces = this.accepting.get(request) ?? [];
    this.accepting.delete(request);
    this.addLeg(dialog, "confirming", replaces, now);
  }

  onCancelled(request: RequestRef, now: Millis): void {
    this.accepting.delete(request);
    this.pump(now);
  }

  onConfirmed(dialog: DialogId, now: Millis): void {
    const leg = this.legs.find(dialog);
    if (leg?.state !== "confirming") return;
    this.legs.raise(leg, now);
    for (const old of leg.replaces) {
      if (!this.legs.has(old)) continue;
      if (old.state === "up") this.hangUp(old);
      else old.isReplaced = true;
    }
    leg.replaces = [];
    if (leg.isReplaced) this.hangUp(leg);
    this.pump(now);
  }

  onDialogLost(dialog: DialogId, now: Millis): void {
    this.removeLeg(this.legs.find(dialog));
    this.pump(now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const { message } = request;
    const { sip, wire } = this.context;
    const leg = this.legs.find(request.dialog!);
    if (leg) leg.lastUsed = now;
    switch (message.method) {
      case "MESSAGE":
        // It says that our 2xx has arrived even when the ACK is still on its way.
        this.onConfirmed(request.dialog!, now);
        this.onText(request, leg, 200, now);
        return;
      case "INFO":
        this.arrivals.typing(message, now);
        sip.answer(request.request, 200);
        return;
      case "BYE":
        sip.answer(request.request, 200);
        this.removeLeg(leg);
        this.pump(now);
        if (this.isSilent) this.arrivals.sessionEnded();
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

  private onText(request: IncomingRequest, leg: Leg | undefined, status: number, now: Millis): void {
    if (this.context.wire.isTyping(request.message)) {
      this.arrivals.typing(request.message, now);
      this.context.sip.answer(request.request, status);
    } else {
      this.arrivals.take(request, { status, isInDialog: leg !== undefined }, now);
    }
  }

  // ---- sending

  /** Moves the queue: one text in flight, a session opened where there is none. */
  private pump(now: Millis): void {
    if (this.inFlight) return;
    const leg = this.legs.sending;
    const item = leg && this.departures.take();
    if (item) {
      this.sendText(leg, item, now);
      return;
    }
    if (this.isClosing && this.departures.isEmpty) {
      this.closeNow();
      return;
    }
    // A leg that is being made, confirmed or ended will come back here.
    if (this.inviting || this.accepting.size > 0 || this.legs.size > 0) return;
    this.departures.dropLeadingWords();
    if (!this.departures.isEmpty) this.invite(now);
  }

  private invite(now: Millis): void {
    const { pair, wire, sip } = this.context;
    const parties = { from: { uri: pair.xmppUri }, to: { uri: pair.sipUri } };
    const purpose: Purpose = { kind: "invite" };
    const ref = sip.open(this, purpose, { method: "INVITE", ...parties, ...wire.offer() });
    this.inviting = { ref, since: now, isCancelled: false };
  }

  private sendText(leg: Leg, item: OutboundText, now: Millis): void {
    this.inFlight = item;
    leg.lastUsed = now;
    const { headers, body } = this.context.wire.text(item.text);
    const purpose: Purpose = { kind: "text", item, leg };
    this.context.sip.inDialog(this, purpose, leg.dialog, "MESSAGE", headers, body);
  }

  /** A text of theirs came back after we had called it delivered: they are told in words, while the session lasts. */
  private tellSipUser(why: string, now: Millis): void {
    if (!this.legs.sending) return;
    this.departures.addWord(`[Your message was not delivered: ${reasonPhrase(why)}]`, now);
    this.pump(now);
  }

  private hangUp(leg: Leg): void {
    leg.state = "ending";
    this.context.sip.inDialog<Purpose>(this, { kind: "bye", leg }, leg.dialog, "BYE");
  }

  private hangUpAll(): void {
    this.typing.clear();
    for (const leg of this.legs.up) this.hangUp(leg);
  }

  /** Ends the conversation politely, after what was accepted for the SIP user has gone. */
  close(now: Millis): void {
    this.isClosing = true;
    this.pump(now);
  }

  private closeNow(): void {
    this.hangUpAll();
    if (this.inviting && !this.inviting.isCancelled) this.cancelInvite();
  }

  // ---- outcomes

  onOutcome(purpose: Purpose, outcome: Outcome, now: Millis): void {
    switch (purpose.kind) {
      case "invite":
        this.onInviteOutcome(outcome, now);
        break;
      case "text":
        this.onTextOutcome(purpose.item, purpose.leg, outcome, now);
        break;
      case "bye":
        this.removeLeg(purpose.leg);
        break;
      case "typing":
        this.onTypingOutcome(purpose.leg, outcome);
        break;
    }
    this.pump(now);
  }

  private onInviteOutcome(outcome: Outcome, now: Millis): void {
    const isCancelled = this.inviting?.isCancelled === true;
    this.inviting = undefined;
    if (outcome.kind === "final" && outcome.status < 300 && outcome.dialog !== undefined) {
      this.context.sip.own(outcome.dialog, this);
      const leg = this.addLeg(outcome.dialog, "up", [], now);
      // The 2xx crossed our CANCEL, and there is nothing left to say.
      if (isCancelled && this.departures.isEmpty) this.hangUp(leg);
      return;
    }
    // Their own session carries the texts; after a CANCEL of ours the queue holds only newer ones.
    if (isCancelled || this.legs.isUsable || this.accepting.size > 0) return;
    this.departures.bounceAll(outcome);
  }

  private onTextOutcome(item: OutboundText, leg: Leg, outcome: Outcome, now: Millis): void {
    this.inFlight = undefined;
    if (outcome.kind === "final" && outcome.status < 300) {
      this.departures.delivered(item, now);
      return;
    }
    const status = outcome.kind === "final" ? outcome.status : 408;
    if (SESSION_OVER.has(status)) this.abandon(leg, status);
    // One fresh session, one more try: anything less certain might deliver it twice.
    if (!NOT_DELIVERED.has(status) || !this.departures.retry(item)) this.departures.bounce(item, outcome);
  }

  private onTypingOutcome(leg: Leg, outcome: Outcome): void {
    if (outcome.kind !== "final") return;
    if (outcome.status === 481) this.removeLeg(leg);
    else if (TYPING_REFUSED.has(outcome.status)) this.typing.refuse();
  }

  /** The session is no use any more. A BYE tells a peer that still has it; its answer is not waited for. */
  private abandon(leg: Leg, status: number): void {
    if (!this.legs.has(leg)) return;
    if (leg.state === "up" && status !== 481) this.hangUp(leg);
    this.removeLeg(leg);
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline: Deadline | undefined;
    const consider = (at: Millis | undefined, reason: string) => {
      if (at !== undefined && (!deadline || at < deadline.at)) deadline = { at, reason };
    };
    const { inviteTimeout, idleTimeout } = this.context.settings;
    if (this.inviting && !this.inviting.isCancelled)
      consider(this.inviting.since + inviteTimeout, "INVITE unanswered");
    consider(this.departures.expiresAt, "text too old");
    consider(this.arrivals.typingUntil, "typing lapses");
    if (this.legs.sending) consider(this.typing.nextDeadline()?.at, "typing told again");
    if (!this.inFlight) for (const leg of this.legs.up) consider(leg.lastUsed + idleTimeout, "session idle");
    return deadline;
  }

  timeout(now: Millis): void {
    const { inviteTimeout, idleTimeout } = this.context.settings;
    if (this.inviting && !this.inviting.isCancelled && now >= this.inviting.since + inviteTimeout)
      this.giveUpInvite();
    this.departures.expire(now);
    this.arrivals.timeout(now);
    const isTyping = this.legs.sending ? this.typing.timeout(now) : undefined;
    if (isTyping !== undefined) this.sendTyping(isTyping, now);
    if (this.inFlight) return;
    const idle = this.legs.up.filter((leg) => now >= leg.lastUsed + idleTimeout);
    for (const leg of idle) this.hangUp(leg);
    if (idle.length > 0 && this.isSilent) this.arrivals.sessionEnded();
  }

  /** Nobody answers: the texts that waited for it are bounced, and newer ones will open a new session. */
  private giveUpInvite(): void {
    this.cancelInvite();
    if (this.legs.isUsable || this.accepting.size > 0) return;
    this.departures.bounceAll({ kind: "timeout" });
  }

  private cancelInvite(): void {
    this.inviting!.isCancelled = true;
    this.context.sip.cancel(this.inviting!.ref);
  }

  // ---- legs

  /** No session is there or in the making. */
  private get isSilent(): boolean {
    return !this.legs.isUsable && !this.inviting && this.accepting.size === 0;
  }

  private addLeg(dialog: DialogId, state: "confirming" | "up", replaces: readonly Leg[], now: Millis): Leg {
    this.context.observe({ what: "session", partner: this.partner, change: 1 });
    return this.legs.add(dialog, state, replaces, now);
  }

  private removeLeg(leg: Leg | undefined): void {
    if (!leg || !this.legs.remove(leg)) return;
    if (!this.legs.sending) this.typing.clear();
    this.context.sip.drop(leg.dialog);
    this.context.observe({ what: "session", partner: this.partner, change: -1 });
  }
}
