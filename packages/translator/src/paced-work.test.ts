import { expect, it } from "vitest";
import { PACE_BATCH, PACE_INTERVAL, PacedWork } from "./paced-work.ts";

function items(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

it("does a portion at once and one each interval, and then wants nothing more", () => {
  const done: number[] = [];
  const work = new PacedWork<number>();
  work.start("a", items(PACE_BATCH + 1), (item) => done.push(item), 1_000);
  expect([done.length, work.size]).toEqual([PACE_BATCH, 1]);
  expect(work.nextDeadline()?.at).toBe(1_000 + PACE_INTERVAL);
  work.timeout(1_000 + PACE_INTERVAL - 1);
  expect(done.length).toBe(PACE_BATCH);
  work.timeout(1_000 + PACE_INTERVAL);
  expect([done.at(-1), work.size, work.nextDeadline()]).toEqual([PACE_BATCH, 0, undefined]);
});

it("does exactly a portion without a second", () => {
  const work = new PacedWork<number>();
  work.start("a", items(PACE_BATCH), () => {}, 0);
  expect([work.size, work.nextDeadline()]).toEqual([0, undefined]);
});

it("gives a run up for a newer one of its name, and shares portions between others", () => {
  const done: string[] = [];
  const work = new PacedWork<number>();
  const note = (name: string) => (item: number) => done.push(`${name}${item}`);
  work.start("a", items(PACE_BATCH + 5), note("a"), 0);
  work.start("b", items(3), note("b"), 0);
  work.start("a", items(2), note("new"), 0);
  work.timeout(PACE_INTERVAL);
  expect(done.slice(PACE_BATCH)).toEqual(["b0", "b1", "b2", "new0", "new1"]);
  work.start("c", items(PACE_BATCH + 1), note("c"), PACE_INTERVAL);
  work.cancel("c");
  expect([work.size, work.nextDeadline()]).toEqual([0, undefined]);
});
