import { expect, it } from "vitest";
import { PACE_BATCH, PACE_INTERVAL, PACE_LOOKS, PacedWork } from "./paced-work.ts";

function items(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

it("does a portion at once and one each interval, and then wants nothing more", () => {
  const done: number[] = [];
  const work = new PacedWork<number>();
  work.start("a", items(PACE_BATCH + 1), (item) => done.push(item) > 0, 1_000);
  expect([done.length, work.size]).toEqual([PACE_BATCH, 1]);
  expect(work.nextDeadline()?.at).toBe(1_000 + PACE_INTERVAL);
  work.timeout(1_000 + PACE_INTERVAL - 1);
  expect(done.length).toBe(PACE_BATCH);
  work.timeout(1_000 + PACE_INTERVAL);
  expect([done.at(-1), work.size, work.nextDeadline()]).toEqual([PACE_BATCH, 0, undefined]);
});

it("does exactly a portion without a second", () => {
  const work = new PacedWork<number>();
  work.start("a", items(PACE_BATCH), () => true, 0);
  expect([work.size, work.nextDeadline()]).toEqual([0, undefined]);
});

it("gives a run up for a newer one of its name; others take turns", () => {
  const done: string[] = [];
  const work = new PacedWork<number>();
  const note = (name: string) => (item: number) => done.push(`${name}${item}`) > 0;
  work.start("a", items(PACE_BATCH + 5), note("a"), 0);
  work.start("b", items(3), note("b"), 0);
  work.start("a", items(2), note("new"), 0);
  work.timeout(PACE_INTERVAL);
  expect(done.slice(PACE_BATCH)).toEqual(["b0", "new0", "b1", "new1", "b2"]);
  work.start("c", items(PACE_BATCH + 1), note("c"), PACE_INTERVAL);
  work.cancel("c");
  expect([work.size, work.nextDeadline()]).toEqual([0, undefined]);
});

it("does not count items with nothing to be done, but looks at so many at most", () => {
  const work = new PacedWork<number>();
  const done: number[] = [];
  const isTenth = (item: number) => item % 10 === 9 && done.push(item) > 0;
  work.start("a", items(10 * PACE_BATCH + 1), isTenth, 0);
  expect([done.length, work.size]).toEqual([PACE_BATCH, 1]);
  const idle = new PacedWork<number>();
  idle.start("a", items(PACE_LOOKS + 1), () => false, 0);
  expect(idle.size).toBe(1);
});
