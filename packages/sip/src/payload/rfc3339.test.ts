import fc from "fast-check";
import { expect, it } from "vitest";
import { formatRfc3339, nextTimestamp, parseRfc3339 } from "./rfc3339.ts";

const FIRST = Date.UTC(2000, 0, 1) - 2000 * 365.2425 * 86_400_000;

it("writes and reads what the runtime's own calendar does, for every year of four digits", () => {
  const times = fc.integer({ min: FIRST, max: Date.UTC(9999, 11, 31) });
  fc.assert(
    fc.property(times, (ms) => {
      const text = new Date(ms).toISOString();
      expect(formatRfc3339(ms)).toBe(text);
      expect(parseRfc3339(text)).toBe(ms);
    }),
  );
  expect(formatRfc3339(Number.POSITIVE_INFINITY)).toBe("9999-12-31T23:59:59.999Z");
  expect(formatRfc3339(Number.NEGATIVE_INFINITY)).toBe("0000-01-01T00:00:00.000Z");
});

it.each([
  ["2024-02-29T12:00:00Z", Date.UTC(2024, 1, 29, 12)],
  ["2024-02-29t12:00:00.5z", Date.UTC(2024, 1, 29, 12, 0, 0, 500)],
  ["2024-02-29T12:00:00.123456+05:30", Date.UTC(2024, 1, 29, 6, 30, 0, 123)],
  [" 2024-02-29T12:00:00-00:30 ", Date.UTC(2024, 1, 29, 12, 30)],
  ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
  ["2023-02-29T12:00:00Z", undefined],
  ["2024-13-01T12:00:00Z", undefined],
  ["2024-00-01T12:00:00Z", undefined],
  ["2024-01-01T24:00:00Z", undefined],
  ["2024-01-01T12:00:00", undefined],
  ["2024-01-01T12:00:00+24:00", undefined],
  ["2024-01-01", undefined],
  ["yesterday", undefined],
])("%s is %s", (text, ms) => {
  expect(parseRfc3339(text)).toBe(ms);
});

it("never goes back, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2 }), (clock) => {
      let last: number | undefined;
      for (const wall of clock) {
        const next = nextTimestamp(last, wall);
        expect(next).toBeGreaterThanOrEqual(wall);
        if (last !== undefined) expect(next).toBeGreaterThan(last);
        last = next;
      }
    }),
  );
});
