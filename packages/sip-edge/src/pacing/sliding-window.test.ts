import fc from "fast-check";
import { expect, it } from "vitest";
import { SlidingWindow } from "./sliding-window.ts";

it.each([1, 3, 20])("lets %i go in any one second, and as many as that where they are wanted", (rate) => {
  const step = fc.record({ pause: fc.nat(400), passes: fc.boolean(), wanted: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const window = new SlidingWindow(rate);
      /** What waited for its turn, and all that went. */
      const taken: number[] = [];
      const all: number[] = [];
      let now = 0;
      for (const { pause, passes, wanted } of steps) {
        now += pause;
        const within = () => all.filter((at) => at > now - 1_000).length;
        if (passes) {
          window.charge(now);
          all.push(now);
        }
        for (let i = 0; i < wanted; i++) {
          const isFree = within() < rate;
          expect(window.take(now)).toBe(isFree);
          if (!isFree) break;
          taken.push(now);
          all.push(now);
        }
        expect(window.budget(now)).toBe(Math.max(0, rate - within()));
        expect(now >= window.readyAt).toBe(within() < rate);
        expect(now >= window.fullAt).toBe(within() === 0);
      }
      for (const [at, from] of taken.entries())
        expect((taken[at + rate] ?? Infinity) - from).toBeGreaterThanOrEqual(1_000);
    }),
  );
});

it("below one a second it waits longer", () => {
  const window = new SlidingWindow(0.25);
  expect([window.take(0), window.take(3_999), window.take(4_000)]).toEqual([true, false, true]);
});
