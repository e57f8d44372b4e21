import {
  type Deadline,
  type DialogId,
  type HeaderFields,
  type Millis,
  type Outcome,
  parseSubscriptionState,
  type RequestRef,
  type SubscribeAnswered,
  type Subscriber,
  type SubscriptionEnded,
} from "@tombolo/sip";
import { Element } from "ltx";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { DialogOwner, IncomingRequest, Requester, SipSide } from "../sip-side.ts";
import { errorStanza } from "../stanza.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { Documents, ShownPresence } from "./documents.ts";

export interface XmppWatcherSettings {
  /** First pause before another try when the SIP side could not be asked, ms; doubles up to `retryCap`. */
  readonly retryBase: Millis;
  readonly retryCap: Millis;
  /** How long the last known presence stands while a dialog is being replaced, ms. */
  readonly grace: Millis;
}

export const DEFAULT_XMPP_WATCHER_SETTINGS: XmppWatcherSettings = {
  retryBase: 30_000,
  retryCap: 3_600_000,
  grace: 60_000,
};

export interface XmppWatcherContext {
  readonly pair: Pair;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly documents: Documents;
  readonly settings: XmppWatcherSettings;
  readonly newSubscriber: () => Subscriber;
  /** Accept value of our SUBSCRIBEs: what we offer decides what the peer sends. */
  readonly accept: string;
  /** The resource that stands for the SIP user in XMPP. */
  readonly resource: string;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  readonly random: () => number;
}

/** A pause so long that the user who asked should hear why. */
const LONG_PAUSE: Millis = 3_600_000;
/** Tries without an answer after which the user who asked hears of it. */
const TRIES_BEFORE_WORD = 3;

/**
 * An XMPP user watches a SIP user: we are the subscriber (RFC 8048 5.2, SUB-12..16). One dialog per pair, never
 * shared. The wish outlives dialogs: a lost one is replaced, and only the SIP side's own refusal ends the
 * authorisation. A roster is never touched because state was lost here (C-27).
 */
export class XmppWatcher implements Requester<undefined>, DialogOwner {
  private readonly context: XmppWatcherContext;
  private subscriber: Subscriber | undefined;
  private dialog: DialogId | undefined;
  private isWanted = false;
  /** The user has asked by `subscribe` and waits for `subscribed`. */
  private isAsked = false;
  private askId: string | undefined;
  private isAuthorizedNow = false;
  private isDenied = false;
  /** Last presence told, as the watcher's server has it; undefined: nothing announced. */
  private shown: ShownPresence | undefined;
  private tries = 0;
  private retryAt: Millis | undefined;
  private graceUntil: Millis | undefined;
  private observedState: string | undefined;
  /** The last answer that was a refusal, for the error that the user is told. */
  private lastFailure: Outcome | undefined;
  /** The user has taken the wish back and the dialog is on its way out. */
  private isEnding = false;

  constructor(context: XmppWatcherContext) {
    this.context = context;
  }

  /** The SIP side has let this user see the presence: errors may be plain (XS-06). */
  get isAuthorized(): boolean {
    return this.isAuthorizedNow;
  }

  get isIdle(): boolean {
    return !this.isWanted && !this.subscriber && !this.isDenied;
  }

  get state(): string {
    if (this.isDenied) return "denied";
    if (!this.isWanted) return this.subscriber ? "ending" : "none";
    if (this.retryAt !== undefined) return "backoff";
    return this.isAuthorizedNow && this.dialog !== undefined ? "active" : "pending";
  }

  // ---- from XMPP

  onSubscribe(stanza: Element, now: Millis): void {
    this.isDenied = false;
    this.isWanted = true;
    if (this.isAuthorizedNow && this.subscriber && !this.isEnding) {
      this.sendPresence("subscribed");
      this.announce(this.context.pair.xmppUser);
      return;
    }
    this.isAsked = true;
    this.askId = stanza.attrs.id;
    this.open(now);
  }

  onUnsubscribe(now: Millis): void {
    if (!this.isWanted && !this.isDenied) return;
    this.isWanted = false;
    this.isDenied = false;
    this.isAsked = false;
    this.retryAt = undefined;
    this.graceUntil = undefined;
    this.isAuthorizedNow = false;
    this.withdraw();
    // C-26: at once and not after the SIP answer, which a newer `subscribe` may overtake.
    this.sendPresence("unsubscribed");
    if (this.subscriber && !this.isEnding) {
      this.isEnding = true;
      this.subscriber.handle({ kind: "unsubscribe" }, now);
    }
    this.drain(now);
    this.observeState();
  }

  /** The watcher's server asks for the state: at a log-in, or after it lost its memory (C-15, C-27). */
  onProbe(from: string, id: string | undefined, now: Millis): void {
    if (this.isDenied) {
      this.sendPresence("unsubscribed", id);
      return;
    }
    if (this.isAuthorizedNow && this.shown) {
      this.announce(from, id);
      return;
    }
    this.isWanted = true;
    this.open(now);
  }

