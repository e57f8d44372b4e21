import type { Deadline, Machine, Millis } from "../machine.ts";
import type {
  PublishAnswered,
  PublisherInput,
  PublisherOutput,
  PublisherSettings,
  PublishOperation,
} from "./publisher-port.ts";
import { refreshRetryTime, refreshTime } from "./refresh-time.ts";
import {
  PUBLISHER_TABLE,
  type PublishAnswerEvent,
  type PublisherAction,
  type PublisherEvent,
  type PublisherState,
  type PublisherStep,
  publishAnswerEvent,
} from "./tables/publisher.ts";

/** Longest lifetime asked for or counted on, s. */
const MAX_LIFETIME_S = 86_400;
/** Pause after an answer that no retry will soon change, and the longest Retry-After obeyed, ms. */
export const PUBLISHER_REFUSAL_MS: Millis = 86_400_000;

const OPERATIONS = {
  "send-create": "create",
  "send-refresh": "refresh",
  "send-modify": "modify",
  "send-remove": "remove",
} as const;

/**
 * One publication at one server (RFC 3903 4): made, refreshed, modified and removed, one PUBLISH at a time. Knows nothing
 * of documents: who sends takes the newest. A tag that the server does not know is never sent twice (4.6).
 */
export class Publisher implements Machine<PublisherInput, PublisherOutput> {
  private readonly settings: PublisherSettings;
  private readonly outputs: PublisherOutput[] = [];
  private current: PublisherState = "idle";
  private inFlight: PublishOperation | undefined;
  private isWanted = false;
  /** The server has an older state than the newest. */
  private isDirty = false;
  private etag: string | undefined;
  private wish: number;
  private asked = 0;
  private lengthened = false;
  private failures = 0;
  private expiresAt: Millis | undefined;
  private refreshAt: Millis | undefined;
  private retryAt: Millis | undefined;
  /** No change goes out before this. */
  private notBefore: Millis = Number.NEGATIVE_INFINITY;

  constructor(settings: PublisherSettings) {
    this.settings = settings;
    this.wish = Math.min(settings.expires, MAX_LIFETIME_S);
    if (!settings.resume) return;
    this.current = "published";
    this.isWanted = true;
    this.etag = settings.resume.etag;
    this.expiresAt = this.refreshAt = settings.resume.expiresAt;
  }

  get state(): PublisherState {
    return this.current;
  }

  /** Nothing is published, under way or waited for. */
  get isIdle(): boolean {
    return this.current === "idle";
  }

  /** What the server holds, by the last answer; undefined while it holds nothing of ours. */
  get publication(): { readonly etag: string; readonly expiresAt: Millis } | undefined {
    const [etag, expiresAt] = [this.etag, this.expiresAt];
    return etag === undefined || expiresAt === undefined ? undefined : { etag, expiresAt };
  }

  handle(input: PublisherInput, now: Millis): void {
    switch (input.kind) {
      case "publish":
      case "remove":
        this.apply(input.kind, undefined, now);
        break;
      case "refresh":
        if (this.current === "published") this.apply("refresh-due", undefined, now);
        else if (this.current === "waiting" || this.current === "refused")
          this.apply("retry-due", undefined, now);
        break;
      case "response":
      case "no-response":
        if (this.inFlight === undefined) break;
        this.apply(this.sort(input), input.kind === "response" ? input : undefined, now);
        break;
    }
    this.settle(now);
  }

  timeout(now: Millis): void {
    for (let due = this.due(); due !== undefined && due.at <= now; due = this.due()) {
      if (due.event === "refresh-due") this.refreshAt = undefined;
      if (due.event === "retry-due") this.retryAt = undefined;
      this.apply(due.event, undefined, now);
      this.settle(now);
    }
  }

  nextDeadline(): Deadline | undefined {
    const due = this.due();
    return due && { at: due.at, reason: due.reason };
  }

  poll(): PublisherOutput | undefined {
    return this.outputs.shift();
  }

  /** What is next by the clock. An expiry at the same instant goes first: it makes the rest pointless. */
  private due(): { at: Millis; reason: string; event: PublisherEvent } | undefined {
    const state = this.current;
    let first: { at: Millis; reason: string; event: PublisherEvent } | undefined;
    const consider = (at: Millis | undefined, reason: string, event: PublisherEvent) => {
      if (at !== undefined && (!first || at < first.at)) first = { at, reason, event };
    };
    if (state === "published" || state === "departing")
      consider(this.expiresAt, "publication lapses", "expired");
    if (state === "published") {
      if (this.isDirty) consider(this.notBefore, "publish a change", "changed");
      consider(this.refreshAt, "refresh the publication", "refresh-due");
    }
    if (state === "departing" || state === "waiting" || state === "refused")
      consider(this.retryAt, "publish again", "retry-due");
    return first;
  }

