import type {
  Deadline,
  DialogId,
  HeaderFields,
  Millis,
  Outcome,
  Subscriber,
  SubscriptionEnded,
} from "@tombolo/sip";
import { Element } from "ltx";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import type { Keep, KeptAuthorization, KeptDialog, KeptPresence } from "../kept.ts";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import { errorStanza } from "../stanza.ts";
import { Announcement } from "./announcement.ts";
import type { ShownPresence } from "./documents.ts";
import { type Fetch, Looking } from "./looking.ts";
import { answerFields, readNotify } from "./subscribe-wire.ts";
import type { XmppWatchView } from "./views.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";
import { XmppWatcherRecords } from "./xmpp-watcher-records.ts";

/** Also a SUBSCRIBE that was accepted and that no NOTIFY followed. */
const NO_ANSWER: Outcome = { kind: "timeout" };
/** A pause so long that the user who asked should hear why. */
const LONG_PAUSE: Millis = 3_600_000;
/** Tries without success after which the user who asked hears of it. */
const TRIES_BEFORE_WORD = 3;

/**
 * An XMPP user watches a SIP user: we are the subscriber (RFC 8048 5.2, SUB-12..16). One dialog per pair, never
 * shared. The wish outlives dialogs: a lost one is replaced, and only the SIP side's own refusal ends the
 * authorisation. A roster is never touched because state was lost here (C-27).
 */
export class XmppWatcher implements Requester<Subscriber | Fetch>, DialogOwner {
  private readonly context: XmppWatcherContext;
  private readonly announcement: Announcement;
  private readonly looking: Looking;
  private records: XmppWatcherRecords;
  private subscriber: Subscriber | undefined;
  private dialog: DialogId | undefined;
  private isWanted = false;
  /** The user has asked by `subscribe` and waits for `subscribed`. */
  private isAsked = false;
  private askId: string | undefined;
  /** Who asked has been told that it does not work now. */
  private isTold = false;
  private isAuthorizedNow = false;
  /** The SIP side has refused; forgotten at this time. */
  private deniedUntil: Millis | undefined;
  private tries = 0;
  private triedAt: Millis = Number.NEGATIVE_INFINITY;
  private retryAt: Millis | undefined;
  private graceUntil: Millis | undefined;
  private observedState: string | undefined;
  /** What last went wrong, for the error that the user is told. */
  private lastFailure: Outcome = NO_ANSWER;
  /** The user has taken the wish back and the dialog is on its way out. */
  private isEnding = false;
  /** When the last document came, and the row of the tables that it was read by. */
  private documentAt: Millis | undefined;
  private row: string | undefined;

  constructor(context: XmppWatcherContext) {
    this.context = context;
    this.announcement = new Announcement(context.pair, context.xmpp, context.resource);
    this.records = new XmppWatcherRecords(context.pair);
    const looker = {
      onSeen: (document: ShownPresence, from: string, id: string | undefined) => {
        const { mappedBy, ...presence } = document;
        this.row = mappedBy;
        this.announcement.note(presence);
        this.announcement.answerProbe(from, id);
      },
      onKept: (now: Millis) => this.takeUp(now),
    };
    this.looking = new Looking(this, looker, context);
  }

  get partner(): string {
    return this.context.pair.partner;
  }

  /** The SIP side has let this user see the presence: errors may be plain (XS-06). */
  get isAuthorized(): boolean {
    return this.isAuthorizedNow;
  }

  /** The user sees the SIP user as available. */
  get isShowing(): boolean {
    return this.announcement.isAvailable;
  }

  get isIdle(): boolean {
    return !this.isWanted && !this.subscriber && this.deniedUntil === undefined && this.looking.isIdle;
  }

  get state(): string {
    if (this.deniedUntil !== undefined) return "denied";
    if (!this.isWanted) return this.subscriber ? "ending" : "none";
    if (this.retryAt !== undefined) return "backoff";
    return this.isAuthorizedNow && this.dialog !== undefined ? "active" : "pending";
  }

  get view(): XmppWatchView {
    const { state, dialog, subscriber, retryAt, deniedUntil, lastFailure: failure } = this;
    return {
      state,
      isAuthorized: this.isAuthorizedNow,
      dialogs:
        dialog === undefined
          ? []
          : [
              {
                dialog,
                state: subscriber?.state ?? "terminated",
                expiresAt: subscriber?.expiresAt,
                documentAt: this.documentAt,
              },
            ],
      retryAt,
      deniedUntil,
      withdrawnAt: this.graceUntil,
      sees: this.announcement.shown && { ...this.announcement.shown, ...(this.row && { row: this.row }) },
      lastFailure:
        failure === NO_ANSWER ? undefined : failure.kind === "final" ? String(failure.status) : failure.kind,
    };
  }

