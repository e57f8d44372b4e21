import type { Deadline, Millis } from "@tombolo/sip";
import type { Element } from "ltx";
import { parseJid } from "./address/index.ts";
import { NOT_QUEUED, type Sleeper } from "./deadline-queue.ts";
import { Conversation } from "./im/conversation.ts";
import { contentOf } from "./im/own-message.ts";
import { SessionWire } from "./im/session-wire.ts";
import { TextWire } from "./im/text-wire.ts";
import type { Keep, Kept } from "./kept.ts";
import type { Direction } from "./observation.ts";
import type { Pair } from "./pair.ts";
import type { PairContext } from "./pair-context.ts";
import { SipWatcher } from "./presence/sip-watcher.ts";
import type { SipWatchView, XmppWatchView } from "./presence/views.ts";
import { SipWatchPlace, XmppWatchPlace } from "./presence/watch-places.ts";
import { XmppWatcher } from "./presence/xmpp-watcher.ts";

function forNobody(): void {}

/** What one pair has going: the watch in either direction and the conversation, each made when first needed. */
export class PairLegs implements Sleeper {
  readonly pair: Pair;
  queuePlace = NOT_QUEUED;
  /** Nothing was left to do, and it is in the book no more: what comes late is about nobody. */
  isForgotten = false;
  private context: PairContext;
  private ownConversation: Conversation | undefined;
  private ownSipWatcher: SipWatcher | undefined;
  private ownXmppWatcher: XmppWatcher | undefined;

  constructor(pair: Pair, context: PairContext) {
    this.pair = pair;
    this.context = context;
  }

  /** The XMPP user sees the SIP user as available. */
  get isShowing(): boolean {
    return this.ownXmppWatcher?.isShowing ?? false;
  }

  get isIdle(): boolean {
    return (
      (this.ownConversation?.isIdle ?? true) &&
      (this.ownSipWatcher?.isIdle ?? true) &&
      (this.ownXmppWatcher?.isIdle ?? true)
    );
  }

  /** Each direction that there is. */
  get watches(): { readonly sip: SipWatchView | undefined; readonly xmpp: XmppWatchView | undefined } {
    const { ownSipWatcher: sip, ownXmppWatcher: xmpp } = this;
    return { sip: sip?.isIdle ? undefined : sip?.view, xmpp: xmpp?.isIdle ? undefined : xmpp?.view };
  }

  /** For pages and tests. */
  get states(): { readonly session: string; readonly sipWatcher: string; readonly xmppWatcher: string } {
    return {
      session: this.ownConversation?.state ?? "idle",
      sipWatcher: this.ownSipWatcher?.state ?? "none",
      xmppWatcher: this.ownXmppWatcher?.state ?? "none",
    };
  }

  get conversation(): Conversation {
    if (!this.ownConversation) {
      const { pair } = this;
      const { partner, settings, sip, xmpp, observe, im } = this.context;
      const dialect = partner.profile.im;
      const texts = new TextWire({ dialect, wall: settings.wall ?? (() => undefined) });
      const wire = new SessionWire({
        dialect,
        errorSwitches: partner.profile.errors,
        address: settings.address,
        userUri: pair.xmppUri,
        resource: partner.profile.presence.resource,
        acceptTypes: texts.acceptTypes,
        ids: settings.ids,
      });
      this.ownConversation = new Conversation({
        pair,
        sip,
        xmpp,
        wire,
        texts,
        settings: { ...settings.conversation, inviteTimeout: dialect.inviteTimeoutMs },
        observe,
        ids: settings.ids,
        recent: im.recent,
        rates: im.rates,
        books: im.booksOf(pair.partner),
        mayKeep: () => im.mayKeep,
        wallAt: (at, now) => settings.wall && settings.wall() - (now - at),
        isLinkUp: () => im.isLinkUp(pair.partner),
        isAuthorized: () => this.ownXmppWatcher?.isAuthorized ?? false,
      });
      this.context.onOwner(this.ownConversation, this);
      this.context.onOwner(this.ownConversation.arrivals, this);
      this.context.onOwner(this.ownConversation.sessions, this);
      this.context.onOwner(this.ownConversation.departures.bounces, this);
    }
    return this.ownConversation;
  }

  get sipWatcher(): SipWatcher {
    if (!this.ownSipWatcher) {
      this.ownSipWatcher = new SipWatcher(new SipWatchPlace(this.context, this));
    }
    return this.ownSipWatcher;
  }

  get xmppWatcher(): XmppWatcher {
    if (!this.ownXmppWatcher) {
      this.ownXmppWatcher = new XmppWatcher(new XmppWatchPlace(this.context, this));
    }
    return this.ownXmppWatcher;
  }

  /**
   * A presence stanza of the XMPP user; false when its type is none that there is. Asking and probing is about what they
   * see; the others are about what they show. A machine is made only by what can start something.
   */
  onPresence(stanza: Element, now: Millis): boolean {
    const { type, from, id } = stanza.attrs;
    switch (type) {
      case "subscribe":
        this.xmppWatcher.onSubscribe(stanza, now);
        return true;
      case "unsubscribe":
        this.ownXmppWatcher?.onUnsubscribe(now);
        return true;
      case "probe":
        this.xmppWatcher.onProbe(from!, id, now);
        return true;
      case "subscribed":
        this.ownSipWatcher?.onSubscribed(now);
        return true;
      case "unsubscribed":
        this.ownSipWatcher?.onUnsubscribed(now);
        return true;
      case "error":
        this.ownSipWatcher?.onPresenceError(stanza, now);
        return true;
      case undefined:
      case "unavailable":
        this.ownSipWatcher?.onPresence(stanza, now);
        if (type === "unavailable") this.ownXmppWatcher?.onGone();
        this.unbindGoneResource(stanza);
        return true;
      default:
        return false;
    }
  }

