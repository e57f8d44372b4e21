import type { CommandRef, Deadline, DialogId, Millis, Outcome, RequestRef } from "@tombolo/sip";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import type { ConversationContext } from "./context.ts";
import { type Leg, Legs } from "./legs.ts";

/** Dialogs of one pair at a time, those in the making included. Over this an INVITE is refused with 480. */
export const MAX_LEGS_PER_PAIR = 8;

type Purpose = { readonly kind: "invite" } | { readonly kind: "bye"; readonly leg: Leg };

/** The conversation that the sessions carry. */
export interface SessionUser extends DialogOwner {
  /** Something waits to be sent. */
  readonly hasWork: boolean;
  /** No session came of our INVITE, and theirs is not there either. */
  onRefused(outcome: Outcome, now: Millis): void;
  /** A session came up or went: what waits may go on. */
  onChanged(now: Millis): void;
}

/**
 * The SIP sessions of one pair (IM-01..03, D4): made by our INVITE or theirs, and ended. Usually there is one; after both
 * sides invited at once there are two, and texts go by the one that came up first.
 */
export class Sessions implements Requester<Purpose> {
  private readonly context: ConversationContext;
  private readonly user: SessionUser;
  private readonly legs = new Legs();
  /** INVITEs answered with 2xx whose dialog the engine has not named yet, and the legs that they replace. */
  private readonly accepting = new Map<RequestRef, readonly Leg[]>();
  private inviting: { readonly ref: CommandRef; readonly since: Millis; isCancelled: boolean } | undefined;

  constructor(context: ConversationContext, user: SessionUser) {
    this.context = context;
    this.user = user;
  }

  get isIdle(): boolean {
    return this.legs.size === 0 && this.accepting.size === 0 && !this.inviting;
  }

  /** For gauges and pages. */
  get state(): "idle" | "inviting" | "up" | "closing" {
    if (this.legs.sending) return "up";
    if (this.inviting || this.accepting.size > 0 || this.legs.isConfirming) return "inviting";
    return this.legs.size > 0 ? "closing" : "idle";
  }

  /** The one that texts go by. */
  get sending(): Leg | undefined {
    return this.legs.sending;
  }

  /** No session is there or in the making. */
  get isSilent(): boolean {
    return !this.legs.isUsable && !this.inviting && this.accepting.size === 0;
  }

  find(dialog: DialogId): Leg | undefined {
    return this.legs.find(dialog);
  }

  // ---- their INVITE

  /** Accepts an INVITE, or refuses it. The newest session wins: clients replace the old one by a new INVITE. */
  accept(request: IncomingRequest): boolean {
    const { sip, wire } = this.context;
    const answer = wire.answerOffer(request.message);
    if (!answer.ok) {
      sip.answer(request.request, answer.status, answer.extra);
      return false;
    }
    if (this.legs.size + this.accepting.size >= MAX_LEGS_PER_PAIR) {
      sip.answer(request.request, 480, { headers: [["Retry-After", "30"]] });
      return false;
    }
    // Legs that come up later were offered while this INVITE was under way: glare, where both live on (D4).
    this.accepting.set(request.request, this.legs.notEnding);
    sip.accept(this.user, request.request, 200, { headers: answer.headers, body: answer.body });
    return true;
  }

  made(request: RequestRef, dialog: DialogId, now: Millis): void {
    const replaces = this.accepting.get(request) ?? [];
    this.accepting.delete(request);
    this.add(dialog, "confirming", replaces, now);
  }

  cancelled(request: RequestRef): void {
    this.accepting.delete(request);
  }

  /** The ACK has come; what the session replaces ends. False when it had been confirmed before. */
  confirm(dialog: DialogId, now: Millis): boolean {
    const leg = this.legs.find(dialog);
    if (leg?.state !== "confirming") return false;
    this.legs.raise(leg, now);
    for (const old of leg.replaces) {
      if (!this.legs.has(old)) continue;
      if (old.state === "up") this.hangUp(old);
      else old.isReplaced = true;
    }
    leg.replaces = [];
    if (leg.isReplaced) this.hangUp(leg);
    return true;
  }

  // ---- our INVITE

  invite(now: Millis): void {
    const { pair, wire, sip } = this.context;
    const parties = { from: { uri: pair.xmppUri }, to: { uri: pair.sipUri } };
    const purpose: Purpose = { kind: "invite" };
    const ref = sip.open(this, purpose, { method: "INVITE", ...parties, ...wire.offer() });
    this.inviting = { ref, since: now, isCancelled: false };
  }

