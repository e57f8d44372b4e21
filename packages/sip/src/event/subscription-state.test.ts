import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDeltaSeconds, MAX_DELTA_SECONDS, parseDeltaSeconds } from "./expires.ts";
import { formatSubscriptionState, parseSubscriptionState } from "./subscription-state.ts";

describe("Subscription-State", () => {
  it.each([
    ["active;expires=7180", { state: "active", expires: 7180 }],
    [" Active ; Expires = 60 ;x", { state: "active", expires: 60 }],
    ["pending", { state: "pending" }],
    ["active;expires=soon;reason=x", { state: "active" }],
    ["terminated;reason=Rejected", { state: "terminated", reason: "rejected" }],
    [
      'terminated;retry-after="300";reason=probation;expires=9',
      { state: "terminated", reason: "probation", retryAfter: 300 },
    ],
    ["terminated", { state: "terminated" }],
  ])("reads %j", (value, expected) => {
    expect(parseSubscriptionState(value)).toEqual(expected);
  });

  it.each(["", ";expires=1", "waiting", "active expires=1"])("refuses %j", (value) => {
    expect(parseSubscriptionState(value)).toBeUndefined();
  });

  it("reads what it writes", () => {
    const seconds = fc.option(fc.nat(), { nil: undefined });
    const value = fc.oneof(
      fc.record({ state: fc.constantFrom("active" as const, "pending" as const), expires: seconds }),
      fc.record({
        state: fc.constant("terminated" as const),
        reason: fc.constantFrom("timeout", undefined),
        retryAfter: seconds,
      }),
    );
    fc.assert(
      fc.property(value, (written) => {
        const given = Object.fromEntries(
          Object.entries(written).filter(([, v]) => v !== undefined),
        ) as typeof written;
        expect(parseSubscriptionState(formatSubscriptionState(given as never))).toEqual(given);
      }),
    );
  });
});

describe("delta seconds", () => {
  it.each([
    ["3600", 3600],
    [" 0 ", 0],
    [String(MAX_DELTA_SECONDS), MAX_DELTA_SECONDS],
    [String(MAX_DELTA_SECONDS + 1), MAX_DELTA_SECONDS],
    ["9".repeat(400), MAX_DELTA_SECONDS],
    ["-1", undefined],
    ["1.5", undefined],
    ["", undefined],
  ])("reads %j as %j", (value, expected) => {
    expect(parseDeltaSeconds(value)).toBe(expected);
  });

  it("writes whole numbers in range", () => {
    expect([59.9, -3, MAX_DELTA_SECONDS + 5].map(formatDeltaSeconds)).toEqual([
      "59",
      "0",
      String(MAX_DELTA_SECONDS),
    ]);
  });
});
