import type { Deadline, Machine, Millis } from "../machine.ts";
import { FewOutputs } from "./few-outputs.ts";
import { refreshRetryTime, refreshTime } from "./refresh-time.ts";
import type {
  Notified,
  SubscribeAnswered,
  SubscriberInput,
  SubscriberOutput,
  SubscriberSettings,
  SubscribeUnanswered,
  SubscriptionEnded,
} from "./subscriber-port.ts";
import {
  SUBSCRIBER_TABLE,
  type SubscriberAction,
  type SubscriberEnd,
  type SubscriberEvent,
  type SubscriberState,
  type SubscriberStep,
} from "./tables/subscriber.ts";
import {
  answerEvent,
  ENDS,
  type EndMeaning,
  MAX_RETRY_AFTER_MS,
  TERMINATION_REASONS,
  terminationReason,
} from "./tables/subscription-end.ts";

/** Timer N: how long a NOTIFY may take after a SUBSCRIBE, in ms (RFC 6665 4.1.2.4). */
export const TIMER_N_MS = 32_000;
/** A dialog that lived shorter is not replaced at once, in ms: else a notifier that always ends them makes a storm. */
export const MIN_DIALOG_LIFE_MS = 30_000;
/** Longest lifetime asked for or counted on, in seconds. */
export const MAX_EXPIRES_S = 86_400;
/** Expiries this close, in ms, are the same one, counted down: they do not move the refresh. */
const SAME_EXPIRY_MS = 5_000;

/** Outputs that are the same each time. */
const DOCUMENT: SubscriberOutput = { kind: "document" };
const ACTIVE: SubscriberOutput = { kind: "active" };
const PENDING: SubscriberOutput = { kind: "pending" };
const UNCONFIRMED: SubscriberOutput = { kind: "unconfirmed" };

/** What came from the other side to make an event of it. */
type Cause = SubscribeAnswered | SubscribeUnanswered | Notified | undefined;

/**
 * One wish of one watcher for one presentity, over one dialog (RFC 6665 4.1). Knows nothing of CSeq, tags, routes and
 * bodies. Answers to requests that it does not wait for are ignored, so late ones do no harm.
 */
