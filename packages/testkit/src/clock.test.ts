import { describe, expect, it } from "vitest";
import { type Clocked, countingIds, MAX_WAKEUPS_PER_INSTANT, seededRandom, VirtualClock } from "./clock.ts";

class Ticker implements Clocked {
  at: number;
  readonly every: number;
  constructor(every: number) {
    this.every = every;
    this.at = every;
  }
  nextDeadline() {
    return { at: this.at, reason: `tick ${this.every}` };
  }
  timeout(now: number) {
    if (now >= this.at) this.at += this.every;
  }
}

describe("VirtualClock", () => {
  it("wakes machines in the order of their deadlines, each at its own time", () => {
    let drained = 0;
    const clock = new VirtualClock(0, () => {
      drained += 1;
    });
    clock.add(new Ticker(30));
    clock.add(new Ticker(20));
    clock.advance(60);
    expect(clock.wakeUps.map(({ at, reason }) => `${at} ${reason}`)).toEqual([
      "20 tick 20",
      "30 tick 30",
      "40 tick 20",
      "60 tick 30",
      "60 tick 20",
    ]);
    expect(drained).toBe(5);
    expect(clock.now).toBe(60);
  });

  it("leaves a machine alone one ms before its deadline, and after it was removed", () => {
    const clock = new VirtualClock();
    const ticker = new Ticker(20);
    clock.add(ticker);
    clock.advance(19);
    expect(clock.wakeUps).toEqual([]);
    expect(clock.nextDeadline()).toEqual({ at: 20, reason: "tick 20" });
    clock.remove(ticker);
    clock.advance(100);
    expect(clock.wakeUps).toEqual([]);
  });

  it("names the reason of a machine that spins", () => {
    const clock = new VirtualClock(5);
    let calls = 0;
    const spinner: Clocked = {
      nextDeadline: () => ({ at: 5, reason: "stuck retry" }),
      timeout: () => {
        calls += 1;
      },
    };
    clock.add(spinner);
    expect(() => clock.advance(1)).toThrow("stuck retry");
    expect(calls).toBe(MAX_WAKEUPS_PER_INSTANT);
  });
});

describe("sources", () => {
  it("counts ids that are long enough for an IdSource", () => {
    const next = countingIds();
    expect([next(), next()]).toEqual(["id00000001", "id00000002"]);
    expect(countingIds("a")()).toMatch(/^[0-9a-z]{10,24}$/);
  });

  it("repeats itself for one seed and differs for another", () => {
    const first = seededRandom(7);
    const again = seededRandom(7);
    const other = seededRandom(8);
    const take = (random: () => number) => Array.from({ length: 20 }, random);
    const numbers = take(first);
    expect(take(again)).toEqual(numbers);
    expect(take(other)).not.toEqual(numbers);
    expect(numbers.every((value) => value >= 0 && value < 1)).toBe(true);
  });
});