  onOutcome(purpose: Purpose, outcome: Outcome, now: Millis): void {
    if (purpose.kind === "bye") this.remove(purpose.leg);
    else this.onInviteOutcome(outcome, now);
    this.user.onChanged(now);
  }

  private onInviteOutcome(outcome: Outcome, now: Millis): void {
    const isCancelled = this.inviting?.isCancelled === true;
    this.inviting = undefined;
    if (outcome.kind === "final" && outcome.status < 300 && outcome.dialog !== undefined) {
      this.context.sip.own(outcome.dialog, this.user);
      const leg = this.add(outcome.dialog, "up", [], now);
      // The 2xx crossed our CANCEL, and there is nothing left to say.
      if (isCancelled && !this.user.hasWork) this.hangUp(leg);
      return;
    }
    // Their own session carries the texts; after a CANCEL of ours the queue holds only newer ones.
    if (isCancelled || this.legs.isUsable || this.accepting.size > 0) return;
    this.user.onRefused(outcome, now);
  }

  private cancelInvite(): void {
    if (!this.inviting || this.inviting.isCancelled) return;
    this.inviting.isCancelled = true;
    this.context.sip.cancel(this.inviting.ref);
  }

  // ---- the end

  hangUp(leg: Leg): void {
    leg.state = "ending";
    this.context.sip.inDialog<Purpose>(this, { kind: "bye", leg }, leg.dialog, "BYE");
  }

  hangUpAll(): void {
    for (const leg of this.legs.up) this.hangUp(leg);
  }

  /** Ends what there is, and calls no more. */
  closeNow(): void {
    this.hangUpAll();
    this.cancelInvite();
  }

  /** A session is no use any more. A BYE tells a peer that still has it; its answer is not waited for. */
  abandon(leg: Leg, status: number): void {
    if (!this.legs.has(leg)) return;
    if (leg.state === "up" && status !== 481) this.hangUp(leg);
    this.remove(leg);
  }

  /** Forgets a session that has ended. */
  remove(leg: Leg | undefined): void {
    if (!leg || !this.legs.remove(leg)) return;
    this.context.sip.drop(leg.dialog);
    this.context.observe({ what: "session", partner: this.context.pair.partner, change: -1 });
  }

  private add(dialog: DialogId, state: "confirming" | "up", replaces: readonly Leg[], now: Millis): Leg {
    this.context.observe({ what: "session", partner: this.context.pair.partner, change: 1 });
    return this.legs.add(dialog, state, replaces, now);
  }

  // ---- time

  /** @param isSending a text is in flight: no session is idle then. */
  nextDeadline(isSending: boolean): Deadline | undefined {
    let at: Millis | undefined;
    if (!isSending)
      for (const leg of this.legs.up) at = Math.min(at ?? Number.POSITIVE_INFINITY, this.idleAt(leg));
    if (this.inviting && !this.inviting.isCancelled) {
      const late = this.inviting.since + this.context.settings.inviteTimeout;
      if (at === undefined || late < at) return { at: late, reason: "INVITE unanswered" };
    }
    return at === undefined ? undefined : { at, reason: "session idle" };
  }

  /** True when a session was ended for its silence. */
  timeout(isSending: boolean, now: Millis): boolean {
    const { inviting } = this;
    if (inviting && !inviting.isCancelled && now >= inviting.since + this.context.settings.inviteTimeout)
      this.giveUpInvite(now);
    if (isSending) return false;
    const idle = this.legs.up.filter((leg) => now >= this.idleAt(leg));
    for (const leg of idle) this.hangUp(leg);
    return idle.length > 0;
  }

  /** The side that opened the session of two that is not used ends it: if both ended quickly, both would die (D4). */
  private idleAt(leg: Leg): Millis {
    const { glareReap, idleTimeout } = this.context.settings;
    return leg.lastUsed + (leg.isOurs && leg !== this.legs.sending ? glareReap : idleTimeout);
  }

  /** Nobody answers: the texts that waited for it are bounced, and newer ones will open a new session. */
  private giveUpInvite(now: Millis): void {
    this.cancelInvite();
    if (this.legs.isUsable || this.accepting.size > 0) return;
    this.user.onRefused({ kind: "timeout" }, now);
  }
}
