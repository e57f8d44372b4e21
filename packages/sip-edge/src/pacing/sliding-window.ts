import type { Millis } from "@tombolo/sip";

/** The shortest time that requests are counted over, ms. */
const WINDOW_MS: Millis = 1_000;

/**
 * So many requests in any one second, whenever that second begins: what a peer that counts by the second never finds
 * exceeded. (A bucket lets twice as many go in the second after a pause.)
 */
export class SlidingWindow {
  private readonly burst: number;
  private readonly windowMs: Millis;
  /** When the last `burst` requests went, in a ring: the oldest stands at `next`. */
  private readonly times: Float64Array;
  private next = 0;

  /** @param perSecond above 0; of a fraction above 1 the whole part counts. */
  constructor(perSecond: number) {
    this.burst = Math.max(1, Math.floor(perSecond));
    this.windowMs = Math.max(WINDOW_MS, WINDOW_MS / perSecond);
    this.times = new Float64Array(this.burst).fill(Number.NEGATIVE_INFINITY);
  }

  /** When the next request may go; in the past where one may. */
  get readyAt(): Millis {
    return this.times[this.next]! + this.windowMs;
  }

  /** When all of them may go at once again. */
  get fullAt(): Millis {
    return this.times[(this.next + this.burst - 1) % this.burst]! + this.windowMs;
  }

  take(now: Millis): boolean {
    if (now < this.readyAt) return false;
    this.charge(now);
    return true;
  }

  /** Counts what does not wait: later requests make room for it. */
  charge(now: Millis): void {
    this.times[this.next] = now;
    this.next = (this.next + 1) % this.burst;
  }

  /** Requests that may go now. */
  budget(now: Millis): number {
    let budget = 0;
    for (const time of this.times) if (now >= time + this.windowMs) budget++;
    return budget;
  }
}
