/** Largest value of a delta-seconds, RFC 3261 20.19. */
export const MAX_DELTA_SECONDS = 4_294_967_295;

/** Expires, Min-Expires and the like, in seconds. Too large reads as the maximum; undefined when it is no number. */
export function parseDeltaSeconds(value: string): number | undefined {
  const digits = /^\s*(\d+)\s*$/.exec(value)?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), MAX_DELTA_SECONDS);
}

/** Seconds as written in Expires: a whole number within the grammar. */
export function formatDeltaSeconds(seconds: number): string {
  return String(Math.min(Math.max(Math.floor(seconds), 0), MAX_DELTA_SECONDS));
}
