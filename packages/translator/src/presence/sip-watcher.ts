import {
  type Deadline,
  type DialogId,
  fromWireText,
  type Millis,
  type Outcome,
  type RequestRef,
} from "@tombolo/sip";
import { Element } from "ltx";
import { presenceErrorToOutcome } from "../error/index.ts";
import type { Keep, KeptAuthorization, KeptDialog, KeptPresence } from "../kept.ts";
import type { PairLegs } from "../pair-legs.ts";
import type { IncomingRequest } from "../sip-side.ts";
import { readStanzaError } from "../stanza.ts";
import type { MappedState } from "./documents.ts";
import { Exhibit, RIGHT_BEHIND } from "./exhibit.ts";
import { observeChange } from "./observed-state.ts";
import { Permission, type WatcherAuthorization } from "./permission.ts";
import type { SipWatcherContext } from "./sip-watcher-context.ts";
import { SipWatcherRecords } from "./sip-watcher-records.ts";
import { sipWatchView } from "./sip-watcher-view.ts";
import type { SipWatchView } from "./views.ts";
import { addUnanswered, type Watch } from "./watch.ts";
import { WatchDialogs, type WatchOwner } from "./watch-dialogs.ts";

/** Longest name of a watcher that is passed on with the question, characters. */
export const MAX_NICK = 100;

/**
 * A SIP user watches an XMPP user: we are the notifier (RFC 8048 5.3, SUB-05..10). The first SUBSCRIBE is answered at
 * once and stays pending until the XMPP user decides; a refusal is polite: active, and the document says closed.
 */
export class SipWatcher implements WatchOwner {
  private readonly context: SipWatcherContext;
  private readonly dialogs: WatchDialogs;
  private readonly permission = new Permission();
  private readonly exhibit: Exhibit;
  private isDenied: boolean;
  private records: SipWatcherRecords;
  private observedState: string | undefined;

  constructor(context: SipWatcherContext) {
    this.context = context;
    this.dialogs = new WatchDialogs(this, context);
    this.exhibit = new Exhibit(context.documents);
    this.isDenied = context.isDenied();
    this.records = new SipWatcherRecords(context.pair);
  }

