import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_TIMER_LANES, Timer, TimerQueue } from "./timer-queue.ts";

class NamedTimer extends Timer {
  readonly name: number;

  constructor(name: number) {
    super();
    this.name = name;
  }

  override get reason(): string {
    return `timer ${this.name}`;
  }
}

const DURATIONS = [200, 500, 3_500, 32_000] as const;

const ACTION = fc.oneof(
  fc.record({ kind: fc.constant("arm"), timer: fc.nat(9), duration: fc.constantFrom(...DURATIONS) }),
  fc.record({ kind: fc.constant("disarm"), timer: fc.nat(9) }),
  fc.record({ kind: fc.constant("wait"), ms: fc.nat(5_000) }),
);

describe("timer queue", () => {
  it("wakes what is armed, in order, when it is due and not before", () => {
    fc.assert(
      fc.property(fc.array(ACTION, { maxLength: 60 }), (actions) => {
        const queue = new TimerQueue<NamedTimer>();
        const timers = Array.from({ length: 10 }, (_, name) => new NamedTimer(name));
        const due = new Map<number, number>();
        let now = 0;
        for (const action of actions) {
          if ("duration" in action) {
            queue.arm(timers[action.timer]!, action.duration, now);
            due.set(action.timer, now + action.duration);
          } else if ("timer" in action) {
            queue.disarm(timers[action.timer]!);
            due.delete(action.timer);
          } else {
            now += action.ms;
            let last = 0;
            for (let timer = queue.takeDue(now); timer; timer = queue.takeDue(now)) {
              expect(due.get(timer.name)).toBe(timer.dueAt);
              expect(timer.dueAt).toBeGreaterThanOrEqual(last);
              last = timer.dueAt;
              due.delete(timer.name);
            }
          }
          const next = Math.min(...due.values());
          expect(queue.size).toBe(due.size);
          expect(queue.next()?.at ?? Number.POSITIVE_INFINITY).toBe(next);
          if (action.kind === "wait") expect(next).toBeGreaterThan(now);
        }
      }),
    );
  });

  it("keeps its order when the clock steps back", () => {
    const queue = new TimerQueue<NamedTimer>();
    queue.arm(new NamedTimer(1), 500, 10_000);
    queue.arm(new NamedTimer(2), 500, 9_000);
    expect(queue.takeDue(10_499)).toBeUndefined();
    expect([queue.takeDue(10_500)?.name, queue.takeDue(10_500)?.name]).toEqual([1, 2]);
  });

  it("says why it wakes", () => {
    const queue = new TimerQueue<NamedTimer>();
    queue.arm(new NamedTimer(7), 500, 0);
    expect(queue.next()).toEqual({ at: 500, reason: "timer 7" });
  });

  it("holds a bounded number of durations", () => {
    const queue = new TimerQueue<NamedTimer>();
    for (let i = 1; i <= MAX_TIMER_LANES; i++) queue.arm(new NamedTimer(i), i, 0);
    expect(() => queue.arm(new NamedTimer(0), MAX_TIMER_LANES + 1, 0)).toThrow(RangeError);
  });
});