  /** What is to be done at once, now that nothing is under way. */
  private settle(now: Millis): void {
    if (this.inFlight !== undefined) return;
    const state = this.current;
    if (state === "idle" || state === "departing") {
      if (this.isWanted) this.apply("changed", undefined, now);
    } else if (!this.isWanted) {
      this.apply("unwanted", undefined, now);
    } else if (state === "published" && this.isDirty && now >= this.notBefore) {
      this.apply("changed", undefined, now);
    }
  }

  /** A 2xx without entity tag is no use: it could be neither refreshed nor removed (RFC 3903 6 step 6). */
  private sort(answer: PublishAnswered | { readonly kind: "no-response" }): PublishAnswerEvent {
    if (answer.kind === "no-response") return "failed";
    const event = publishAnswerEvent(answer.status);
    if (event === "accepted" && answer.etag === undefined && this.inFlight !== "remove") return "refused";
    return event === "too-brief" && !this.lengthen(answer.minExpires ?? 0) ? "failed" : event;
  }

  /** Learns from a 423, once per request: false when there is nothing to learn or it was tried. */
  private lengthen(minExpires: number): boolean {
    const minimum = Math.min(minExpires, MAX_LIFETIME_S);
    if (this.lengthened || minimum <= this.asked) return false;
    this.lengthened = true;
    this.wish = Math.max(this.wish, minimum);
    return true;
  }

  private apply(event: PublisherEvent, answer: PublishAnswered | undefined, now: Millis): void {
    const step: PublisherStep = PUBLISHER_TABLE[this.current][event];
    this.settings.trace?.(this.current, event, step.row);
    this.current = step.next;
    for (const action of step.actions) this.act(action, answer, now);
    const isUnderWay = step.next === "creating" || step.next === "updating" || step.next === "removing";
    if (!isUnderWay) this.inFlight = undefined;
  }

  private act(action: PublisherAction, answer: PublishAnswered | undefined, now: Millis): void {
    switch (action) {
      case "send-create":
      case "send-refresh":
      case "send-modify":
      case "send-remove":
        this.send(OPERATIONS[action], now);
        break;
      case "again":
        this.isDirty = true;
        this.notBefore = now;
        break;
      case "want":
        this.isWanted = this.isDirty = true;
        break;
      case "want-no-more":
        this.isWanted = false;
        break;
      case "adopt":
        this.adopt(answer!, now);
        break;
      case "forget":
        this.etag = this.expiresAt = this.refreshAt = undefined;
        break;
      case "retry":
        this.retryAt = now + this.pause(answer);
        break;
      case "retry-refresh":
        this.retryRefresh(answer, now);
        break;
      case "pause":
        this.retryAt = now + PUBLISHER_REFUSAL_MS;
        break;
    }
  }

  private send(operation: PublishOperation, now: Millis): void {
    this.inFlight = operation;
    this.asked = operation === "remove" ? 0 : this.wish;
    if (operation === "create" || operation === "modify") this.isDirty = false;
    this.refreshAt = this.retryAt = undefined;
    this.notBefore = now + this.settings.pace;
    this.outputs.push({ kind: "send", operation, ifMatch: this.etag, expires: this.asked });
  }

  private adopt({ etag, expires }: PublishAnswered, now: Millis): void {
    this.lengthened = false;
    this.failures = 0;
    this.etag = etag;
    this.expiresAt = now + Math.min(expires ?? this.asked, MAX_LIFETIME_S) * 1000;
    this.refreshAt = refreshTime(now, this.expiresAt, this.settings.random());
  }

  /** A refresh or change failed and the publication stays to its expiry: tries again while there is time. */
  private retryRefresh(answer: PublishAnswered | undefined, now: Millis): void {
    if (this.inFlight === "modify") this.isDirty = true;
    this.lengthened = false;
    const expiresAt = this.expiresAt ?? now;
    const retryAfter = pauseOf(answer);
    this.refreshAt = refreshRetryTime(now, expiresAt, this.failures++, retryAfter);
    this.notBefore = this.refreshAt ?? expiresAt;
  }

  private pause(answer: PublishAnswered | undefined): Millis {
    const { retryBase, retryCap, random } = this.settings;
    this.lengthened = false;
    const backoff = Math.min(retryCap, retryBase * 2 ** Math.min(this.failures++, 16));
    return Math.max(backoff * (0.75 + random() / 2), pauseOf(answer));
  }
}

/** Retry-After as we obey it, ms. */
function pauseOf(answer: PublishAnswered | undefined): Millis {
  return Math.min((answer?.retryAfter ?? 0) * 1000, PUBLISHER_REFUSAL_MS);
}
