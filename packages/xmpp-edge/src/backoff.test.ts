import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("every wait lies under its doubling bound and under the cap, however many failures there were", () => {
  fc.assert(
    fc.property(fc.array(random, { minLength: 1, maxLength: 2_000, size: "max" }), (numbers) => {
      const source = numbers.values();
      const backoff = new Backoff({ baseMs: 1_000, capMs: 60_000 }, () => source.next().value ?? 0);
      for (const [index] of numbers.entries()) {
        const wait = backoff.failed("grow");
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThan(Math.min(60_000, 1_000 * 2 ** index));
      }
      expect(backoff.tries).toBe(numbers.length);
    }),
    { numRuns: 20 },
  );
});

test("the jitter uses the whole range, and the cap's pace never goes under half the cap", () => {
  const settings = { baseMs: 1_000, capMs: 60_000 };
  expect(new Backoff(settings, () => 0).failed("grow")).toBe(0);
  expect(new Backoff(settings, () => 0.999).failed("grow")).toBe(999);
  expect(new Backoff(settings, () => 0).failed("cap")).toBe(30_000);
  expect(new Backoff(settings, () => 0.5).failed("cap")).toBe(45_000);
});
