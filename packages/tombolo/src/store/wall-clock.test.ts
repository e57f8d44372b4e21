import { expect, test } from "vitest";
import { readClocks, toMonotonic, toWall } from "./wall-clock.ts";

const HOUR = 3_600_000;

test("what was an hour ahead before a restart is what is left of it afterwards", () => {
  const before = { now: 5_000_000.25, wall: 1_700_000_000_000 };
  const expiresAt = toWall(before.now + HOUR, before);
  expect(expiresAt).toBe(1_700_003_600_000);
  const after = { now: 120, wall: before.wall + 600_000 };
  expect(toMonotonic(expiresAt, after, 2 * HOUR)).toBe(120 + HOUR - 600_000);
});

test("a lifetime that ran out while we were down stays in the past", () => {
  expect(toMonotonic(1_000, { now: 50, wall: 3_000 }, HOUR)).toBe(-1_950);
});

test("a wall clock that was set back does not prolong a lifetime beyond the longest", () => {
  const setBack = { now: 0, wall: 1_000_000_000_000 };
  expect(toMonotonic(setBack.wall + HOUR, setBack, HOUR)).toBe(HOUR);
  expect(toMonotonic(setBack.wall + HOUR + 1, setBack, HOUR)).toBe(HOUR);
});

test("the clocks read now are those of the machine", () => {
  const { now, wall } = readClocks();
  expect(Math.abs(toWall(now, { now: performance.now(), wall: Date.now() }) - wall)).toBeLessThan(1_000);
});
