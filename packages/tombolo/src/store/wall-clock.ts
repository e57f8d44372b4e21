/**
 * Machines count on a monotonic clock that begins anew with each run; records outlive runs and carry wall-clock times.
 * This is the one place where the two meet.
 */
import type { Millis } from "@tombolo/sip";

/** Milliseconds since 1970-01-01 UTC. */
export type WallMillis = number;

/** Both clocks, read at the same moment. */
export interface ClockReading {
  readonly now: Millis;
  readonly wall: WallMillis;
}

/** Reads both clocks. `performance.now` is the program's monotonic clock. */
export function readClocks(): ClockReading {
  return { now: performance.now(), wall: Date.now() };
}

/** When a moment of the monotonic clock is by the wall, in whole milliseconds. */
export function toWall(at: Millis, clocks: ClockReading): WallMillis {
  return Math.round(clocks.wall + (at - clocks.now));
}

/**
 * When a moment of the wall clock is for the machines; the past stays in the past.
 * @param longest how far ahead it can be at most, ms: a wall clock that was set back while we were down must not turn the
 *   hour a dialog had left into years.
 */
export function toMonotonic(at: WallMillis, clocks: ClockReading, longest: Millis): Millis {
  return clocks.now + Math.min(at - clocks.wall, longest);
}
