import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ACTIVITY_CLASSES,
  AVAILABILITY_BANDS,
  readActivityClass,
  readAvailabilityNumber,
  TOKEN_REFINEMENTS,
} from "./numeric-availability.ts";

describe("the bands", () => {
  it.each([
    [0, "Offline", "NB.none"],
    [2999, "Offline", "NB.none"],
    [3000, "Available", "NB.available"],
    [3500, "Available", "NB.available"],
    [4499, "Available", "NB.available"],
    [4500, "Idle", "NB.available-idle"],
    [5999, "Idle", "NB.available-idle"],
    [6000, "Busy", "NB.busy"],
    [7499, "Busy", "NB.busy"],
    [7500, "Busy", "NB.busy-idle"],
    [8999, "Busy", "NB.busy-idle"],
    [9000, "Do Not Disturb", "NB.do-not-disturb"],
    [11999, "Do Not Disturb", "NB.do-not-disturb"],
    [12000, "Be Right Back", "NB.be-right-back"],
    [14999, "Be Right Back", "NB.be-right-back"],
    [15000, "Away", "NB.away"],
    [17999, "Away", "NB.away"],
    [18000, "Offline", "NB.offline"],
    [18500, "Offline", "NB.offline"],
    [999_999_999, "Offline", "NB.offline"],
    [-1, "Offline", "NB.none"],
  ] as const)("%i is %s by %s", (number, state, row) => {
    expect(readAvailabilityNumber(number, [])).toEqual({ row, state });
  });

  it("have two readings that partners differ in", () => {
    const states = (variants: object) =>
      [0, 2999, 4500, 5999, 7500].map((number) => readAvailabilityNumber(number, [], variants).state);
    expect(states({ lowIsAvailable: true })).toEqual(["Available", "Available", "Idle", "Idle", "Busy"]);
    expect(states({ idleIsAvailable: true })).toEqual([
      "Offline",
      "Offline",
      "Available",
      "Available",
      "Busy",
    ]);
  });

  it.each([
    ["bands", AVAILABILITY_BANDS],
    ["classes", ACTIVITY_CLASSES],
  ])("%s begin at 0, rise, and have ids of their own", (_, rows) => {
    const from = rows.map((row) => row.from);
    expect(from[0]).toBe(0);
    expect(from).toEqual([...new Set(from)].sort((a, b) => a - b));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  it("stand in one row each", () => {
    const tokens = TOKEN_REFINEMENTS.flatMap((row) => row.tokens as readonly string[]);
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it("never bring back somebody who is not there, nor lose somebody who is", () => {
    const tokens = fc.subarray(TOKEN_REFINEMENTS.flatMap((row) => row.tokens as readonly string[]));
    fc.assert(
      fc.property(fc.nat(20_000), tokens, (number, some) => {
        const isThere = number >= 3000 && number < 18_000;
        expect(readAvailabilityNumber(number, some).state !== "Offline").toBe(isThere);
      }),
    );
  });
});

describe("activity classes", () => {
  it.each([
    [0, "Away", "NC.no-information"],
    [99, "Away", "NC.no-information"],
    [100, "Away", "NC.away"],
    [149, "Away", "NC.away"],
    [150, "Away", "NC.out-to-lunch"],
    [199, "Away", "NC.out-to-lunch"],
    [200, "Away", "NC.idle"],
    [299, "Away", "NC.idle"],
    [300, "Be Right Back", "NC.be-right-back"],
    [399, "Be Right Back", "NC.be-right-back"],
    [400, "Available", "NC.active"],
    [499, "Available", "NC.active"],
    [500, "Busy", "NC.in-a-call"],
    [599, "Busy", "NC.in-a-call"],
    [600, "Busy", "NC.busy"],
    [699, "Busy", "NC.busy"],
    [700, "Away", "NC.away-700"],
    [799, "Away", "NC.away-700"],
    [800, "Available", "NC.active-800"],
    [999, "Available", "NC.active-800"],
  ] as const)("%i is %s by %s", (number, state, row) => {
    expect(readActivityClass(number)).toMatchObject({ row, state });
  });
});
