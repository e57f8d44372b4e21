import type { Millis } from "../machine.ts";

/** A refresh comes this long before expiry at the latest, in ms, where the lifetime is more than twice as long. */
export const REFRESH_MARGIN_MS = 32_000;
/** Refreshes come no closer together, in ms, whatever lifetime a notifier grants. */
export const MIN_REFRESH_MS = 5_000;
/** First pause after a refresh that failed, in ms; doubled each time, never past half of what is left. */
const REFRESH_RETRY_MS = 30_000;
const REFRESH_AT = 0.85;
const REFRESH_JITTER = 0.1;

/**
 * When to refresh a subscription that lapses at `expiresAt`: at 75 to 85 % of what is left, spread by `random` (in
 * [0, 1)) so that a restart's refreshes don't come in one burst again. Half way where little is left; may lie past
 * `expiresAt` where that is less than `MIN_REFRESH_MS` away.
 */
export function refreshTime(now: Millis, expiresAt: Millis, random: number): Millis {
  const left = expiresAt - now;
  const latest = left > 2 * REFRESH_MARGIN_MS ? left - REFRESH_MARGIN_MS : left / 2;
  const wanted = left * (REFRESH_AT - REFRESH_JITTER * random);
  return now + Math.max(Math.min(wanted, latest), MIN_REFRESH_MS);
}

/**
 * When to refresh again after `failures` (from 0) attempts failed, `retryAfterMs` if the notifier named a time.
 * Undefined: there is no time left for another.
 */
export function refreshRetryTime(
  now: Millis,
  expiresAt: Millis,
  failures: number,
  retryAfterMs: number,
): Millis | undefined {
  const left = expiresAt - now;
  const backoff = Math.min(REFRESH_RETRY_MS * 2 ** failures, left / 2);
  const pause = Math.max(backoff, retryAfterMs, MIN_REFRESH_MS);
  return pause < left ? now + pause : undefined;
}
