import type { Deadline, Machine, Millis } from "../machine.ts";
import { FewOutputs } from "./few-outputs.ts";
import type {
  EndReason,
  NotificationEnded,
  NotifierInput,
  NotifierOutput,
  NotifierSettings,
} from "./notifier-port.ts";
import { formatSubscriptionState } from "./subscription-state.ts";
import {
  NOTIFIER_TABLE,
  type NotifierAction,
  type NotifierEnd,
  type NotifierEvent,
  type NotifierState,
  type NotifierStep,
} from "./tables/notifier.ts";
import { NOTIFY_GONE } from "./tables/subscription-end.ts";

/** RFC 3856 6.4, in seconds; also the bound above which no wish may be called too brief (RFC 6665 4.2.1.1). */
export const DEFAULT_EXPIRES_S = 3_600;
/** RFC 3856 6.10, in ms. */
export const DEFAULT_NOTIFY_INTERVAL_MS = 5_000;
/**
 * A NOTIFY that failed for now is owed again, so that a watcher does not see an old state until the next change or
 * refresh. The pause before the next try doubles from the notify interval up to this, in ms.
 */
export const MAX_RETRY_INTERVAL_MS = 60_000;

/** What the last NOTIFY will say. */
interface Closing {
  readonly reason: EndReason;
  readonly retryAfter?: number;
  readonly ended: NotificationEnded["reason"];
}

const LAPSED: Closing = { reason: "timeout", ended: "timeout" };

/**
 * One dialog of one watcher at one presentity (RFC 6665 4.2, RFC 3856 6). One NOTIFY is in flight at a time; what
 * happens meanwhile is told by the next, which says what is true when it leaves. NOTIFYs that follow a 2xx or a new
 * authorisation leave at once, others in their turn.
 */
export class Notifier extends FewOutputs<NotifierOutput> implements Machine<NotifierInput, NotifierOutput> {
  private readonly settings: NotifierSettings;
  private current: NotifierState = "init";
  private authorised = false;
  private lapsesAt: Millis | undefined;
  private granted = 0;
  private inFlight = false;
  private owed: "no" | "in-turn" | "now" = "no";
  /** NOTIFYs in a row that failed for now. */
  private failures = 0;
  private lastNotify: Millis | undefined;
  private closing = LAPSED;

  constructor(settings: NotifierSettings) {
    super();
    this.settings = settings;
    if (settings.resume !== undefined) {
      this.current = settings.resume.state;
      this.authorised = settings.resume.state === "active";
      this.lapsesAt = settings.resume.expiresAt;
    }
  }

  get state(): NotifierState {
    return this.current;
  }

  /** When the subscription lapses unless refreshed; undefined while there is none. */
  get expiresAt(): Millis | undefined {
    return this.lapsesAt;
  }

  handle(input: NotifierInput, now: Millis): void {
    switch (input.kind) {
      case "subscribe":
        this.subscribed(input.expires, now);
        break;
      case "authorise":
        this.apply(input.state === "active" ? "authorise-active" : "authorise-pending", input, now);
        break;
      case "state-changed":
      case "end":
        this.apply(input.kind, input, now);
        break;
      case "notify-answered":
      case "notify-unanswered":
        if (!this.inFlight) return;
        this.inFlight = false;
        this.apply(this.outcome(input), input, now);
        break;
    }
    this.notifyIfDue(now);
  }

  timeout(now: Millis): void {
    if (this.lapsesAt !== undefined && this.lapsesAt <= now) {
      this.lapsesAt = undefined;
      this.apply("expired", undefined, now);
    }
    this.notifyIfDue(now);
  }

  nextDeadline(): Deadline | undefined {
    const turn = this.turn();
    const expiry = this.lapsesAt;
    if (turn !== undefined && (expiry === undefined || turn < expiry))
      return { at: turn, reason: "NOTIFY in turn" };
    return expiry === undefined ? undefined : { at: expiry, reason: "expiry" };
  }

  private subscribed(expires: number | undefined, now: Millis): void {
    const wish = expires ?? this.settings.defaultExpires ?? DEFAULT_EXPIRES_S;
    this.granted = Math.min(wish, this.settings.maxExpires);
    if (wish <= 0) this.apply("subscribe-zero", undefined, now);
    else if (wish < this.minimum()) this.apply("too-brief", undefined, now);
    else {
      const first = this.current === "init";
      this.apply("subscribe", undefined, now);
      // Authorised before it subscribed: the first NOTIFY says so, no pending comes before it.
      if (first && this.authorised) this.apply("authorise-active", undefined, now);
    }
  }