  /** Whether a stanza of the XMPP user answers what the SIP user has begun. */
  isAnswer(stanza: Element): boolean {
    if (stanza.getName() === "message") {
      return contentOf(stanza).kind !== "text" || (this.ownConversation?.awaitsXmppUser ?? false);
    }
    return !["subscribe", "unsubscribe", "probe"].includes(stanza.attrs.type ?? "");
  }

  /** Whether a request of the SIP user outside dialogs answers what the XMPP user has begun. */
  isAnswerOfSipUser(method: string): boolean {
    return method === "MESSAGE" && (this.ownConversation?.awaitsSipUser ?? false);
  }

  /** Replies must not go to a resource that has left. */
  private unbindGoneResource(stanza: Element): void {
    const from = stanza.attrs.from!;
    if (stanza.attrs.type === "unavailable" && parseJid(from)?.resource) {
      this.ownConversation?.arrivals.unbind(from);
    }
  }

  /** @returns whether there was something to do; likewise below. */
  onLinkUp(now: Millis): boolean {
    const sip = this.ownSipWatcher?.onLinkUp(now) ?? false;
    const xmpp = this.ownXmppWatcher?.onLinkUp() ?? false;
    this.ownConversation?.departures.bounces.onLinkUp();
    return sip || xmpp || this.ownConversation !== undefined;
  }

  /** What one of the two publishes has changed. */
  onPublished(now: Millis): void {
    this.ownXmppWatcher?.onPublished();
    this.ownSipWatcher?.onPublished(now);
  }

  /** The link is down for so long that nothing is known of the XMPP user any more. */
  onOutage(now: Millis): boolean {
    this.ownSipWatcher?.onOutage(now);
    return this.ownSipWatcher !== undefined;
  }

  /** What begins from now on goes by these settings; what runs goes on as it is. */
  adopt(context: PairContext): void {
    this.context = context;
  }

  /** The two are not federated any more: watchers see offline users, what was accepted reaches its end. */
  part(now: Millis, isLinkGone: boolean): void {
    this.ownSipWatcher?.part(now);
    this.ownXmppWatcher?.part(now);
    if (isLinkGone) this.ownConversation?.departures.bounces.loseLink();
    this.ownConversation?.close(now);
  }

  /** A rule about this pair has changed. */
  onGate(now: Millis): void {
    this.ownSipWatcher?.onGate(now);
  }

  /** Hands on what changed of what has to outlive the process. */
  keep(keep: Keep, now: Millis): void {
    const isOver = this.isIdle;
    this.ownSipWatcher?.keep(keep, isOver, now);
    this.ownXmppWatcher?.keep(keep, isOver, now);
    this.ownConversation?.departures.keep(keep);
  }

  /** Nothing counts as kept: the next `keep` hands on all of it. */
  keepAnew(): void {
    this.ownSipWatcher?.keepAnew();
    this.ownXmppWatcher?.keepAnew();
    this.ownConversation?.departures.keepAnew();
  }

  restore(kept: Exclude<Kept, { what: "rule" | "publication" }>, now: Millis): void {
    if (kept.what === "text") {
      if (kept.value) this.conversation.departures.restore(kept.id, kept.value, now);
      return;
    }
    const watcher = kept.watcher === "sip" ? this.sipWatcher : this.xmppWatcher;
    if (!kept.value) return;
    if (kept.what === "authorization") watcher.restoreAuthorization(kept.value);
    else if (kept.what === "dialog") watcher.restoreDialog(kept.dialog, kept.value);
    else watcher.restorePresence(kept.value);
  }

  /**
   * All of it is kept as it was restored. Only the dialogs are kept anew with whatever happens next: the CSeq numbers that
   * were set aside for them are used from now on.
   */
  markRestored(now: Millis): void {
    this.keep(forNobody, now);
    this.ownSipWatcher?.dialogsChanged();
    this.ownXmppWatcher?.dialogsChanged();
  }

  /** Everything is restored. */
  recover(now: Millis): boolean {
    const sip = this.ownSipWatcher?.recover(now) ?? false;
    const xmpp = this.ownXmppWatcher?.recover(now) ?? false;
    this.ownConversation?.recover(now);
    return sip || xmpp || this.ownConversation !== undefined;
  }

  /** Texts of this pair whose fate is open. */
  get held(): Readonly<Record<Direction, number>> | undefined {
    const { ownConversation: own } = this;
    return own && { sip_to_xmpp: own.arrivals.held, xmpp_to_sip: own.departures.held };
  }

  /** The store has not taken a text. */
  notKept(id: string): void {
    this.ownConversation?.departures.notKept(id);
  }

  /** The partner may have lost its memory. */
  onPartnerBack(now: Millis): boolean {
    return this.ownXmppWatcher?.recover(now) ?? false;
  }

  drain(now: Millis): void {
    this.ownConversation?.close(now);
  }

  nextDeadline(): Deadline | undefined {
    const watches = sooner(this.ownSipWatcher?.nextDeadline(), this.ownXmppWatcher?.nextDeadline());
    return this.ownConversation ? sooner(this.ownConversation.nextDeadline(), watches) : watches;
  }

  timeout(now: Millis): void {
    this.ownConversation?.timeout(now);
    this.ownSipWatcher?.timeout(now);
    this.ownXmppWatcher?.timeout(now);
  }
}

function sooner(a: Deadline | undefined, b: Deadline | undefined): Deadline | undefined {
  return a && (!b || a.at <= b.at) ? a : b;
}
