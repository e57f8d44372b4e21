import { describe, expect, it } from "vitest";
import { mapAvailability } from "./availability.ts";
import { mapAcross } from "./availability-transit.ts";
import { AVAILABILITIES, SYSTEMS, type SystemKey } from "./system.ts";

describe("pairs of foreign systems", () => {
  it.each([
    ["lync", "Busy", "sametime", "1-5.busy 1-15.away", "Away", "Busy"],
    ["moc", "Available", "webex-connect", "1-1.available 1-15.available", "Available", undefined],
    ["sametime", "Do Not Disturb", "lync", "1-11.do-not-disturb 1-8.do-not-disturb", "Busy", undefined],
    ["webex-connect", "Do Not Disturb", "aim", "1-12.do-not-disturb 1-10.do-not-disturb", "Away", undefined],
    ["aim", "Invisible", "sametime", "1-9.invisible 1-15.offline", "Offline", undefined],
  ] as const)("%s %s is for %s by %s %s (%s)", (from, state, to, row, shown, text) => {
    expect(mapAcross({ from, state, to })).toMatchObject({ row, state: shown, ...(text && { text }) });
  });

  it("have an answer, and others have that of their table", () => {
    const keys = Object.keys(SYSTEMS) as SystemKey[];
    for (const from of keys) {
      for (const to of keys) {
        for (const state of AVAILABILITIES) {
          const direct = mapAvailability({ from, state, to });
          if (direct.ok) expect(mapAcross({ from, state, to })).toEqual(direct);
          else expect(mapAcross({ from, state, to }).ok).toBe(true);
        }
      }
    }
  });
});