  // ---- from XMPP

  onSubscribe(stanza: Element, now: Millis): void {
    this.deniedUntil = undefined;
    this.looking.cancel();
    this.isWanted = true;
    if (this.isAuthorizedNow && this.subscriber && !this.isEnding) {
      this.tell("subscribed");
      this.announcement.repeat();
      return;
    }
    this.isAsked = true;
    this.isTold = false;
    this.askId = stanza.attrs.id;
    this.tryNow(now);
    this.observeState();
  }

  onUnsubscribe(now: Millis): void {
    this.looking.cancel();
    if (!this.isWanted) this.announcement.withdraw();
    if (!this.isWanted && this.deniedUntil === undefined) return;
    this.isWanted = false;
    this.deniedUntil = undefined;
    this.isAsked = false;
    this.retryAt = undefined;
    this.isAuthorizedNow = false;
    this.withdraw();
    // C-26: at once and not after the SIP answer, which a newer `subscribe` may overtake.
    this.tell("unsubscribed");
    if (this.subscriber && !this.isEnding) {
      this.isEnding = true;
      this.subscriber.handle({ kind: "unsubscribe" }, now);
    }
    this.drain(now);
    this.observeState();
  }

  /** The watcher's server asks for the state: at a log-in, or after it lost its memory (C-15, C-27). */
  onProbe(from: string, id: string | undefined, now: Millis): void {
    if (this.deniedUntil !== undefined) {
      this.tell("unsubscribed", id);
      return;
    }
    // The user has just taken the wish back; their server's question is older.
    if (this.isEnding && !this.isWanted) return;
    if (!this.isWanted) {
      if (this.looking.hasSeen) this.announcement.answerProbe(from, id);
      else this.looking.onProbe(from, id, now);
      return;
    }
    this.tryNow(now);
    if (this.isAuthorizedNow || this.retryAt !== undefined) this.announcement.answerProbe(from, id);
    this.observeState();
  }

  /** The user goes offline: a look is over with that. */
  onGone(): void {
    if (this.isWanted) return;
    this.looking.cancel();
    this.announcement.withdraw();
  }

  /** What a look has shown is taken up as a watch: the SIP side has let this user in before (C-27). */
  private takeUp(now: Millis): void {
    if (this.isWanted || this.deniedUntil !== undefined) return;
    this.isWanted = true;
    this.isAuthorizedNow = true;
    if (!this.subscriber) this.open(now);
    this.observeState();
  }

  /** A new try, at once unless the last one was so recently that it would only be refused again (D2). */
  private tryNow(now: Millis): void {
    if (this.subscriber) return;
    const soonest = this.triedAt + this.context.settings.retryBase;
    if (this.retryAt !== undefined && now < soonest) this.retryAt = Math.min(this.retryAt, soonest);
    else this.open(now);
  }

  private open(now: Millis): void {
    this.retryAt = undefined;
    this.triedAt = now;
    this.lastFailure = NO_ANSWER;
    this.subscriber = this.context.newSubscriber();
    this.subscriber.handle({ kind: "subscribe" }, now);
    this.drain(now);
  }

  // ---- from SIP

  /** @param subscriber whose request it was: an answer that comes after its end says nothing about the next one. */
  onOutcome(subscriber: Subscriber | Fetch, outcome: Outcome, now: Millis): void {
    if ("kind" in subscriber) {
      this.looking.onOutcome(subscriber, outcome, now);
      return;
    }
    const dialog = outcome.kind === "final" ? outcome.dialog : undefined;
    if (this.subscriber !== subscriber) {
      if (dialog !== undefined) this.context.sip.disown(dialog);
      return;
    }
    this.noteLeg(outcome, now);
    // A 2xx brings the route set where the NOTIFY that overtook it had none, and may move the target.
    if (outcome.kind === "final" && outcome.status < 300) this.dialogsChanged();
    if (dialog !== undefined) this.adopt(dialog);
    if (outcome.kind !== "final" || outcome.status >= 300) this.lastFailure = outcome;
    subscriber.handle(
      outcome.kind === "final" ? answerFields(outcome) : { kind: "no-response", why: outcome.kind },
      now,
    );
    this.drain(now);
    this.observeState();
  }

  /** The partner cannot be reached: what was shown stands for the grace, and comes back with the first answer. */
  private noteLeg(outcome: Outcome, now: Millis): void {
    if (this.dialog === undefined) return;
    const isDead = outcome.kind !== "final" || outcome.status === 408 || outcome.status >= 500;
    if (!isDead) this.graceUntil = undefined;
    else if (this.announcement.isKnown) this.graceUntil ??= now + this.context.settings.grace;
  }

