import type {
  Body,
  Deadline,
  DialogId,
  HeaderFields,
  Millis,
  Notifier,
  Outcome,
  RequestRef,
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
import { Resources } from "./resources.ts";

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
}

/** What the XMPP user has said about this watcher. */
export type WatcherAuthorization = "none" | "asked" | "granted" | "refused";

/** One subscription dialog of the watcher: its users may be signed in at several places. */
interface Watch {
  readonly notifier: Notifier;
  dialog: DialogId | undefined;
  /** SUBSCRIBEs that wait for their answer, oldest first. */
  readonly unanswered: RequestRef[];
  /** NOTIFYs that the notifier asked for before the dialog had a name. */
  held: { readonly state: string; readonly withBody: boolean }[];
  hasEnded: boolean;
}

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
  private askedAt: Millis | undefined;
  private settleAt: Millis | undefined;
  /** When the newest unsent change came in, for the age of what the watcher sees. */
  private changedAt: Millis | undefined;
  private observedState: string | undefined;

  constructor(context: SipWatcherContext) {
    this.context = context;
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
    const watch: Watch = {
      notifier: this.context.newNotifier(),
      dialog: undefined,
      unanswered: [request.request],
      held: [],
      hasEnded: false,
    };
    this.watches.push(watch);
    const expires = request.message.number("Expires");
    watch.notifier.handle({ kind: "authorise", state: this.isDecided ? "active" : "pending" }, now);
    watch.notifier.handle({ kind: "subscribe", ...(expires !== undefined && { expires }) }, now);
    this.drain(watch, now);
    if (expires !== 0) this.ask(now);
    this.observeState();
  }

  /** Granted and refused look alike to the watcher: active. Only what the document says differs. */
  private get isDecided(): boolean {
    return this.context.isDenied || this.authorization === "granted" || this.authorization === "refused";
  }

  private ask(now: Millis): void {
    if (this.isDecided) return;
    if (this.askedAt !== undefined && now < this.askedAt + this.context.settings.reask) return;
    this.askedAt = now;
    this.authorization = "asked";
    const { pair, ids } = this.context;
    this.context.xmpp.send(
      pair.partner,
      new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type: "subscribe", id: `a${ids()}` }),
    );
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
    if (!watch || request.message.method !== "SUBSCRIBE") {
      this.context.sip.answer(
        request.request,
        watch ? 405 : 481,
        watch ? { headers: [["Allow", "SUBSCRIBE, NOTIFY"]] } : {},
      );
      return;
    }
    watch.unanswered.push(request.request);
    const expires = request.message.number("Expires");
    watch.notifier.handle({ kind: "subscribe", ...(expires !== undefined && { expires }) }, now);
    this.drain(watch, now);
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
    if (this.context.isDenied || this.authorization === "granted") return;
    if (this.authorization === "none" && this.watches.length === 0) return;
    this.authorization = "granted";
    this.observeState();
    if (!this.resources.isEmpty) this.authorise(now);
    // Their server sends their presence right behind; without it the watcher would see them offline for a moment.
    else this.settleAt = now + this.context.settings.settle;
  }

  /** The XMPP user refuses, or takes the permission back: the watcher sees an offline user and is told nothing. */
  onUnsubscribed(now: Millis): void {
    if (this.authorization === "none") return;
    this.authorization = "refused";
    this.settleAt = undefined;
    this.resources.clear();
    this.changedAt = now;
    this.observeState();
    this.authorise(now);
  }

  /** Presence of the XMPP user, meant for this watcher. Never shown before it was granted (EV-27). */
  onPresence(stanza: Element, now: Millis): void {
    if (this.context.isDenied || this.authorization === "refused") return;
    if (this.watches.length === 0) return;
    // A server that has the permission on record sends presence without being asked again.
    if (this.authorization !== "granted") {
      if (stanza.attrs.type === "unavailable") return;
      this.authorization = "granted";
      this.observeState();
    }
    this.resources.take(parseJid(stanza.attrs.from ?? "")?.resource ?? "", stanza);
    this.changedAt ??= now;
    this.authorise(now);
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
    this.askedAt = undefined;
    this.authorization = "none";
    for (const watch of [...this.watches]) {
      const { reason, retryAfterSeconds: retryAfter } = outcome;
      watch.notifier.handle({ kind: "end", reason, ...(retryAfter !== undefined && { retryAfter }) }, now);
      this.drain(watch, now);
    }
  }

  /** Tells every dialog that it is active, or that there is something new. */
  private authorise(now: Millis): void {
    this.settleAt = undefined;
    for (const watch of [...this.watches]) {
      watch.notifier.handle({ kind: "authorise", state: "active" }, now);
      watch.notifier.handle({ kind: "state-changed" }, now);
      this.drain(watch, now);
    }
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
    const body = withBody ? this.document(now) : undefined;
    this.context.sip.inDialog<Watch>(this, watch, watch.dialog!, "NOTIFY", headers, body);
  }

  /** What the watcher may see now: the composed state, or an offline user. */
  private document(now: Millis): Body {
    const { documents, pair, observe, isDenied } = this.context;
    const shown = !isDenied && this.authorization === "granted" ? this.resources.compose() : undefined;
    const { body, row } = documents.write(pair.xmppUri, shown ?? { state: "Offline", note: undefined });
    observe({
      what: "presence",
      direction: "xmpp_to_sip",
      partner: pair.partner,
      row,
      age: this.changedAt === undefined ? 0 : now - this.changedAt,
    });
    this.changedAt = undefined;
    return body;
  }

  private forget(watch: Watch): void {
    const at = this.watches.indexOf(watch);
    if (at < 0) return;
    this.watches.splice(at, 1);
    if (watch.dialog !== undefined) this.context.sip.drop(watch.dialog);
    if (this.watches.length === 0) this.lastWatchEnded();
    this.observeState();
  }

  /** RFC 8048 5.3.3: the XMPP user sees the watcher go; the permission stays. */
  private lastWatchEnded(): void {
    const { pair } = this.context;
    this.settleAt = undefined;
    this.changedAt = undefined;
    if (this.authorization === "granted") {
      this.context.xmpp.send(
        pair.partner,
        new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type: "unavailable" }),
      );
    }
    this.resources.clear();
  }

  private observeState(): void {
    const state = this.watches.length === 0 ? undefined : this.isDecided ? "active" : "pending";
    if (state === this.observedState) return;
    this.context.observe({
      what: "subscription",
      direction: "sip_to_xmpp",
      partner: this.context.pair.partner,
      from: this.observedState,
      to: state,
    });
    this.observedState = state;
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline: Deadline | undefined =
      this.settleAt === undefined ? undefined : { at: this.settleAt, reason: "presence did not follow" };
    for (const watch of this.watches) {
      const own = watch.notifier.nextDeadline();
      if (own && (!deadline || own.at < deadline.at)) deadline = own;
    }
    return deadline;
  }

  timeout(now: Millis): void {
    if (this.settleAt !== undefined && now >= this.settleAt) {
      this.probe();
      this.authorise(now);
    }
    for (const watch of [...this.watches]) {
      watch.notifier.timeout(now);
      this.drain(watch, now);
    }
  }

  /** Asks for the user's presence (RFC 6121 4.3): from the watcher's bare JID to theirs. */
  private probe(): void {
    const { pair, ids } = this.context;
    this.context.xmpp.send(
      pair.partner,
      new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type: "probe", id: `p${ids()}` }),
    );
  }

  /** The component link is back: what was missed is asked for. */
  onLinkUp(): void {
    if (this.authorization === "granted" && this.watches.length > 0) this.probe();
  }
}
