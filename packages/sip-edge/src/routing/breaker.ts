import type { Millis } from "@tombolo/sip";
import type { DialFailure } from "../edge-events.ts";

/** What a node is told when a partner can't be reached: 502 where the cure is a certificate, else 504. */
const DIAL_STATUS = {
  refused: 504,
  unreachable: 504,
  timeout: 504,
  dns: 504,
  reset: 504,
  tls: 504,
  "refused-ours": 504,
  certificate: 502,
  "name-mismatch": 502,
} as const satisfies Record<DialFailure, 502 | 504>;

/** Keeps a partner that can't be reached from being dialled for every message (DN-09). */
export class Breaker {
  /** What requests are answered with while it is open. */
  status: 502 | 504 = 504;
  private failures = 0;
  private until: Millis = Number.NEGATIVE_INFINITY;

  isOpen(now: Millis): boolean {
    return now < this.until;
  }

  get hasFailed(): boolean {
    return this.failures > 0;
  }

  /** @returns the pause in ms: doubled for each failure in a row, half more or less by chance. */
  fail(
    why: DialFailure,
    now: Millis,
    limits: { readonly pauseMs: Millis; readonly maxPauseMs: Millis },
    random: () => number,
  ): Millis {
    const full = Math.min(limits.maxPauseMs, limits.pauseMs * 2 ** Math.min(this.failures, 20));
    const pause = Math.round(full * (0.5 + random()));
    this.failures++;
    this.status = DIAL_STATUS[why];
    this.until = now + pause;
    return pause;
  }

  succeed(): void {
    this.failures = 0;
    this.until = Number.NEGATIVE_INFINITY;
  }
}
