import type { Millis } from "./machine.ts";

export interface BackoffSettings {
  /** Upper bound of the first wait, in ms; doubles with every failure in a row. */
  readonly baseMs: Millis;
  /** Upper bound of every wait, in ms. */
  readonly capMs: Millis;
}

/** `grow`: full jitter under a doubling bound. `cap`: between half the cap and the cap from the first failure on. */
export type Pace = "grow" | "cap";

/**
 * How long to wait before the next try. Full jitter: any wait between zero and the bound is equally likely, so that
 * many links which fell together do not come back together.
 */
export class Backoff {
  readonly #settings: BackoffSettings;
  readonly #random: () => number;
  #tries = 0;

  /** @param random numbers in [0, 1) */
  constructor(settings: BackoffSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Failures in a row. */
  get tries(): number {
    return this.#tries;
  }

  /** Counts a failure and gives the wait before the next try, in ms. */
  failed(pace: Pace): Millis {
    const { baseMs, capMs } = this.#settings;
    this.#tries++;
    if (pace === "cap") return capMs / 2 + (this.#random() * capMs) / 2;
    return this.#random() * Math.min(capMs, baseMs * 2 ** (this.#tries - 1));
  }

  /** Forgets the failures, because a connection has proved itself. */
  reset(): void {
    this.#tries = 0;
  }
}
