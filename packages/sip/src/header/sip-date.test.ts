import fc from "fast-check";
import { expect, it } from "vitest";
import { formatSipDate, parseSipDate } from "./sip-date.ts";

it.each([
  ["Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940_000],
  ["13 Nov 2010 23:29:00 gmt", 1_289_690_940_000],
  ["Sat, 13 Nov 2010 23:29:00 CET", undefined],
  ["Sat, 31 Feb 2010 23:29:00 GMT", undefined],
  ["2010-11-13", undefined],
  ["", undefined],
])("%s", (text, ms) => {
  expect(parseSipDate(text)).toBe(ms);
});

it("is read back as written, with the right day", () => {
  expect(formatSipDate(1_289_690_940_000)).toBe("Sat, 13 Nov 2010 23:29:00 GMT");
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e10 }), (seconds) => {
      const text = formatSipDate(seconds * 1000);
      expect(parseSipDate(text)).toBe(seconds * 1000);
      expect(text).toBe(new Date(seconds * 1000).toUTCString());
    }),
  );
});