  /** The pair that it belongs to. */
  get home(): PairLegs {
    return this.context.home;
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  get isIdle(): boolean {
    return this.dialogs.size === 0 && !this.isRemembering;
  }

  /** Nobody watches, and what the user said is remembered. */
  private get isRemembering(): boolean {
    return this.dialogs.size === 0 && this.permission.isWorthKeeping;
  }

  get state(): WatcherAuthorization {
    return this.permission.state;
  }

  get seen(): MappedState {
    const isAllowed = this.permission.isGranted && !this.isDenied;
    return this.exhibit.current(isAllowed, isAllowed ? this.context.published() : undefined);
  }

  get farewell(): MappedState {
    return this.exhibit.farewell();
  }

  get view(): SipWatchView {
    const { isDenied, seen, permission, exhibit, dialogs } = this;
    const device = permission.isGranted ? this.context.published() : undefined;
    return sipWatchView({ isDenied, seen, permission, exhibit, dialogs, device });
  }

  // ---- from SIP

  /** A SUBSCRIBE outside dialogs, its event package and Accept already checked. */
  onSubscribe(request: IncomingRequest, now: Millis): void {
    if (this.dialogs.size >= this.context.settings.maxDialogs) {
      this.context.sip.answer(request.request, 480, { headers: [["Retry-After", "600"]] });
      return;
    }
    const watch = this.dialogs.begin(request);
    this.isDenied = this.context.isDenied();
    this.dialogs.handle(watch, { kind: "authorise", state: this.isDecided ? "active" : "pending" }, now);
    this.subscribe(watch, request, now);
    this.observeState();
  }

  /** The watcher may be told something: the state, or that there is none for them. Refusals look like the latter. */
  private get isDecided(): boolean {
    const { state, isGranted } = this.permission;
    return this.isDenied || state === "refused" || (isGranted && this.exhibit.isKnown);
  }

  private subscribe(watch: Watch, request: IncomingRequest, now: Millis): void {
    const expires = request.message.number("Expires");
    this.dialogs.handle(watch, { kind: "subscribe", ...(expires !== undefined && { expires }) }, now);
    if (expires === 0 || watch.hasEnded || this.isDenied) return;
    if (!this.permission.isGranted) this.ask(request.message.from?.display, now);
    else if (!this.exhibit.isKnown && !this.exhibit.isSettling) {
      // The permission is on record from an earlier watch; what the user shows is not.
      this.exhibit.settleBy(now + this.context.settings.settle, undefined);
      this.send("probe");
    }
  }

  /** Asks the XMPP user, who hears the same question once a day at most. A refused watcher sees nothing of it. */
  private ask(display: string | undefined, now: Millis): void {
    if (this.permission.ask(now, this.context.settings.reask)) this.send("subscribe", display);
  }

  /** A rule has changed: what it shuts out sees an offline user at the next turn, what it lets in is as if new. */
  onGate(now: Millis): void {
    const isDenied = this.context.isDenied();
    if (isDenied === this.isDenied) return;
    this.isDenied = isDenied;
    if (isDenied) this.tellAll(now);
    else if (this.dialogs.size > 0) {
      // An open question may have been lost with the link while nothing was asked.
      if (this.permission.isOpen) this.send("subscribe");
      else if (!this.permission.isGranted) this.ask(undefined, now);
      else if (this.exhibit.isKnown) this.tellAll(now);
      else if (!this.exhibit.isSettling) this.exhibit.settleBy(now + this.context.settings.settle, now);
      this.observeState();
    }
  }

  /** The partner or the user's domain is not federated with any more: every dialog ends with an offline user. */
  part(now: Millis): void {
    this.permission.forget();
    this.exhibit.forget();
    for (const watch of this.dialogs.all)
      this.dialogs.handle(watch, { kind: "end", reason: "noresource", atOnce: true }, now);
    this.observeState();
  }

  onDialogMade(request: RequestRef, dialog: DialogId, now: Millis): void {
    this.dialogs.onDialogMade(request, dialog, now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const watch = this.dialogs.find(request.dialog);
    if (!watch) {
      this.context.sip.answer(request.request, 481);
    } else if (request.message.method !== "SUBSCRIBE") {
      this.context.sip.answer(request.request, 405, { headers: [["Allow", "SUBSCRIBE, NOTIFY"]] });
    } else {
      addUnanswered(watch, request.request);
      this.subscribe(watch, request, now);
    }
  }

  onDialogLost(dialog: DialogId, _now: Millis): void {
    const watch = this.dialogs.find(dialog);
    if (watch) this.dialogs.forget(watch);
  }

  onOutcome(watch: Watch, outcome: Outcome, now: Millis): void {
    if (watch.hasEnded) return;
    // Whether it was taken is not known: the next change is told even if it is one back to what was told before.
    if (outcome.kind !== "final" || outcome.status >= 300) watch.told = undefined;
    const { kind } = outcome;
    this.dialogs.handle(
      watch,
      kind === "final" ? { kind: "notify-answered", status: outcome.status } : { kind: "notify-unanswered" },
      now,
    );
  }

  /** RFC 8048 5.3.3: the XMPP user sees the watcher go; the permission stays. Not where the user watches them, too. */
  onWatchEnded(watch: Watch): void {
    this.records.watchEnded(watch);
    if (this.dialogs.size === 0) {
      this.exhibit.settled();
      this.exhibit.forget();
      if (this.permission.isGranted && !watch.isFetch && !this.context.isSeenByUser())
        this.send("unavailable");
    }
    this.observeState();
  }

  // ---- from XMPP

  /** The XMPP user lets the watcher see them. */
  onSubscribed(now: Millis): void {
    // What came before was of one device, which had just changed.
    if (this.permission.takeUnsaid()) this.send("probe");
    if (this.permission.isGranted || this.permission.state === "none") return;
    this.permission.grant();
    // Their server sends their presence right behind; without it the watcher would see them offline for a moment.
    const { settle } = this.context.settings;
    if (this.dialogs.size > 0) this.exhibit.settleBy(now + settle, now + RIGHT_BEHIND);
    this.observeState();
  }

  /** The XMPP user refuses, or takes the permission back: the watcher sees an offline user and is told nothing. */
  onUnsubscribed(now: Millis): void {
    if (this.permission.state === "none") return;
    this.permission.refuse(now + this.context.settings.reask);
    this.exhibit.forget();
    this.tellAll(now);
  }

  /** Presence of the XMPP user, meant for this watcher. Never shown before it was granted (EV-27). */
  onPresence(stanza: Element, now: Millis): void {
    if (this.dialogs.size === 0) return;
    // A server that has the permission on record sends presence without being asked again.
    if (this.permission.state === "asked" && stanza.attrs.type !== "unavailable")
      this.permission.grantUnsaid();
    if (!this.permission.isGranted) return;
    if (this.exhibit.isBeforeAnswer(stanza)) return;
    this.exhibit.take(stanza);
    this.tellAll(now);
  }

  /** What the XMPP user publishes by SIP has changed. */
  onPublished(now: Millis): void {
    if (this.permission.isGranted && this.isDecided) this.tellAll(now);
  }

  /** Their server could not pass our question on. */
  onPresenceError(stanza: Element, now: Millis): void {
    if (this.permission.state !== "asked") return;
    const { condition } = readStanzaError(stanza);
    const { outcome } = presenceErrorToOutcome(condition, { polite: true, hideUnknown: true });
    if (outcome.kind === "pending") return;
    if (outcome.kind === "closed") {
      this.onUnsubscribed(now);
      return;
    }
    this.permission.forget();
    const { reason, retryAfterSeconds: retryAfter } = outcome;
    for (const watch of this.dialogs.all)
      this.dialogs.handle(
        watch,
        { kind: "end", reason, ...(retryAfter !== undefined && { retryAfter }) },
        now,
      );
  }

  /**
   * Tells every dialog what is new to it; those that waited for the decision learn it with that. Nothing is said where the
   * last document said the same.
   */
  private tellAll(now: Millis): void {
    this.exhibit.settled();
    const { key } = this.seen;
    for (const watch of this.dialogs.all) {
      const isActive = watch.notifier.state === "active";
      if (isActive && watch.told === key) continue;
      watch.changedAt ??= now;
      this.dialogs.handle(
        watch,
        isActive ? { kind: "state-changed" } : { kind: "authorise", state: "active" },
        now,
      );
    }
    this.observeState();
  }

  private send(type: "subscribe" | "probe" | "unavailable", display?: string): void {
    const { pair, xmpp, ids } = this.context;
    const presence = new Element("presence", {
      from: pair.sipUser,
      to: pair.xmppUser,
      type,
      id: `w${ids()}`,
    });
    // XEP-0172 4.2: who asks, as they call themselves.
    const nick = type === "subscribe" && display ? fromWireText(display).trim().slice(0, MAX_NICK) : "";
    if (nick) presence.c("nick", { xmlns: "http://jabber.org/protocol/nick" }).t(nick);
    xmpp.send(pair.partner, presence);
  }

  private observeState(): void {
    const to = this.dialogs.size === 0 ? undefined : this.isDecided ? "active" : "pending";
    this.observedState = observeChange(this.context, "sip_to_xmpp", this.observedState, to);
  }

  // ---- the link to the user's server

  /** It is down for longer than state may stand: watchers see an offline user. */
  onOutage(now: Millis): void {
    this.exhibit.outage();
    if (this.isDecided) this.tellAll(now);
  }

  /**
   * It is up, again or for the first time: what was missed is asked for. A question that is open may have been answered
   * meanwhile, or was lost itself; it is put again, which servers do not show to a user who has it already (RFC 6121
   * 3.1.3), or by whoever watches next.
   * @returns whether there was something to do.
   */
  onLinkUp(now: Millis): boolean {
    const { state, isOpen } = this.permission;
    if (this.dialogs.size === 0 && state === "asked") {
      this.permission.forget();
      return true;
    }
    if (this.dialogs.size === 0 && !isOpen) return false;
    if (isOpen && !this.isDenied) this.send("subscribe");
    else if (this.permission.isGranted) {
      this.send("probe");
      this.exhibit.askAnew(now + this.context.settings.answer);
    }
    if (this.exhibit.isOut && !this.permission.isGranted) this.exhibit.outageOver();
    return true;
  }

  // ---- over a restart

  /** Hands on what changed since the last call. @param isOver nothing is left to keep. */
  keep(keep: Keep, isOver: boolean, now: Millis): void {
    const { permission, exhibit } = this;
    const watches = this.dialogs.all;
    this.records.keep(keep, isOver ? undefined : { permission, exhibit, watches }, now);
  }

  /** Nothing counts as kept. */
  keepAnew(): void {
    this.records = new SipWatcherRecords(this.context.pair);
    this.dialogsChanged();
  }

  /** The dialogs are kept anew. */
  dialogsChanged(): void {
    for (const watch of this.dialogs.all) watch.keptAs &&= "";
  }

  restoreAuthorization(kept: KeptAuthorization): void {
    this.permission.restore(kept);
  }

  restoreDialog(dialog: DialogId, kept: KeptDialog): void {
    this.dialogs.restore(dialog, kept);
  }

  restorePresence({ resources }: KeptPresence): void {
    if (this.permission.isGranted && resources) this.exhibit.restore(resources);
  }

  /** All is restored: those who wait for no server's answer are told where they are. @returns whether anybody was. */
  recover(now: Millis): boolean {
    if (this.dialogs.size === 0) {
      // What was known was known to dialogs that have lapsed meanwhile, and is old by the time of the next one.
      this.exhibit.forget();
      return true;
    }
    const mayTell = this.isDecided && (!this.permission.isGranted || this.isDenied);
    if (mayTell) this.tellAll(now);
    this.observeState();
    return mayTell;
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline = this.exhibit.nextDeadline();
    const consider = (next: Deadline | undefined) => {
      if (next && (!deadline || next.at < deadline.at)) deadline = next;
    };
    if (this.isRemembering) consider({ at: this.permission.quietUntil!, reason: "question forgotten" });
    for (const watch of this.dialogs.all) consider(watch.notifier.nextDeadline());
    return deadline;
  }

  timeout(now: Millis): void {
    if (this.exhibit.takeProbe(now)) this.send("probe");
    if (this.exhibit.isSettleDue(now)) {
      this.exhibit.giveUpWaiting();
      this.tellAll(now);
    }
    // RFC 6121 4.3.2 lets a server say nothing about a user who is not there.
    if (this.exhibit.isAnswerDue(now)) {
      this.exhibit.knowNothing();
      this.tellAll(now);
    }
    this.dialogs.timeout(now);
    if (this.isRemembering && now >= this.permission.quietUntil!) this.permission.forget();
  }
}
