import type { Deadline, DialogId, Millis, Outcome, Subscriber, SubscriptionEnded } from "@tombolo/sip";
import type { Element } from "ltx";
import type { Keep, KeptAuthorization, KeptDialog, KeptPresence } from "../kept.ts";
import type { PairLegs } from "../pair-legs.ts";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import { Announcement } from "./announcement.ts";
import type { ShownPresence } from "./documents.ts";
import { type Fetch, Looking } from "./looking.ts";
import { observeChange } from "./observed-state.ts";
import { sayDecision, sayFailure, sayPermission } from "./permission-words.ts";
import { Retries } from "./retries.ts";
import { answerFields, dialogAnswer } from "./subscribe-wire.ts";
import { SubscriptionLeg } from "./subscription-leg.ts";
import type { XmppWatchView } from "./views.ts";
import { WatchedSources } from "./watched-sources.ts";
import { Wish } from "./wish.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";
import { XmppWatcherRecords } from "./xmpp-watcher-records.ts";
import { xmppWatchState, xmppWatchView } from "./xmpp-watcher-view.ts";

/**
 * An XMPP user watches a SIP user: we are the subscriber (RFC 8048 5.2, SUB-12..16). One dialog per pair, never
 * shared. The wish outlives dialogs: a lost one is replaced, and only the SIP side's own refusal ends the
 * authorisation. A roster is never touched because state was lost here (C-27).
 */
export class XmppWatcher implements Requester<Subscriber | Fetch>, DialogOwner {
  private readonly context: XmppWatcherContext;
  private readonly wish = new Wish();
  private readonly retries: Retries;
  private readonly leg: SubscriptionLeg;
  private readonly announcement: Announcement;
  /** There while something is looked at, or was a moment ago. */
  private looking: Looking | undefined;
  private records: XmppWatcherRecords;
  private observedState: string | undefined;
  private readonly sources: WatchedSources;

  constructor(context: XmppWatcherContext) {
    this.context = context;
    this.retries = new Retries(context);
    this.leg = new SubscriptionLeg(this, context);
    this.announcement = new Announcement(context.pair, context.xmpp, context.resource);
    this.records = new XmppWatcherRecords(context.pair);
    this.sources = new WatchedSources(context, this.wish, this.announcement);
  }

