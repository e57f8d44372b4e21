import type { Deadline } from "@tombolo/sip";
import fc from "fast-check";
import { expect, it } from "vitest";
import { DeadlineQueue, NOT_QUEUED } from "./deadline-queue.ts";

class Sleeper {
  queuePlace = NOT_QUEUED;
  at: number | undefined;
  nextDeadline(): Deadline | undefined {
    return this.at === undefined ? undefined : { at: this.at, reason: "test" };
  }
  timeout(): void {}
}

const SLEEPERS = 8;
const step = fc.oneof(
  fc.record({
    kind: fc.constant("set" as const),
    which: fc.nat(SLEEPERS - 1),
    at: fc.option(fc.nat(50), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("remove" as const), which: fc.nat(SLEEPERS - 1) }),
  fc.record({ kind: fc.constant("take" as const), now: fc.nat(50) }),
);

it("gives the same as a sorted list, whatever is set, removed and taken", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new DeadlineQueue<Sleeper>();
      const sleepers = Array.from({ length: SLEEPERS }, () => new Sleeper());
      const model = new Map<Sleeper, number>();
      const first = () => Math.min(Number.POSITIVE_INFINITY, ...model.values());
      for (const move of steps) {
        if (move.kind === "take") {
          const due = queue.takeDue(move.now);
          if (due) expect(model.get(due)).toBe(first());
          expect(due !== undefined).toBe(first() <= move.now);
          if (due) model.delete(due);
        } else {
          const sleeper = sleepers[move.which]!;
          model.delete(sleeper);
          if (move.kind === "remove") queue.remove(sleeper);
          else {
            sleeper.at = move.at;
            if (move.at !== undefined) model.set(sleeper, move.at);
            queue.update(sleeper);
          }
        }
        expect(queue.next()?.at ?? Number.POSITIVE_INFINITY).toBe(first());
        expect(queue.size).toBe(model.size);
      }
    }),
  );
});

it("keeps one entry for a sleeper, however often its deadline moves", () => {
  const queue = new DeadlineQueue<Sleeper>();
  const early = new Sleeper();
  early.at = 1;
  queue.update(early);
  const sleeper = new Sleeper();
  for (let at = 1000; at < 100_000; at++) {
    sleeper.at = at;
    queue.update(sleeper);
    expect(queue.size).toBe(2);
  }
  expect(queue.takeDue(1)).toBe(early);
  expect(queue.takeDue(99_998)).toBeUndefined();
  expect(queue.takeDue(99_999)).toBe(sleeper);
  expect(queue.size).toBe(0);
});