  private open(now: Millis): void {
    if (this.subscriber) return;
    this.retryAt = undefined;
    this.subscriber = this.context.newSubscriber();
    this.subscriber.handle({ kind: "subscribe" }, now);
    this.drain(now);
    this.observeState();
  }

  // ---- from SIP

  onOutcome(_purpose: undefined, outcome: Outcome, now: Millis): void {
    if (!this.subscriber) return;
    if (outcome.kind !== "final") {
      this.lastFailure = outcome;
      this.subscriber.handle({ kind: "no-response", why: outcome.kind }, now);
    } else {
      if (outcome.dialog !== undefined) this.adopt(outcome.dialog);
      if (outcome.status >= 300) this.lastFailure = outcome;
      this.subscriber.handle(answerFields(outcome), now);
    }
    this.drain(now);
    this.observeState();
  }

  onDialogMade(_request: RequestRef, _dialog: DialogId, _now: Millis): void {}

  /** A NOTIFY that came before the 200 to our SUBSCRIBE makes the dialog (EV-01). */
  onEarlyNotify(request: IncomingRequest, now: Millis): void {
    this.adopt(request.dialog!);
    this.onDialogRequest(request, now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const { message } = request;
    const sip = this.context.sip;
    if (message.method !== "NOTIFY" && message.method !== "BENOTIFY") {
      sip.answer(request.request, 405, { headers: [["Allow", "NOTIFY"]] });
      return;
    }
    const state = parseSubscriptionState(message.get("Subscription-State") ?? "");
    if (!state) {
      sip.answer(request.request, 400, { reason: "Subscription-State is missing" });
      return;
    }
    // EV-06: at once, whatever the XMPP side does.
    sip.answer(request.request, 200);
    const document = this.context.documents.read(message, this.context.pair.sipUri);
    this.subscriber?.handle({ kind: "notify", ...state, hasBody: document !== undefined }, now);
    this.drain(now, document);
    this.observeState();
  }

  onDialogLost(dialog: DialogId, now: Millis): void {
    if (this.dialog !== dialog) return;
    this.dialog = undefined;
    this.subscriber = undefined;
    if (this.isWanted) {
      if (this.shown) this.graceUntil ??= now + this.context.settings.grace;
      this.retryAt = now;
    }
    this.observeState();
  }

  private adopt(dialog: DialogId): void {
    if (this.dialog === dialog) return;
    if (this.dialog !== undefined) this.context.sip.drop(this.dialog);
    this.dialog = dialog;
    this.context.sip.own(dialog, this);
  }

  // ---- the subscription's life

  /** @param document what the NOTIFY at hand says, where it says something. */
  private drain(now: Millis, document?: ShownPresence): void {
    for (let out = this.subscriber?.poll(); out; out = this.subscriber?.poll()) {
      switch (out.kind) {
        case "send":
          this.sendSubscribe(out.request, out.expires);
          break;
        case "pending":
          this.isAuthorizedNow = false;
          this.withdraw();
          break;
        case "active":
          this.onActive();
          break;
        case "document":
          if (document) this.show(document);
          break;
        case "unconfirmed":
          break;
        case "ended":
          this.onEnded(out, now);
          break;
      }
    }
  }

  private sendSubscribe(request: "initial" | "refresh" | "end", expires: number): void {
    const headers: HeaderFields = [
      ["Event", "presence"],
      ["Accept", this.context.accept],
      ["Expires", String(expires)],
    ];
    const { pair, sip } = this.context;
    if (request === "initial") {
      sip.open(this, undefined, {
        method: "SUBSCRIBE",
        from: { uri: pair.xmppUri },
        to: { uri: pair.sipUri },
        headers,
      });
    } else if (this.dialog !== undefined) {
      sip.inDialog(this, undefined, this.dialog, "SUBSCRIBE", headers);
    }
  }

  private onActive(): void {
    this.isAuthorizedNow = true;
    this.tries = 0;
    this.graceUntil = undefined;
    if (!this.isAsked) return;
    this.isAsked = false;
    this.sendPresence("subscribed");
  }

  private onEnded(end: SubscriptionEnded, now: Millis): void {
    if (this.dialog !== undefined) this.context.sip.drop(this.dialog);
    this.dialog = undefined;
    this.subscriber = undefined;
    const hasEnded = this.isEnding;
    this.isEnding = false;
    if (!this.isWanted) return;
    if (hasEnded) {
      this.retryAt = now;
      return;
    }
    if (end.permanent) {
      this.deny();
      return;
    }
    if (end.presence === "lost") this.withdraw();
    else if (end.presence === "grace" && this.shown) this.graceUntil ??= now + this.context.settings.grace;
    const pause = end.retry === "now" ? 0 : (end.afterMs ?? this.backoff());
    if (pause >= LONG_PAUSE || this.tries === TRIES_BEFORE_WORD) this.tellFailure();
    if (end.retry !== "never") this.retryAt = now + pause;
  }

  /** PR-07: the SIP side has refused for good. */
  private deny(): void {
    this.isWanted = false;
    this.isDenied = true;
    this.isAsked = false;
    this.isAuthorizedNow = false;
    this.withdraw();
    this.sendPresence("unsubscribed");
  }

  /** Who asked hears once that it does not work now; the wish stays. */
  private tellFailure(): void {
    if (!this.isAsked || !this.lastFailure) return;
    const { pair, xmpp } = this.context;
    const { error } = stanzaErrorForOutcome(this.lastFailure, { authorized: this.isAuthorizedNow });
    xmpp.send(
      pair.partner,
      errorStanza("presence", { from: pair.xmppUser, to: pair.sipUser, id: this.askId }, error),
    );
    this.lastFailure = undefined;
  }

  private backoff(): Millis {
    const { retryBase, retryCap } = this.context.settings;
    const pause = Math.min(retryCap, retryBase * 2 ** Math.min(this.tries, 16));
    this.tries += 1;
    return pause * (0.75 + this.context.random() / 2);
  }

  // ---- what the watcher sees

  private show(document: ShownPresence): void {
    const before = this.shown;
    this.shown = document;
    this.context.observe({
      what: "presence",
      direction: "sip_to_xmpp",
      partner: this.context.pair.partner,
      row: document.mappedBy,
      age: 0,
    });
    if (!before || !sameShown(before, document)) this.announce(this.context.pair.xmppUser);
  }

  private announce(to: string, id?: string): void {
    if (!this.shown) return;
    const { pair, resource } = this.context;
    const { type, show, status } = this.shown;
    const presence = new Element("presence", { from: `${pair.sipUser}/${resource}`, to, type, id });
    if (show) presence.c("show").t(show);
    if (status) presence.c("status").t(status);
    this.context.xmpp.send(pair.partner, presence);
  }

  /** What was announced is no longer known: unavailable, without a word about why (XP-07). */
  private withdraw(): void {
    this.graceUntil = undefined;
    if (!this.shown) return;
    const wasAvailable = this.shown.type === undefined;
    this.shown = undefined;
    if (!wasAvailable) return;
    const { pair, resource } = this.context;
    const presence = new Element("presence", {
      from: `${pair.sipUser}/${resource}`,
      to: pair.xmppUser,
      type: "unavailable",
    });
    this.context.xmpp.send(pair.partner, presence);
  }

  private sendPresence(type: "subscribed" | "unsubscribed", id?: string): void {
    const { pair, ids } = this.context;
    const presence = new Element("presence", {
      from: pair.sipUser,
      to: pair.xmppUser,
      type,
      id: id ?? `a${ids()}`,
    });
    this.context.xmpp.send(pair.partner, presence);
  }

  private observeState(): void {
    const state = this.isWanted ? this.state : undefined;
    if (state === this.observedState) return;
    this.context.observe({
      what: "subscription",
      direction: "xmpp_to_sip",
      partner: this.context.pair.partner,
      from: this.observedState,
      to: state,
    });
    this.observedState = state;
  }

  /** The component link is back: the server may have missed the last word. */
  onLinkUp(): void {
    if (this.isAuthorizedNow && this.shown) this.announce(this.context.pair.xmppUser);
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline = this.subscriber?.nextDeadline();
    if (this.retryAt !== undefined && (!deadline || this.retryAt < deadline.at)) {
      deadline = { at: this.retryAt, reason: "subscribe again" };
    }
    if (this.graceUntil !== undefined && (!deadline || this.graceUntil < deadline.at)) {
      deadline = { at: this.graceUntil, reason: "presence too old" };
    }
    return deadline;
  }

  timeout(now: Millis): void {
    this.subscriber?.timeout(now);
    this.drain(now);
    if (this.graceUntil !== undefined && now >= this.graceUntil) this.withdraw();
    if (this.retryAt !== undefined && now >= this.retryAt) {
      this.retryAt = undefined;
      this.open(now);
    }
    this.observeState();
  }
}

function answerFields(outcome: Extract<Outcome, { kind: "final" }>): SubscribeAnswered {
  const { message, status } = outcome;
  const expires = message.number("Expires");
  const minExpires = message.number("Min-Expires");
  const retryAfter = message.number("Retry-After");
  return {
    kind: "response",
    status,
    ...(expires !== undefined && { expires }),
    ...(minExpires !== undefined && { minExpires }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

function sameShown(a: ShownPresence, b: ShownPresence): boolean {
  return a.type === b.type && a.show === b.show && a.status === b.status;
}