  /** The pair that it belongs to. */
  get home(): PairLegs {
    return this.context.home;
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  /** The SIP side has let this user see the presence: errors may be plain (XS-06). */
  get isAuthorized(): boolean {
    return this.wish.isAuthorized;
  }

  /** The user sees the SIP user as available. */
  get isShowing(): boolean {
    return this.announcement.isAvailable;
  }

  get isIdle(): boolean {
    return !this.wish.isWanted && !this.leg.isOpen && !this.wish.isDenied && !this.looking;
  }

  get state(): string {
    return xmppWatchState(this.wish, this.retries, this.leg);
  }

  get view(): XmppWatchView {
    const { wish, retries, leg, announcement, sources } = this;
    return xmppWatchView({ wish, retries, leg, announcement, sources });
  }

  // ---- from XMPP

  onSubscribe(stanza: Element, now: Millis): void {
    this.cancelLook();
    this.wish.want();
    if (this.wish.isAuthorized && this.leg.isOpen && !this.leg.isEnding) {
      sayDecision(this.context, this.wish, "subscribed");
      this.announcement.repeat();
      return;
    }
    this.wish.ask(stanza.attrs.id);
    this.tryNow(now);
    this.observeState();
  }

  onUnsubscribe(now: Millis): void {
    this.cancelLook();
    if (!this.wish.isWanted) this.announcement.withdraw();
    if (!this.wish.isWanted && !this.wish.isDenied) return;
    this.giveUp(undefined, now);
  }

  /** The partner or the user's domain is not federated with any more: the user sees nobody, and no roster is touched. */
  part(now: Millis): void {
    this.cancelLook();
    this.giveUp(`${this.partner} is not federated with any more.`, now);
  }

  /** @param reason why, where it is not the user's own wish. */
  private giveUp(reason: string | undefined, now: Millis): void {
    this.wish.giveUp();
    this.retries.cancel();
    this.sources.withdraw(reason);
    // C-26: at once and not after the SIP answer, which a newer `subscribe` may overtake.
    if (reason === undefined) sayPermission(this.context, "unsubscribed");
    this.leg.end(now);
    this.drain(now);
    this.observeState();
  }

  /** The watcher's server asks for the state: at a log-in, or after it lost its memory (C-15, C-27). */
  onProbe(from: string, id: string | undefined, now: Millis): void {
    if (this.wish.isDenied) {
      sayPermission(this.context, "unsubscribed", id);
      return;
    }
    // The user has just taken the wish back; their server's question is older.
    if (this.leg.isEnding && !this.wish.isWanted) return;
    if (!this.wish.isWanted) {
      this.looking ??= new Looking(this, this.context);
      if (this.looking.hasSeen) this.announcement.answerProbe(from, id);
      else this.looking.onProbe(from, id, now);
      return;
    }
    this.tryNow(now);
    if (this.wish.isAuthorized || this.retries.at !== undefined) this.announcement.answerProbe(from, id);
    this.observeState();
  }

  private cancelLook(): void {
    this.looking?.cancel();
    if (this.looking?.isIdle) this.looking = undefined;
  }

  /** The user goes offline: a look is over with that. */
  onGone(): void {
    if (this.wish.isWanted) return;
    this.cancelLook();
    this.announcement.withdraw();
  }

  /** The SIP side lets this user see the presence: the probe has its answer. */
  onSeen(document: ShownPresence, from: string, id: string | undefined): void {
    this.announcement.note(document);
    this.announcement.answerProbe(from, id);
  }

  /** What a look has shown is taken up as a watch: the SIP side has let this user in before (C-27). */
  onKept(now: Millis): void {
    if (this.wish.isWanted || this.wish.isDenied) return;
    this.wish.takeUp();
    if (!this.leg.isOpen) this.open(now);
    this.observeState();
  }

  private tryNow(now: Millis): void {
    if (!this.leg.isOpen && this.retries.hurry(now)) this.open(now);
  }

  private open(now: Millis): void {
    this.retries.begin(now);
    this.leg.open(now);
    this.drain(now);
  }

  // ---- from SIP

  /** @param subscriber whose request it was: an answer that comes after its end says nothing about the next one. */
  onOutcome(subscriber: Subscriber | Fetch, outcome: Outcome, now: Millis): void {
    if ("kind" in subscriber) {
      (this.looking ?? new Looking(this, this.context)).onOutcome(subscriber, outcome, now);
      return;
    }
    const dialog = outcome.kind === "final" ? outcome.dialog : undefined;
    if (this.leg.subscriber !== subscriber) {
      if (dialog !== undefined) this.context.sip.disown(dialog);
      return;
    }
    this.noteLeg(outcome, now);
    // A 2xx brings the route set where the NOTIFY that overtook it had none, and may move the target.
    if (outcome.kind === "final" && outcome.status < 300) this.dialogsChanged();
    if (dialog !== undefined) this.leg.adopt(dialog);
    if (outcome.kind !== "final" || outcome.status >= 300) this.retries.fail(outcome);
    this.leg.handle(
      outcome.kind === "final" ? answerFields(outcome) : { kind: "no-response", why: outcome.kind },
      now,
    );
    this.drain(now);
    this.observeState();
  }

  /** The partner cannot be reached: what was shown stands for the grace, and comes back with the first answer. */
  private noteLeg(outcome: Outcome, now: Millis): void {
    if (this.leg.dialog === undefined) return;
    const answer = dialogAnswer(outcome);
    if (answer) this.context.onAnswered(answer, now);
    if (answer === "dead") this.holdOn(now);
    else this.announcement.stand();
  }

  private holdOn(now: Millis): void {
    this.announcement.standUntil(now + this.context.settings.grace);
  }

  /** A NOTIFY that came before the 200 to our SUBSCRIBE makes the dialog (EV-01); those of other forks don't (EV-04). */
  onOpening(subscriber: Subscriber | Fetch, request: IncomingRequest, now: Millis): void {
    if ("kind" in subscriber) {
      (this.looking ?? new Looking(this, this.context)).onOpening(subscriber, request, now);
      return;
    }
    if (this.leg.takeOpening(subscriber, request)) this.onDialogRequest(request, now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    if (this.looking?.isFor(request)) {
      this.looking.onDialogRequest(request, now);
      return;
    }
    const notified = this.leg.takeNotify(request, now);
    if (!notified) return;
    this.drain(now, notified.document);
    this.observeState();
  }

  onDialogLost(dialog: DialogId, now: Millis): void {
    if (this.looking?.onDialogLost(dialog)) return;
    if (this.leg.dialog !== dialog) return;
    this.leg.lose();
    if (this.wish.isWanted) {
      this.holdOn(now);
      this.retries.spread(now);
    }
    this.observeState();
  }

  /** @param document what the NOTIFY at hand says, where it says something. */
  private drain(now: Millis, document?: ShownPresence): void {
    for (let news = this.leg.poll(); news; news = this.leg.poll()) {
      switch (news.kind) {
        case "pending":
          this.wish.suspend();
          this.sources.withdraw();
          break;
        case "active":
          this.onActive(document !== undefined);
          break;
        case "document":
          if (document) this.show(document, now);
          break;
        case "unconfirmed":
          if (this.announcement.awaitsNews) this.announcement.repeat();
          break;
        case "ended":
          this.onEnded(news, now);
          break;
      }
    }
  }

  /** @param isTold a document comes with it. */
  private onActive(isTold: boolean): void {
    this.retries.succeed();
    this.announcement.stand();
    if (this.wish.allow()) sayDecision(this.context, this.wish, "subscribed");
    if (!isTold && !this.announcement.awaitsNews) this.sources.present();
  }

  private onEnded(end: SubscriptionEnded, now: Millis): void {
    const wasEnding = this.leg.isEnding;
    this.leg.close();
    if (!this.wish.isWanted) return;
    if (wasEnding) {
      // A `subscribe` came while the last dialog was on its way out.
      this.retries.pause(0, now);
    } else if (end.permanent) {
      this.deny(now);
    } else {
      if (end.presence === "lost") this.sources.withdraw();
      else if (end.presence === "grace") this.holdOn(now);
      if (end.retry === "never") return;
      const pause = end.retry === "now" ? 0 : (end.afterMs ?? this.retries.backoff());
      if (this.retries.pause(pause, now)) sayFailure(this.context, this.wish, this.retries.lastFailure);
    }
  }

  /** PR-07: the SIP side has refused for good. */
  private deny(now: Millis): void {
    this.wish.deny(now + this.context.settings.denialKept);
    this.sources.withdraw();
    sayDecision(this.context, this.wish, "unsubscribed");
  }

  private show(document: ShownPresence, now: Millis): void {
    const { mappedBy: row } = document;
    const { partner } = this;
    this.context.observe({ what: "presence", direction: "sip_to_xmpp", partner, row, age: 0 });
    this.sources.show(document, now);
  }

  /** What the user publishes has changed: it is for those whom the SIP side has let in. */
  onPublished(): void {
    if (!this.wish.isWanted || !this.wish.isAuthorized) return;
    this.sources.publishedAnew();
  }

  /** The component link is back: the server may have missed the last word. @returns whether there was something to say. */
  onLinkUp(): boolean {
    const { wish, announcement } = this;
    const { owed } = wish;
    if (owed) sayDecision(this.context, wish, owed);
    if (!(wish.isWanted || owed) || announcement.awaitsNews) return owed !== undefined;
    if (announcement.isKnown) announcement.repeat();
    else if (wish.isAuthorized || announcement.version > 0) announcement.unavailable();
    return true;
  }

  /** Hands on what changed since the last call. @param isOver nothing is left to keep. */
  keep(keep: Keep, isOver: boolean, now: Millis): void {
    const { wish, leg, announcement } = this;
    this.records.keep(keep, isOver ? undefined : { authorization: wish.kept, leg, announcement }, now);
  }

  /** The dialog is kept anew. */
  dialogsChanged(): void {
    this.records.dialogChanged();
  }

  /** Nothing counts as kept. */
  keepAnew(): void {
    this.records = new XmppWatcherRecords(this.context.pair);
  }

  restoreAuthorization(kept: KeptAuthorization): void {
    this.wish.restore(kept);
    this.announcement.mayBeSeen();
  }

  restoreDialog(dialog: DialogId, kept: KeptDialog): void {
    this.leg.restore(dialog, kept);
  }

  restorePresence({ shown }: KeptPresence): void {
    if (shown && this.wish.isWanted) this.announcement.restore(shown);
  }

  /** After a restart, or when the partner is back from one: its side is asked whether it still knows the dialog. @returns whether it was asked. */
  recover(now: Millis): boolean {
    const isOpen = this.leg.isOpen;
    if (this.leg.isOpen && this.leg.dialog !== undefined) {
      this.leg.handle({ kind: "refresh" }, now);
      this.drain(now);
    } else if (this.wish.isWanted && !this.leg.isOpen) {
      this.holdOn(now);
      this.open(now);
    }
    this.observeState();
    return isOpen || this.leg.isOpen;
  }

  private observeState(): void {
    const to = this.wish.isWanted ? this.state : undefined;
    this.observedState = observeChange(this.context, "xmpp_to_sip", this.observedState, to);
  }

  nextDeadline(): Deadline | undefined {
    let deadline = this.leg.nextDeadline();
    const consider = (at: Millis | undefined, reason = "") => {
      if (at !== undefined && (!deadline || at < deadline.at)) deadline = { at, reason };
    };
    const look = this.looking?.nextDeadline();
    consider(look?.at, look?.reason);
    consider(this.retries.at, "subscribe again");
    consider(this.announcement.graceUntil, "presence too old");
    consider(this.wish.deniedUntil, "refusal forgotten");
    return deadline;
  }

  timeout(now: Millis): void {
    const { wish, retries, announcement } = this;
    this.looking?.timeout(now);
    if (this.looking?.isIdle) this.looking = undefined;
    this.leg.timeout(now);
    this.drain(now);
    if (announcement.graceUntil !== undefined && now >= announcement.graceUntil)
      this.sources.withdraw(`${this.partner} cannot be reached at the moment.`);
    wish.timeout(now);
    if (retries.at !== undefined && now >= retries.at) this.open(now);
    this.observeState();
  }
}