  /** A NOTIFY that came before the 200 to our SUBSCRIBE makes the dialog (EV-01); those of other forks don't (EV-04). */
  onOpening(subscriber: Subscriber | Fetch, request: IncomingRequest, now: Millis): void {
    if ("kind" in subscriber) {
      this.looking.onOpening(subscriber, request, now);
      return;
    }
    const { sip } = this.context;
    const isOurs = request.verified.partner === this.partner && this.subscriber === subscriber;
    if (!isOurs || this.dialog !== undefined) {
      sip.answer(request.request, isOurs || request.verified.partner === this.partner ? 481 : 403);
      sip.disown(request.dialog!);
      return;
    }
    this.adopt(request.dialog!);
    this.onDialogRequest(request, now);
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    if (this.looking.isFor(request)) {
      this.looking.onDialogRequest(request, now);
      return;
    }
    const { sip, documents, pair } = this.context;
    const notify = readNotify(request.message);
    if (!notify.ok) {
      sip.answer(request.request, notify.status, notify.extra);
      return;
    }
    // EV-06: at once, whatever the XMPP side does.
    sip.answer(request.request, 200);
    const document = documents.read(request.message, pair.sipUser);
    this.subscriber?.handle({ kind: "notify", ...notify.state, hasBody: document !== undefined }, now);
    this.drain(now, document);
    this.observeState();
  }

  onDialogLost(dialog: DialogId, now: Millis): void {
    if (this.looking.onDialogLost(dialog)) return;
    if (this.dialog !== dialog) return;
    const { grace, spread } = this.context.settings;
    this.dialog = undefined;
    this.subscriber = undefined;
    this.isEnding = false;
    if (this.isWanted) {
      if (this.announcement.isKnown) this.graceUntil ??= now + grace;
      this.retryAt = now + spread * this.context.random();
    }
    this.observeState();
  }

