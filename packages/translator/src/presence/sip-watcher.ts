import {
  type Body,
  type Deadline,
  type DialogId,
  fromWireText,
  type HeaderFields,
  type Millis,
  type Outcome,
  type RequestRef,
} from "@tombolo/sip";
import { Element } from "ltx";
import { parseJid } from "../address/index.ts";
import { presenceErrorToOutcome } from "../error/index.ts";
import type { Keep, KeptAuthorization, KeptDialog, KeptPresence } from "../kept.ts";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import { readStanzaError } from "../stanza.ts";
import type { MappedState } from "./documents.ts";
import { type Composed, Resources } from "./resources.ts";
import type { SipWatcherContext } from "./sip-watcher-context.ts";
import { SipWatcherRecords } from "./sip-watcher-records.ts";
import type { SipWatchView } from "./views.ts";
import { newWatch, type Watch } from "./watch.ts";

/** Longest name of a watcher that is passed on with the question, characters. */
export const MAX_NICK = 100;

/** What the XMPP user has said about this watcher. */
export type WatcherAuthorization = "none" | "asked" | "granted" | "refused";

/** What was sent so short a time before the link went down may not have arrived, ms. */
const LINK_DOUBT: Millis = 60_000;

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
  private isDenied: boolean;
  private askedAt: Millis | undefined;
  /** The link to the user's server is down for so long that nothing is known any more. */
  private isOut = false;
  /** What is known is from before an outage or a restart, and the user's server has been asked; given up at `answerBy`. */
  private isStale = false;
  private answerBy: Millis | undefined;
  /** What watchers may see now, until something changes. */
  private mapped: MappedState | undefined;
  private records: SipWatcherRecords;

  constructor(context: SipWatcherContext) {
    this.context = context;
    this.isDenied = context.isDenied();
    this.records = new SipWatcherRecords(context.pair);
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  get isIdle(): boolean {
    return this.watches.length === 0 && !this.isRemembering;
  }

  /** Nobody watches; what was asked or answered is kept so that the user is not asked again. */
  private get isRemembering(): boolean {
    return this.watches.length === 0 && this.quietUntil !== undefined && this.authorization !== "granted";
  }

  get state(): WatcherAuthorization {
    return this.authorization;
  }

  get view(): SipWatchView {
    const { authorization, askedAt, isDenied, isOut, isStale } = this;
    const { state, note, row } = this.current();
    return {
      authorization,
      askedAt,
      isDenied,
      isOut,
      isStale,
      resources: this.resources.list(),
      sees: { state, ...(note !== undefined && { note }), ...(row !== undefined && { row }) },
      dialogs: this.watches.map(({ dialog, notifier, toldAt }) => ({
        dialog: dialog ?? "",
        state: notifier.state,
        expiresAt: notifier.expiresAt,
        documentAt: toldAt,
      })),
    };
  }

  // ---- from SIP

  /** A SUBSCRIBE outside dialogs, its event package and Accept already checked. */
  onSubscribe(request: IncomingRequest, now: Millis): void {
    if (this.watches.length >= this.context.settings.maxDialogs) {
      this.context.sip.answer(request.request, 480, { headers: [["Retry-After", "600"]] });
      return;
    }
    const expires = request.message.number("Expires");
    const watch = newWatch(this.context.newNotifier(), expires === 0);
    watch.unanswered.push(request.request);
    this.watches.push(watch);
    this.isDenied = this.context.isDenied();
    this.mapped = undefined;
    watch.notifier.handle({ kind: "authorise", state: this.isDecided ? "active" : "pending" }, now);
    this.subscribe(watch, request, now);
    this.observeState();
  }

  /** The watcher may be told something: the state, or that there is none for them. Refusals look like the latter. */
  private get isDecided(): boolean {
    return (
      this.isDenied || this.authorization === "refused" || (this.authorization === "granted" && this.isKnown)
    );
  }

  private subscribe(watch: Watch, request: IncomingRequest, now: Millis): void {
    const expires = request.message.number("Expires");
    watch.notifier.handle({ kind: "subscribe", ...(expires !== undefined && { expires }) }, now);
    this.drain(watch, now);
    if (expires === 0 || watch.hasEnded || this.isDenied) return;
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
    this.askedAt = now;
    if (this.authorization === "none") this.authorization = "asked";
    this.send("subscribe", display);
  }

  /** A rule has changed: what it shuts out sees an offline user at the next turn, what it lets in is as if new. */
  onGate(now: Millis): void {
    const isDenied = this.context.isDenied();
    if (isDenied === this.isDenied) return;
    this.isDenied = isDenied;
    this.mapped = undefined;
    if (isDenied) this.tellAll(now);
    else if (this.watches.length > 0) {
      if (this.authorization !== "granted") this.ask(undefined, now);
      else if (this.isKnown) this.tellAll(now);
      else this.settleAt ??= now + this.context.settings.settle;
      this.observeState();
    }
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
    // Whether it was taken is not known: the next change is told even if it is one back to what was told before.
    if (outcome.kind !== "final" || outcome.status >= 300) watch.told = undefined;
    if (outcome.kind === "final")
      watch.notifier.handle({ kind: "notify-answered", status: outcome.status }, now);
    else watch.notifier.handle({ kind: "notify-unanswered" }, now);
    this.drain(watch, now);
  }

  // ---- from XMPP

  /** The XMPP user lets the watcher see them. */
  onSubscribed(now: Millis): void {
    if (this.authorization === "granted" || this.authorization === "none") return;
    this.authorization = "granted";
    this.mapped = undefined;
    // Their server sends their presence right behind; without it the watcher would see them offline for a moment.
    if (this.watches.length > 0) this.settleAt = now + this.context.settings.settle;
    this.observeState();
  }

  /** The XMPP user refuses, or takes the permission back: the watcher sees an offline user and is told nothing. */
  onUnsubscribed(now: Millis): void {
    if (this.authorization === "none") return;
    this.authorization = "refused";
    this.quietUntil = now + this.context.settings.reask;
    this.forgetPresence();
    this.tellAll(now);
  }

  /** Presence of the XMPP user, meant for this watcher. Never shown before it was granted (EV-27). */
  onPresence(stanza: Element, now: Millis): void {
    if (this.watches.length === 0) return;
    // A server that has the permission on record sends presence without being asked again.
    if (this.authorization === "asked" && stanza.attrs.type !== "unavailable") this.authorization = "granted";
    if (this.authorization !== "granted") return;
    if (this.isStale) this.resources.clear();
    this.isStale = false;
    this.isOut = false;
    this.answerBy = undefined;
    this.mapped = undefined;
    this.records.presenceChanged();
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

  /**
   * Tells every dialog what is new to it; those that waited for the decision learn it with that. Nothing is said where the
   * last document said the same.
   */
  private tellAll(now: Millis): void {
    this.settleAt = undefined;
    const { key } = this.current();
    for (const watch of [...this.watches]) {
      const isActive = watch.notifier.state === "active";
      if (isActive && watch.told === key) continue;
      watch.changedAt ??= now;
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
    watch.unkept += 1;
    this.context.sip.inDialog<Watch>(this, watch, watch.dialog!, "NOTIFY", headers, body);
  }

  /** A farewell says closed, whatever there is. */
  private document(watch: Watch, isFarewell: boolean, now: Millis): Body {
    const { documents, pair, observe } = this.context;
    const state = isFarewell ? documents.map(OFFLINE) : this.current();
    const { body, row } = documents.write(pair.xmppUri, state);
    const age = now - (watch.changedAt ?? now);
    observe({ what: "presence", direction: "xmpp_to_sip", partner: pair.partner, row, age });
    watch.changedAt = undefined;
    watch.told = state.key;
    watch.toldAt = now;
    return body;
  }

  /** What watchers may see: the composed state, or an offline user. */
  private current(): MappedState {
    const isOpen = this.authorization === "granted" && this.isKnown && !this.isDenied && !this.isOut;
    this.mapped ??= this.context.documents.map(isOpen ? this.resources.compose() : OFFLINE);
    return this.mapped;
  }

  private forgetPresence(): void {
    this.isKnown = false;
    this.isStale = false;
    this.answerBy = undefined;
    this.mapped = undefined;
    this.resources.clear();
    this.records.presenceChanged();
  }

  private forget(watch: Watch): void {
    watch.hasEnded = true;
    const at = this.watches.indexOf(watch);
    if (at < 0) return;
    this.watches.splice(at, 1);
    this.records.watchEnded(watch);
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
    this.forgetPresence();
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

  // ---- the link to the user's server

  /** It is down for longer than state may stand: watchers see an offline user. */
  onOutage(now: Millis): void {
    this.isOut = true;
    this.mapped = undefined;
    if (this.isDecided) this.tellAll(now);
  }

  /**
   * It is up, again or for the first time: what was missed is asked for.
   * @param downSince when it went down, ms.
   */
  onLinkUp(downSince: Millis | undefined, now: Millis): void {
    if (this.watches.length === 0) return;
    const askedSince = (downSince ?? now) - LINK_DOUBT;
    if (this.authorization === "asked" && this.askedAt !== undefined && this.askedAt >= askedSince)
      this.send("subscribe");
    else if (this.authorization === "granted") {
      this.send("probe");
      // A short gap leaves what is known standing where no answer comes.
      if (this.isOut || this.isStale) this.answerBy = now + this.context.settings.answer;
      this.isStale = true;
    }
    if (this.isOut && this.authorization !== "granted") {
      this.isOut = false;
      this.mapped = undefined;
    }
  }

  // ---- over a restart

  /** Hands on what changed since the last call. @param isOver nothing is left to keep. */
  keep(keep: Keep, isOver: boolean, now: Millis): void {
    const { authorization, quietUntil, watches } = this;
    const resources = this.isKnown && authorization === "granted" ? this.resources : undefined;
    this.records.keep(keep, isOver ? undefined : { authorization, quietUntil, watches, resources }, now);
  }

  /** Nothing counts as kept. */
  keepAnew(): void {
    this.records = new SipWatcherRecords(this.context.pair);
    this.dialogsChanged();
  }

  /** The dialogs are kept anew. */
  dialogsChanged(): void {
    for (const watch of this.watches) watch.keptAs &&= "";
  }

  restoreAuthorization({ state, quietUntil }: KeptAuthorization): void {
    this.authorization = state === "active" ? "granted" : state === "denied" ? "refused" : "asked";
    this.quietUntil = quietUntil;
  }

  restoreDialog(dialog: DialogId, { state, expiresAt }: KeptDialog): void {
    const watch = newWatch(this.context.newNotifier({ state, expiresAt }), false);
    watch.dialog = dialog;
    watch.keptAs = "";
    this.watches.push(watch);
    this.context.sip.own(dialog, this);
  }

  restorePresence({ resources }: KeptPresence): void {
    if (this.authorization !== "granted" || !resources) return;
    this.resources.restore(resources);
    this.isKnown = true;
    this.isStale = true;
  }

  /** All is restored: those who wait for no server's answer are told where they are. */
  recover(now: Millis): void {
    if (this.watches.length === 0) return;
    if (this.isDecided && (this.authorization !== "granted" || this.isDenied)) this.tellAll(now);
    this.observeState();
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline: Deadline | undefined;
    const consider = (next: Deadline | undefined) => {
      if (next && (!deadline || next.at < deadline.at)) deadline = next;
    };
    if (this.settleAt !== undefined) consider({ at: this.settleAt, reason: "presence did not follow" });
    if (this.answerBy !== undefined) consider({ at: this.answerBy, reason: "probe not answered" });
    if (this.isRemembering) consider({ at: this.quietUntil!, reason: "question forgotten" });
    for (const watch of this.watches) consider(watch.notifier.nextDeadline());
    return deadline;
  }

  timeout(now: Millis): void {
    if (this.settleAt !== undefined && now >= this.settleAt) {
      this.isKnown = true;
      this.mapped = undefined;
      this.send("probe");
      this.tellAll(now);
    }
    if (this.answerBy !== undefined && now >= this.answerBy) this.onNoAnswer(now);
    for (const watch of [...this.watches]) {
      watch.notifier.timeout(now);
      this.drain(watch, now);
    }
    if (this.isRemembering && now >= this.quietUntil!) {
      this.authorization = "none";
      this.quietUntil = undefined;
    }
  }

  /** RFC 6121 4.3.2 lets a server say nothing about a user who is not there. */
  private onNoAnswer(now: Millis): void {
    this.forgetPresence();
    this.isKnown = true;
    this.isOut = false;
    this.tellAll(now);
  }
}
