import type { IdSource, Millis } from "@tombolo/sip";

/** What pure machines are given from outside. */
export interface Sources {
  /** Monotonic. */
  readonly now: () => Millis;
  readonly ids: IdSource;
  /** [0, 1) */
  readonly random: () => number;
}
