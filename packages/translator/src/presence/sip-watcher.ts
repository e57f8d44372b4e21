import {
  type Body,
  type Deadline,
  type DialogId,
  fromWireText,
  type HeaderFields,
  type Millis,
  type Notifier,
  type Outcome,
  type RequestRef,
} from "@tombolo/sip";
import { Element } from "ltx";
import { parseJid } from "../address/index.ts";
import { presenceErrorToOutcome } from "../error/index.ts";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { DialogOwner, IncomingRequest, Requester, SipSide } from "../sip-side.ts";
import { readStanzaError } from "../stanza.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { Documents } from "./documents.ts";
import { type Composed, Resources } from "./resources.ts";
import type { Watch } from "./watch.ts";

export interface SipWatcherSettings {
  /** How long after `subscribed` the user's presence is waited for before the watcher is told anyway, ms. */
  readonly settle: Millis;
  /** The same question is not asked of the XMPP user again before this, ms. */
  readonly reask: Millis;
  readonly maxDialogs: number;
}

export const DEFAULT_SIP_WATCHER_SETTINGS: SipWatcherSettings = {
  settle: 2_000,
  reask: 24 * 3_600_000,
  maxDialogs: 16,
};

/** Longest name of a watcher that is passed on with the question, characters. */
export const MAX_NICK = 100;

export interface SipWatcherContext {
  readonly pair: Pair;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly documents: Documents;
  readonly settings: SipWatcherSettings;
  readonly newNotifier: () => Notifier;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  /** Denied before anybody is asked: the watcher sees an offline user (policy.unknownWatcher). */
  readonly isDenied: boolean;
  /** The XMPP user sees the watcher as available, by a subscription of their own. */
  readonly isSeenByUser: () => boolean;
}

/** What the XMPP user has said about this watcher. */
export type WatcherAuthorization = "none" | "asked" | "granted" | "refused";

const OFFLINE: Composed = { state: "Offline", note: undefined };

/**
 * A SIP user watches an XMPP user: we are the notifier (RFC 8048 5.3, SUB-05..10). The first SUBSCRIBE is answered at
 * once and stays pending until the XMPP user decides; a refusal is polite: active, and the document says closed.
 */
export class SipWatcher implements Requester<Watch>, DialogOwner {
  private readonly context: SipWatcherContext;
  private readonly resources = new Resources();
  private readonly watches: Watch[] = [];
  /** 2xx answers whose dialog the engine has not named yet. */
  private readonly accepting = new Map<RequestRef, Watch>();
  private authorization: WatcherAuthorization = "none";
  /** The user's presence has come since there is a watch, or has been waited for. */
  private isKnown = false;
  /** Before this the user is not asked again; a refusal without a watch is forgotten then. */
  private quietUntil: Millis | undefined;
  private settleAt: Millis | undefined;
  private observedState: string | undefined;

