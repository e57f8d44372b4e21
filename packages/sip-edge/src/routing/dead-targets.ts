import type { Millis } from "@tombolo/sip";

/** First time a target that could not be reached is put last, ms; doubled with each failure up to the longest. */
export const DEAD_MS: Millis = 5_000;
export const MAX_DEAD_MS: Millis = 300_000;
/** Targets that are remembered; the one that failed longest ago is forgotten first. */
export const MAX_DEAD = 1_000;

interface Death {
  readonly until: Millis;
  readonly failures: number;
}

/** Remembers which targets could not be reached, so that those that can be are tried first. */
export class DeadTargets {
  private readonly deaths = new Map<string, Death>();

  get size(): number {
    return this.deaths.size;
  }

  failed(target: string, now: Millis): void {
    const failures = (this.deaths.get(target)?.failures ?? 0) + 1;
    this.deaths.delete(target);
    this.deaths.set(target, { until: now + Math.min(MAX_DEAD_MS, DEAD_MS * 2 ** (failures - 1)), failures });
    if (this.deaths.size > MAX_DEAD) this.deaths.delete(this.deaths.keys().next().value!);
  }

  succeeded(target: string): void {
    this.deaths.delete(target);
  }

  /** Those that may live in the order given, then the dead ones, the first to rise first. */
  order<T>(targets: readonly T[], nameOf: (target: T) => string, now: Millis): T[] {
    const until = (target: T): Millis => {
      const death = this.deaths.get(nameOf(target));
      return death && death.until > now ? death.until : Number.NEGATIVE_INFINITY;
    };
    return [...targets].sort((one, other) => {
      const [first, second] = [until(one), until(other)];
      return first === second ? 0 : first - second;
    });
  }
}
