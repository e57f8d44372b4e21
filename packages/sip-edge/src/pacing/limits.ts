/** How fast a partner lets us talk to it. */
import type { Millis } from "@tombolo/sip";

/** What one partner takes. */
export interface PacingLimits {
  /** Requests a second; as many may go at once after a pause. */
  readonly messagesPerSecond: number;
  /** Different users that may be addressed; undefined = any number. */
  readonly targets: number | undefined;
  /** `messagesPerSecond` holds for any one second; else as many may come on top after a pause. */
  readonly isStrict?: boolean | undefined;
}

/** What an edge allows that knows us by discovery only, not by an entry in its list. */
export const DISCOVERED: PacingLimits = { messagesPerSecond: 20, targets: 1_000, isStrict: true };

/** Longest time a request waits for its turn, ms: its sender gives up at 64*T1 = 32 s, and the answer takes time. */
export const MAX_PACED_MS: Millis = 20_000;
/** Requests of one lane that wait, however fast the partner is. */
export const MAX_LANE = 2_000;

/**
 * @param limits `messagesPerSecond` 0 = no pacing; where `discovered` is set too, the slower of both counts.
 * @returns undefined where nothing is to be held back.
 */
export function pacingOf(limits: {
  readonly messagesPerSecond: number;
  readonly discovered: boolean;
}): PacingLimits | undefined {
  const { messagesPerSecond, discovered } = limits;
  if (!discovered) return messagesPerSecond > 0 ? { messagesPerSecond, targets: undefined } : undefined;
  const slower = Math.min(messagesPerSecond || DISCOVERED.messagesPerSecond, DISCOVERED.messagesPerSecond);
  return { ...DISCOVERED, messagesPerSecond: slower };
}

/** How many requests of one lane may wait: what can be sent before it is too late, even if it had the link alone. */
export function laneBound({ messagesPerSecond }: PacingLimits): number {
  return Math.max(1, Math.min(MAX_LANE, Math.floor((messagesPerSecond * MAX_PACED_MS) / 1_000)));
}

/** How many requests may wait before typing indications are given up: one second's worth. */
export function typingBound({ messagesPerSecond }: PacingLimits): number {
  return Math.max(1, Math.min(MAX_LANE, Math.floor(messagesPerSecond)));
}