  constructor(context: SipWatcherContext) {
    this.context = context;
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  get isIdle(): boolean {
    return this.watches.length === 0 && this.authorization !== "refused";
  }

  get state(): WatcherAuthorization {
    return this.authorization;
  }

  // ---- from SIP

  /** A SUBSCRIBE outside dialogs, its event package and Accept already checked. */
  onSubscribe(request: IncomingRequest, now: Millis): void {
    if (this.watches.length >= this.context.settings.maxDialogs) {
      this.context.sip.answer(request.request, 480, { headers: [["Retry-After", "600"]] });
      return;
    }
    const expires = request.message.number("Expires");
    const watch: Watch = {
      notifier: this.context.newNotifier(),
      isFetch: expires === 0,
      dialog: undefined,
      unanswered: [request.request],
      held: [],
      changedAt: undefined,
      hasEnded: false,
    };
    this.watches.push(watch);
    watch.notifier.handle({ kind: "authorise", state: this.isDecided ? "active" : "pending" }, now);
    this.subscribe(watch, request, now);
    this.observeState();
  }

  /** The watcher may be told something: the state, or that there is none for them. Refusals look like the latter. */
  private get isDecided(): boolean {
    return (
      this.context.isDenied ||
      this.authorization === "refused" ||
      (this.authorization === "granted" && this.isKnown)
    );
  }

  private subscribe(watch: Watch, request: IncomingRequest, now: Millis): void {
    const expires = request.message.number("Expires");
    watch.notifier.handle({ kind: "subscribe", ...(expires !== undefined && { expires }) }, now);
    this.drain(watch, now);
    if (expires === 0 || watch.hasEnded || this.context.isDenied) return;
    if (this.authorization !== "granted") this.ask(request.message.from?.display, now);
    else if (!this.isKnown && this.settleAt === undefined) {
      // The permission is on record from an earlier watch; what the user shows is not.
      this.settleAt = now + this.context.settings.settle;
      this.send("probe");
    }
  }

  /** Asks the XMPP user, who hears the same question once a day at most. A refused watcher sees nothing of it. */
  private ask(display: string | undefined, now: Millis): void {
    if (this.quietUntil !== undefined && now < this.quietUntil) return;
    this.quietUntil = now + this.context.settings.reask;
    if (this.authorization === "none") this.authorization = "asked";
    this.send("subscribe", display);
  }

  onDialogMade(request: RequestRef, dialog: DialogId, now: Millis): void {
    const watch = this.accepting.get(request);
    this.accepting.delete(request);
    if (!watch) return;
    watch.dialog = dialog;
    for (const notify of watch.held.splice(0)) this.notify(watch, notify.state, notify.withBody, now);
    if (watch.hasEnded) this.forget(watch);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const watch = this.watches.find((own) => own.dialog === request.dialog);
    if (!watch) {
      this.context.sip.answer(request.request, 481);
    } else if (request.message.method !== "SUBSCRIBE") {
      this.context.sip.answer(request.request, 405, { headers: [["Allow", "SUBSCRIBE, NOTIFY"]] });
    } else {
      watch.unanswered.push(request.request);
      this.subscribe(watch, request, now);
    }
  }

  onDialogLost(dialog: DialogId, _now: Millis): void {
    const watch = this.watches.find((own) => own.dialog === dialog);
    if (watch) this.forget(watch);
  }

  onOutcome(watch: Watch, outcome: Outcome, now: Millis): void {
    if (watch.hasEnded) return;
    if (outcome.kind === "final")
      watch.notifier.handle({ kind: "notify-answered", status: outcome.status }, now);
    else watch.notifier.handle({ kind: "notify-unanswered" }, now);
    this.drain(watch, now);
  }

  // ---- from XMPP

  /** The XMPP user lets the watcher see them. */
  onSubscribed(now: Millis): void {
    if (this.context.isDenied || this.authorization === "granted" || this.authorization === "none") return;
    this.authorization = "granted";
    // Their server sends their presence right behind; without it the watcher would see them offline for a moment.
    if (this.watches.length > 0) this.settleAt = now + this.context.settings.settle;
    this.observeState();
  }

  /** The XMPP user refuses, or takes the permission back: the watcher sees an offline user and is told nothing. */
  onUnsubscribed(now: Millis): void {
    if (this.authorization === "none" || this.context.isDenied) return;
    this.authorization = "refused";
    this.quietUntil = now + this.context.settings.reask;
    this.isKnown = false;
    this.resources.clear();
    this.tellAll(now);
  }

  /** Presence of the XMPP user, meant for this watcher. Never shown before it was granted (EV-27). */
  onPresence(stanza: Element, now: Millis): void {
    if (this.watches.length === 0 || this.context.isDenied) return;
    // A server that has the permission on record sends presence without being asked again.
    if (this.authorization === "asked" && stanza.attrs.type !== "unavailable") this.authorization = "granted";
    if (this.authorization !== "granted") return;
    this.resources.take(parseJid(stanza.attrs.from ?? "")?.resource ?? "", stanza);
    this.isKnown = true;
    this.tellAll(now);
  }

  /** Their server could not pass our question on. */
  onPresenceError(stanza: Element, now: Millis): void {
    if (this.authorization !== "asked") return;
    const { condition } = readStanzaError(stanza);
    const { outcome } = presenceErrorToOutcome(condition, { polite: true, hideUnknown: true });
    if (outcome.kind === "pending") return;
    if (outcome.kind === "closed") {
      this.onUnsubscribed(now);
      return;
    }
    this.quietUntil = undefined;
    this.authorization = "none";
    for (const watch of [...this.watches]) {
      const { reason, retryAfterSeconds: retryAfter } = outcome;
      watch.notifier.handle({ kind: "end", reason, ...(retryAfter !== undefined && { retryAfter }) }, now);
      this.drain(watch, now);
    }
  }

  /** Tells every dialog that there is something new; those that waited for the decision learn it with that. */
  private tellAll(now: Millis): void {
    this.settleAt = undefined;
    for (const watch of [...this.watches]) {
      watch.changedAt ??= now;
      const isActive = watch.notifier.state === "active";
      watch.notifier.handle(
        isActive ? { kind: "state-changed" } : { kind: "authorise", state: "active" },
        now,
      );
      this.drain(watch, now);
    }
    this.observeState();
  }

  // ---- out

  private drain(watch: Watch, now: Millis): void {
    for (let out = watch.notifier.poll(); out; out = watch.notifier.poll()) {
      switch (out.kind) {
        case "accept":
          this.acceptSubscribe(watch, out.status, out.expires);
          break;
        case "refuse":
          this.context.sip.answer(
            watch.unanswered.shift()!,
            out.status,
            out.status === 423 ? { headers: [["Min-Expires", String(out.minExpires)]] } : {},
          );
          break;
        case "notify":
          if (watch.dialog === undefined)
            watch.held.push({ state: out.subscriptionState, withBody: out.withBody });
          else this.notify(watch, out.subscriptionState, out.withBody, now);
          break;
        case "ended":
          watch.hasEnded = true;
          // A last NOTIFY may wait for the engine to name the dialog.
          if (watch.held.length === 0) this.forget(watch);
          break;
      }
    }
  }

  private acceptSubscribe(watch: Watch, status: number, expires: number): void {
    const headers: HeaderFields = [
      ["Expires", String(expires)],
      ["Event", "presence"],
    ];
    const request = watch.unanswered.shift()!;
    if (watch.dialog === undefined) {
      this.accepting.set(request, watch);
      this.context.sip.accept(this, request, status, { headers });
    } else this.context.sip.answer(request, status, { headers });
  }

  private notify(watch: Watch, state: string, withBody: boolean, now: Millis): void {
    const headers: HeaderFields = [
      ["Event", "presence"],
      ["Subscription-State", state],
    ];
    // RFC 8048 5.3.3: the last one says closed; a fetch's only one says what there is.
    const isFarewell = state.startsWith("terminated") && !watch.isFetch;
    const body = withBody ? this.document(watch, isFarewell, now) : undefined;
    this.context.sip.inDialog<Watch>(this, watch, watch.dialog!, "NOTIFY", headers, body);
  }

  /** What the watcher may see now: the composed state, or an offline user. */
  private document(watch: Watch, isFarewell: boolean, now: Millis): Body {
    const { documents, pair, observe } = this.context;
    const isOpen = this.authorization === "granted" && this.isKnown && !isFarewell;
    const { body, row } = documents.write(pair.xmppUri, isOpen ? this.resources.compose() : OFFLINE);
    const age = now - (watch.changedAt ?? now);
    observe({ what: "presence", direction: "xmpp_to_sip", partner: pair.partner, row, age });
    watch.changedAt = undefined;
    return body;
  }

  private forget(watch: Watch): void {
    watch.hasEnded = true;
    const at = this.watches.indexOf(watch);
    if (at < 0) return;
    this.watches.splice(at, 1);
    if (watch.dialog !== undefined) this.context.sip.drop(watch.dialog);
    if (this.watches.length === 0) this.onLastEnded(watch);
    this.observeState();
  }

  /**
   * RFC 8048 5.3.3: the XMPP user sees the watcher go; the permission stays. Not where the user watches them, too, and
   * knows better.
   */
  private onLastEnded(watch: Watch): void {
    this.settleAt = undefined;
    this.isKnown = false;
    this.resources.clear();
    if (this.authorization === "granted" && !watch.isFetch && !this.context.isSeenByUser())
      this.send("unavailable");
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
    const state = this.watches.length === 0 ? undefined : this.isDecided ? "active" : "pending";
    if (state === this.observedState) return;
    this.context.observe({
      what: "subscription",
      direction: "sip_to_xmpp",
      partner: this.partner,
      from: this.observedState,
      to: state,
    });
    this.observedState = state;
  }

  /** The component link is back: what was missed is asked for. */
  onLinkUp(): void {
    if (this.watches.length === 0) return;
    if (this.authorization === "asked") this.send("subscribe");
    else if (this.authorization === "granted") this.send("probe");
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline: Deadline | undefined;
    const consider = (next: Deadline | undefined) => {
      if (next && (!deadline || next.at < deadline.at)) deadline = next;
    };
    if (this.settleAt !== undefined) consider({ at: this.settleAt, reason: "presence did not follow" });
    if (this.authorization === "refused" && this.watches.length === 0)
      consider({ at: this.quietUntil!, reason: "refusal forgotten" });
    for (const watch of this.watches) consider(watch.notifier.nextDeadline());
    return deadline;
  }

  timeout(now: Millis): void {
    if (this.settleAt !== undefined && now >= this.settleAt) {
      this.isKnown = true;
      this.send("probe");
      this.tellAll(now);
    }
    for (const watch of [...this.watches]) {
      watch.notifier.timeout(now);
      this.drain(watch, now);
    }
    if (this.authorization === "refused" && this.watches.length === 0 && now >= this.quietUntil!)
      this.authorization = "none";
  }
}