  private minimum(): number {
    return Math.min(this.settings.minExpires ?? 0, DEFAULT_EXPIRES_S);
  }

  private outcome(
    input: Extract<NotifierInput, { kind: "notify-answered" | "notify-unanswered" }>,
  ): NotifierEvent {
    if (input.kind === "notify-unanswered")
      return this.settings.unanswered === "keep" ? "refused" : "subscriber-gone";
    if (input.status >= 200 && input.status < 300) return "answered";
    return NOTIFY_GONE.has(input.status) ? "subscriber-gone" : "refused";
  }

  /** When the owed NOTIFY may leave by itself; undefined while none is owed or one is in flight. */
  private turn(): Millis | undefined {
    if (this.inFlight || this.owed === "no") return undefined;
    if (this.owed === "now" || this.lastNotify === undefined) return Number.NEGATIVE_INFINITY;
    return this.lastNotify + this.pause();
  }

  private pause(): Millis {
    const interval = this.settings.notifyInterval ?? DEFAULT_NOTIFY_INTERVAL_MS;
    if (this.failures === 0) return interval;
    const longest = Math.max(MAX_RETRY_INTERVAL_MS, interval);
    return Math.min(longest, interval * 2 ** Math.min(this.failures, 16));
  }

  private notifyIfDue(now: Millis): void {
    const turn = this.turn();
    if (turn !== undefined && turn <= now) this.apply("due", undefined, now);
  }

  private apply(event: NotifierEvent, input: NotifierInput | undefined, now: Millis): void {
    const step: NotifierStep = NOTIFIER_TABLE[this.current][event];
    this.settings.trace?.(this.current, event, step.row);
    const before = this.current;
    this.current = step.next;
    for (const action of step.actions) this.act(action, before, input, now);
    if (step.end !== undefined) this.end(step.end, input);
  }

  private act(
    action: NotifierAction,
    before: NotifierState,
    input: NotifierInput | undefined,
    now: Millis,
  ): void {
    switch (action) {
      case "accept":
        this.lapsesAt = now + this.granted * 1000;
        this.put({ kind: "accept", status: 200, expires: this.granted });
        break;
      case "accept-zero":
        this.put({ kind: "accept", status: 200, expires: 0 });
        break;
      case "refuse-too-brief":
        this.put({ kind: "refuse", status: 423, minExpires: this.minimum() });
        break;
      case "refuse-gone":
        this.put({ kind: "refuse", status: 481 });
        break;
      case "remember-active":
      case "remember-pending":
        this.authorised = action === "remember-active";
        break;
      case "owe-now":
        this.owed = "now";
        break;
      case "owe-in-turn":
        if (this.owed === "no") this.owed = "in-turn";
        break;
      case "owe-again":
        this.failures += 1;
        if (this.owed === "no") this.owed = "in-turn";
        break;
      case "forget-failures":
        this.failures = 0;
        break;
      case "close-unsubscribed":
        this.close({ reason: "timeout", ended: "unsubscribed" });
        break;
      case "close-expired":
        this.close({ reason: "timeout", ended: before === "init" ? "fetched" : "timeout" });
        break;
      case "close-as-told":
        if (input?.kind !== "end") break;
        this.close({ ...input, ended: input.reason });
        if (input.atOnce) this.owed = "now";
        break;
      case "notify":
        this.notify(this.current === "active" ? "active" : "pending", now);
        break;
      case "notify-last":
        this.notify("terminated", now);
        break;
    }
  }

  private close(closing: Closing): void {
    this.closing = closing;
    this.lapsesAt = undefined;
  }

  private notify(state: "active" | "pending" | "terminated", now: Millis): void {
    // One second at least: "active;expires=0" would read as an end.
    const left = Math.max(1, Math.floor(((this.lapsesAt ?? now) - now) / 1000));
    const { reason, retryAfter } = this.closing;
    this.put({
      kind: "notify",
      subscriptionState: formatSubscriptionState(
        state === "terminated"
          ? { state, reason, ...(retryAfter !== undefined && { retryAfter }) }
          : { state, expires: left },
      ),
      withBody: this.authorised,
    });
    this.inFlight = true;
    this.owed = "no";
    this.lastNotify = now;
  }

  private end(end: NotifierEnd, input: NotifierInput | undefined): void {
    const reason =
      end === "final-sent" ? this.closing.ended : input?.kind === "notify-unanswered" ? "unanswered" : end;
    this.put({
      kind: "ended",
      reason,
      ...(input?.kind === "notify-answered" && { status: input.status }),
    });
    this.inFlight = false;
    this.owed = "no";
    this.lapsesAt = undefined;
  }
}
