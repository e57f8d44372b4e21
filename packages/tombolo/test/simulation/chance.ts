import { seededRandom } from "@tombolo/testkit";

/** The one source of randomness of a simulation: all that happens follows from its seed. */
export class Chance {
  /** [0, 1). */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** True in `share` of all cases. */
  of(share: number): boolean {
    return this.next() < share;
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** From `low` up to `high`. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Small mostly, seldom up to `high`: the fifth power of an even spread. */
  mostlyLow(low: number, high: number): number {
    return low + this.next() ** 5 * (high - low);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[];
    let sum = 0;
    for (const key of keys) sum += weights[key];
    let at = this.next() * sum;
    for (const key of keys) {
      at -= weights[key];
      if (at < 0) return key;
    }
    return keys.at(-1)!;
  }
}
