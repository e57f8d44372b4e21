import type { Millis } from "@tombolo/sip";

/**
 * A token for each request, filled at a steady rate up to one second's worth. Counts in whole tokens since it was
 * last full, so that the rate is exact over any time and a deadline is never a rounding error early.
 */
export class TokenBucket {
  private readonly perSecond: number;
  readonly burst: number;
  /** When it was last full. */
  private origin: Millis = Number.NEGATIVE_INFINITY;
  private spent = 0;

  /** @param perSecond above 0. */
  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.burst = Math.max(1, Math.floor(perSecond));
  }

  /** When the next token is there; in the past where one is. */
  get readyAt(): Millis {
    return this.spent < this.burst ? Number.NEGATIVE_INFINITY : this.filledAt(this.spent + 1 - this.burst);
  }

  /** When it is full again. */
  get fullAt(): Millis {
    return this.spent === 0 ? Number.NEGATIVE_INFINITY : this.filledAt(this.spent);
  }

  take(now: Millis): boolean {
    this.settle(now);
    if (now < this.readyAt) return false;
    this.spent++;
    return true;
  }

  /** Counts what does not wait: later requests make room for it. The debt is one burst at most. */
  charge(now: Millis): void {
    this.settle(now);
    if (this.budget(now) > -this.burst) this.spent++;
  }

  /** Tokens that are there now; below 0 where what did not wait took those of later requests. */
  budget(now: Millis): number {
    if (now >= this.fullAt) return this.burst;
    return this.burst - this.spent + Math.floor(((now - this.origin) * this.perSecond) / 1_000);
  }

  private settle(now: Millis): void {
    if (now < this.fullAt) return;
    this.origin = now;
    this.spent = 0;
  }

  private filledAt(tokens: number): Millis {
    return this.origin + (tokens * 1_000) / this.perSecond;
  }
}