  /** The NOTIFY made the dialog; a 2xx of another fork does not replace it (RFC 6665 4.1.2.4). */
  private adopt(dialog: DialogId): void {
    if (this.dialog === dialog) return;
    if (this.dialog !== undefined) {
      this.context.sip.disown(dialog);
      return;
    }
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
          if (document) this.show(document, now);
          break;
        case "unconfirmed":
          if (this.announcement.awaitsNews) this.announcement.repeat();
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
      sip.open(this, this.subscriber!, {
        method: "SUBSCRIBE",
        from: { uri: pair.xmppUri },
        to: { uri: pair.sipUri },
        headers,
      });
    } else if (this.dialog !== undefined) {
      this.records.requestSent();
      sip.inDialog(this, this.subscriber!, this.dialog, "SUBSCRIBE", headers);
    }
  }

  private onActive(): void {
    this.isAuthorizedNow = true;
    this.tries = 0;
    this.graceUntil = undefined;
    if (!this.isAsked) return;
    this.isAsked = false;
    this.tell("subscribed");
  }

  private onEnded(end: SubscriptionEnded, now: Millis): void {
    if (this.dialog !== undefined) this.context.sip.drop(this.dialog);
    this.dialog = undefined;
    this.subscriber = undefined;
    const wasEnding = this.isEnding;
    this.isEnding = false;
    if (!this.isWanted) return;
    if (wasEnding) {
      // A `subscribe` came while the last dialog was on its way out.
      this.retryAt = now;
    } else if (end.permanent) {
      this.deny(now);
    } else {
      if (end.presence === "lost") this.withdraw();
      else if (end.presence === "grace" && this.announcement.isKnown)
        this.graceUntil ??= now + this.context.settings.grace;
      if (end.retry !== "never")
        this.tryLater(end.retry === "now" ? 0 : (end.afterMs ?? this.backoff()), now);
    }
  }

  private tryLater(pause: Millis, now: Millis): void {
    if (pause >= LONG_PAUSE || this.tries >= TRIES_BEFORE_WORD) this.tellFailure();
    this.retryAt = now + pause;
  }

  /** PR-07: the SIP side has refused for good. */
  private deny(now: Millis): void {
    this.isWanted = false;
    this.deniedUntil = now + this.context.settings.denialKept;
    this.isAsked = false;
    this.isAuthorizedNow = false;
    this.withdraw();
    this.tell("unsubscribed");
  }

  /** Who asked hears once that it does not work now; the wish stays. */
  private tellFailure(): void {
    if (!this.isAsked || this.isTold) return;
    this.isTold = true;
    const { pair, xmpp } = this.context;
    const { error } = stanzaErrorForOutcome(this.lastFailure, { authorized: this.isAuthorizedNow });
    xmpp.send(
      pair.partner,
      errorStanza("presence", { from: pair.xmppUser, to: pair.sipUser, id: this.askId }, error),
    );
  }

  private backoff(): Millis {
    const { retryBase, retryCap } = this.context.settings;
    const pause = Math.min(retryCap, retryBase * 2 ** Math.min(this.tries, 16));
    this.tries += 1;
    return pause * (0.75 + this.context.random() / 2);
  }

  // ---- what the watcher sees

  private show(document: ShownPresence, now: Millis): void {
    this.documentAt = now;
    this.row = document.mappedBy;
    this.context.observe({
      what: "presence",
      direction: "sip_to_xmpp",
      partner: this.partner,
      row: document.mappedBy,
      age: 0,
    });
    const { mappedBy: _, ...presence } = document;
    this.announcement.show(presence);
  }

  private withdraw(reason?: string): void {
    this.graceUntil = undefined;
    this.announcement.withdraw(reason);
  }

  /** Not the id of what it answers, which RFC 6121 3.1.4 leaves out, except for a probe's. */
  private tell(type: "subscribed" | "unsubscribed", id = `a${this.context.ids()}`): void {
    const { pair, xmpp } = this.context;
    xmpp.send(pair.partner, new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type, id }));
  }

  /** The component link is back: the server may have missed the last word. */
  onLinkUp(): void {
    if (!this.isWanted || !this.isAuthorizedNow || this.announcement.awaitsNews) return;
    if (this.announcement.isKnown) this.announcement.repeat();
    else this.announcement.unavailable();
  }

  // ---- over a restart

  /** Hands on what changed since the last call. @param isOver nothing is left to keep. */
  keep(keep: Keep, isOver: boolean, now: Millis): void {
    const { dialog, subscriber, announcement } = this;
    const state = { authorization: this.standing, dialog, subscriber, announcement };
    this.records.keep(keep, isOver ? undefined : state, now);
  }

  /** The dialog is kept anew. */
  dialogsChanged(): void {
    this.records.dialogChanged();
  }

  /** Nothing counts as kept. */
  keepAnew(): void {
    this.records = new XmppWatcherRecords(this.context.pair);
  }

  private get standing(): Omit<KeptAuthorization, "since"> | undefined {
    if (this.deniedUntil !== undefined) return { state: "denied", quietUntil: this.deniedUntil };
    if (!this.isWanted) return undefined;
    const ask = this.isAsked ? { askId: this.askId ?? "" } : {};
    return { state: this.isAuthorizedNow ? "active" : "asked", ...ask };
  }

  restoreAuthorization({ state, quietUntil, askId }: KeptAuthorization): void {
    if (state === "denied") {
      this.deniedUntil = quietUntil;
      return;
    }
    this.isWanted = true;
    this.isAuthorizedNow = state === "active";
    this.isAsked = askId !== undefined;
    this.askId = askId === "" ? undefined : askId;
  }

  restoreDialog(dialog: DialogId, kept: KeptDialog): void {
    this.dialog = dialog;
    this.subscriber = this.context.newSubscriber(kept);
    this.context.sip.own(dialog, this);
  }

  restorePresence({ shown }: KeptPresence): void {
    if (shown && this.isWanted) this.announcement.restore(shown);
  }

  /** After a restart, or when the partner is back from one: its side is asked whether it still knows the dialog. */
  recover(now: Millis): void {
    if (this.subscriber && this.dialog !== undefined) {
      this.subscriber.handle({ kind: "refresh" }, now);
      this.drain(now);
    } else if (this.isWanted && !this.subscriber) {
      if (this.announcement.isKnown) this.graceUntil ??= now + this.context.settings.grace;
      this.open(now);
    }
    this.observeState();
  }

  private observeState(): void {
    const state = this.isWanted ? this.state : undefined;
    if (state === this.observedState) return;
    this.context.observe({
      what: "subscription",
      direction: "xmpp_to_sip",
      partner: this.partner,
      from: this.observedState,
      to: state,
    });
    this.observedState = state;
  }

  // ---- time

  nextDeadline(): Deadline | undefined {
    let deadline = this.subscriber?.nextDeadline();
    const look = this.looking.nextDeadline();
    if (look && (!deadline || look.at < deadline.at)) deadline = look;
    const consider = (at: Millis | undefined, reason: string) => {
      if (at !== undefined && (!deadline || at < deadline.at)) deadline = { at, reason };
    };
    consider(this.retryAt, "subscribe again");
    consider(this.graceUntil, "presence too old");
    consider(this.deniedUntil, "refusal forgotten");
    return deadline;
  }

  timeout(now: Millis): void {
    this.looking.timeout(now);
    this.subscriber?.timeout(now);
    this.drain(now);
    if (this.graceUntil !== undefined && now >= this.graceUntil)
      this.withdraw(`${this.partner} cannot be reached at the moment.`);
    if (this.deniedUntil !== undefined && now >= this.deniedUntil) this.deniedUntil = undefined;
    if (this.retryAt !== undefined && now >= this.retryAt) this.open(now);
    this.observeState();
  }
}
