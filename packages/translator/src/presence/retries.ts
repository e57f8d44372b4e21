import type { Millis, Outcome } from "@tombolo/sip";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";

/** Also a SUBSCRIBE that was accepted and that no NOTIFY followed. */
export const NO_ANSWER: Outcome = { kind: "timeout" };
/** A pause so long that the user who asked should hear why, ms. */
const LONG_PAUSE: Millis = 3_600_000;
/** Tries without success after which the user who asked hears of it. */
const TRIES_BEFORE_WORD = 3;

/** When the next dialog of a watch is tried, after those that came to nothing. */
export class Retries {
  private readonly context: Pick<XmppWatcherContext, "settings" | "random">;
  private failures = 0;
  private triedAt: Millis | undefined;
  private nextAt: Millis | undefined;
  private failure: Outcome = NO_ANSWER;

  constructor(context: Pick<XmppWatcherContext, "settings" | "random">) {
    this.context = context;
  }

  /** When it is tried again; undefined where nothing waits. */
  get at(): Millis | undefined {
    return this.nextAt;
  }

  /** What last went wrong, for the error that the user is told. */
  get lastFailure(): Outcome {
    return this.failure;
  }

  fail(outcome: Outcome): void {
    this.failure = outcome;
  }

  /** A try begins. */
  begin(now: Millis): void {
    this.nextAt = undefined;
    this.triedAt = now;
    this.failure = NO_ANSWER;
  }

  /** A try has come to what was wanted. */
  succeed(): void {
    this.failures = 0;
  }

  cancel(): void {
    this.nextAt = undefined;
  }

  /** @returns whether the pause, or the number of tries, is such that who asked should hear of it. */
  pause(pause: Millis, now: Millis): boolean {
    this.nextAt = now + pause;
    return pause >= LONG_PAUSE || this.failures >= TRIES_BEFORE_WORD;
  }

  /** One of many that were lost together: at a time of its own. */
  spread(now: Millis): void {
    this.nextAt = now + this.context.settings.spread * this.context.random();
  }

  /**
   * Somebody asks: the next try comes sooner, but not so soon that it would only be refused again (D2).
   * @returns whether it may be now.
   */
  hurry(now: Millis): boolean {
    if (this.nextAt === undefined || this.triedAt === undefined) return true;
    const soonest = this.triedAt + this.context.settings.retryBase;
    if (now >= soonest) return true;
    this.nextAt = Math.min(this.nextAt, soonest);
    return false;
  }

  /** The pause after one more failure, ms: doubles each time, with jitter. */
  backoff(): Millis {
    const { retryBase, retryCap } = this.context.settings;
    const pause = Math.min(retryCap, retryBase * 2 ** Math.min(this.failures, 16));
    this.failures += 1;
    return pause * (0.75 + this.context.random() / 2);
  }
}