export class Subscriber
  extends FewOutputs<SubscriberOutput>
  implements Machine<SubscriberInput, SubscriberOutput>
{
  private readonly settings: SubscriberSettings;
  private current: SubscriberState = "init";
  private inFlight: "initial" | "refresh" | "end" | undefined;
  /** A NOTIFY has come, so there is a dialog to refresh and to end. */
  private dialog = false;
  private wish: number;
  private asked = 0;
  private lengthened = false;
  private notifierSetExpiry = false;
  private wantedAgain = false;
  private wasActive = false;
  private failures = 0;
  private startedAt: Millis | undefined;
  private lapsesAt: Millis | undefined;
  private refreshAt: Millis | undefined;
  private timerN: Millis | undefined;

  constructor(settings: SubscriberSettings) {
    super();
    this.settings = settings;
    this.wish = Math.min(settings.expires, MAX_EXPIRES_S);
    if (settings.resume !== undefined) {
      this.current = settings.resume.state;
      this.dialog = true;
      this.wasActive = settings.resume.state === "active";
      this.lapsesAt = settings.resume.expiresAt;
      this.refreshAt = settings.resume.refreshAt;
    }
  }

  get state(): SubscriberState {
    return this.current;
  }

  /** When the dialog lapses unless refreshed; undefined while there is none. */
  get expiresAt(): Millis | undefined {
    return this.dialog ? this.lapsesAt : undefined;
  }

  /** Lifetime that the next SUBSCRIBE asks for, in seconds: more than the setting once a 423 has taught us. */
  get expires(): number {
    return this.wish;
  }

  handle(input: SubscriberInput, now: Millis): void {
    switch (input.kind) {
      case "subscribe":
      case "unsubscribe":
        this.apply(input.kind, undefined, now);
        break;
      case "refresh":
        if (this.isIdle) this.apply("refresh-due", undefined, now);
        break;
      case "response":
      case "no-response":
        this.answered(input, now);
        break;
      case "notify":
        this.apply(`notify-${input.state}`, input, now);
        break;
    }
    this.settle(now);
  }

  timeout(now: Millis): void {
    for (let due = this.nextDeadline(); due !== undefined && due.at <= now; due = this.nextDeadline()) {
      const event = this.takeTimer(due.reason);
      if (event !== undefined) this.apply(event, undefined, now);
      this.settle(now);
    }
  }

  nextDeadline(): Deadline | undefined {
    let next: Deadline | undefined;
    if (this.timerN !== undefined) next = { at: this.timerN, reason: "timer N" };
    if (this.refreshAt !== undefined && this.refreshAt < (next?.at ?? Number.POSITIVE_INFINITY)) {
      next = { at: this.refreshAt, reason: "refresh" };
    }
    const expiresAt = this.expiresAt;
    // An expiry at the same instant goes first: it makes the rest pointless.
    if (
      expiresAt !== undefined &&
      this.current !== "ending" &&
      expiresAt <= (next?.at ?? Number.POSITIVE_INFINITY)
    ) {
      next = { at: expiresAt, reason: "expiry" };
    }
    return next;
  }

  /** There is a dialog that lives, and no SUBSCRIBE of ours runs in it. */
  private get isIdle(): boolean {
    const lives = this.current === "pending" || this.current === "active";
    return lives && this.dialog && this.inFlight === undefined;
  }

  private answered(answer: SubscribeAnswered | SubscribeUnanswered, now: Millis): void {
    if (this.inFlight === undefined) return;
    this.inFlight = undefined;
    const event = answer.kind === "response" ? this.sort(answer) : "failed";
    const noNotifyFollows = event !== "accepted" || (answer.kind === "response" && answer.status === 204);
    // In a dialog timer N waits for the NOTIFY after a refresh; before one, for the dialog itself.
    if (noNotifyFollows && this.dialog && this.current !== "ending") this.timerN = undefined;
    this.apply(event, answer, now);
  }

  private sort(answer: SubscribeAnswered): SubscriberEvent {
    const event = answerEvent(answer.status);
    return event === "too-brief" && !this.lengthen(answer.minExpires ?? 0) ? "failed" : event;
  }

  /** Learns from a 423, once per request: false when there is nothing to learn or it was tried (RFC 6665 4.1.2.1). */
  private lengthen(minExpires: number): boolean {
    const minimum = Math.min(minExpires, MAX_EXPIRES_S);
    if (this.lengthened || minimum <= this.asked) return false;
    this.lengthened = true;
    this.wish = Math.max(this.wish, minimum);
    return true;
  }

  private takeTimer(reason: string): SubscriberEvent | undefined {
    if (reason === "expiry") {
      this.lapsesAt = undefined;
      return "expired";
    }
    if (reason === "refresh") {
      this.refreshAt = undefined;
      return "refresh-due";
    }
    this.timerN = undefined;
    if (this.current !== "pending" && this.current !== "active") return "timer-n";
    // With the answer outstanding as well, the transaction's own timeout speaks.
    if (this.inFlight !== undefined) return undefined;
    return this.settings.strictTimerN === true ? "timer-n" : "unconfirmed";
  }

  private settle(now: Millis): void {
    if (this.dialog && this.inFlight === undefined && this.current !== "terminated") {
      this.apply("idle", undefined, now);
    }
  }

  private apply(event: SubscriberEvent, cause: Cause, now: Millis): void {
    const step: SubscriberStep = SUBSCRIBER_TABLE[this.current][event];
    this.settings.trace?.(this.current, event, step.row);
    this.current = step.next;
    if (step.next === "leaving") this.timerN = this.refreshAt = undefined;
    for (const action of step.actions) this.act(action, cause, now);
    if (step.end !== undefined) this.end(step.end, cause, now);
  }

  private act(action: SubscriberAction, cause: Cause, now: Millis): void {
    switch (action) {
      case "send-initial":
        this.startedAt ??= now;
        this.send("initial", this.wish, now);
        break;
      case "send-refresh":
        this.send("refresh", this.wish, now);
        break;
      case "send-end":
        this.send("end", 0, now);
        break;
      case "note-expires":
        this.noteExpires(cause?.kind === "response" ? cause.expires : undefined, now);
        break;
      case "confirm":
        this.confirm(cause?.kind === "notify" ? cause.expires : undefined, now);
        break;
      case "retry-refresh":
        this.retryRefresh(cause?.kind === "response" ? cause.retryAfter : undefined, now);
        break;
      case "document":
        if (cause?.kind === "notify" && cause.hasBody) this.put(DOCUMENT);
        break;
      case "announce-active":
        this.wasActive = true;
        this.put(ACTIVE);
        break;
      case "announce-pending":
        this.put(PENDING);
        break;
      case "count-unconfirmed":
        this.put(UNCONFIRMED);
        break;
      case "want-again":
      case "want-no-more":
        this.wantedAgain = action === "want-again";
        break;
    }
  }

  private send(request: "initial" | "refresh" | "end", expires: number, now: Millis): void {
    this.inFlight = request;
    this.asked = expires;
    this.refreshAt = undefined;
    this.timerN = now + TIMER_N_MS;
    this.put({ kind: "send", request, expires });
  }

  /** A 2xx. The NOTIFY that overtook the answer to the first SUBSCRIBE knew better (EV-07). */
  private noteExpires(granted: number | undefined, now: Millis): void {
    this.lengthened = false;
    this.failures = 0;
    if (!this.notifierSetExpiry) this.lapsesAt = now + Math.min(granted ?? this.asked, MAX_EXPIRES_S) * 1000;
    this.notifierSetExpiry = false;
    this.schedule(now);
  }

  private confirm(expires: number | undefined, now: Millis): void {
    const first = !this.dialog;
    this.dialog = true;
    this.timerN = undefined;
    if (expires === undefined) {
      this.lapsesAt ??= now + this.asked * 1000;
    } else {
      const at = now + Math.min(expires, MAX_EXPIRES_S) * 1000;
      this.notifierSetExpiry ||= first && this.inFlight === "initial";
      if (!first && Math.abs(at - (this.lapsesAt ?? at)) <= SAME_EXPIRY_MS) return;
      this.lapsesAt = at;
    }
    this.schedule(now);
  }

  private schedule(now: Millis): void {
    if (!this.dialog || this.inFlight !== undefined || this.lapsesAt === undefined) return;
    if (this.current !== "pending" && this.current !== "active") return;
    this.refreshAt = refreshTime(now, this.lapsesAt, this.settings.random());
  }

  /** A refresh failed and the dialog stays to its expiry (EV-09): tries again while there is time. */
  private retryRefresh(retryAfter: number | undefined, now: Millis): void {
    this.refreshAt = refreshRetryTime(now, this.lapsesAt ?? now, this.failures++, (retryAfter ?? 0) * 1000);
  }

  private end(end: SubscriberEnd, cause: Cause, now: Millis): void {
    const said = cause?.kind === "notify" ? terminationReason(cause.reason) : "none";
    const meaning: EndMeaning = end === "by-notifier" ? TERMINATION_REASONS[said] : ENDS[end];
    this.put({
      kind: "ended",
      reason: end === "by-notifier" ? said : end,
      ...this.retryOf(end, meaning, cause, now),
      permanent: meaning.permanent,
      presence: meaning.presence,
      ...(cause?.kind === "response" && { status: cause.status }),
      ...(cause?.kind === "no-response" && { why: cause.why }),
      wasActive: this.wasActive,
    });
    this.dialog = false;
    this.inFlight = this.timerN = this.refreshAt = this.lapsesAt = undefined;
  }

  private retryOf(
    end: SubscriberEnd,
    meaning: EndMeaning,
    cause: Cause,
    now: Millis,
  ): Pick<SubscriptionEnded, "retry" | "afterMs"> {
    if (end === "unsubscribed") return { retry: this.wantedAgain ? "now" : "never" };
    const brief = this.startedAt !== undefined && now - this.startedAt < MIN_DIALOG_LIFE_MS;
    if (meaning.retry === "never" || (meaning.retry === "now" && !brief)) return { retry: meaning.retry };
    const retryAfter = cause === undefined || cause.kind === "no-response" ? undefined : cause.retryAfter;
    const afterMs = retryAfter === undefined ? meaning.afterMs : pauseOf(retryAfter);
    return { retry: "after", ...(afterMs !== undefined && { afterMs }) };
  }
}

/** Retry-After as we obey it, in ms. */
function pauseOf(retryAfter: number): number {
  return Math.min(Math.max(retryAfter * 1000, MIN_DIALOG_LIFE_MS), MAX_RETRY_AFTER_MS);
}
