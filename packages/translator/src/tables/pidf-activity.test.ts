import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PIDF_READING, PIDF_WRITING, readPidf, writePidf } from "./pidf-activity.ts";
import { AVAILABILITIES } from "./system.ts";

const DIALECTS = ["rpid-status-draft", "rpid"] as const;

describe("reading PIDF", () => {
  it.each([
    ["rpid-status-draft", "", "Available", "PR.no-activity"],
    ["rpid-status-draft", "available", "Available", "PR.draft-available"],
    ["rpid-status-draft", "busy", "Busy", "PR.draft-busy"],
    ["rpid-status-draft", "On-The-Phone", "Busy", "PR.draft-busy"],
    ["rpid-status-draft", "urgent-interruptions-only", "Do Not Disturb", "PR.draft-do-not-disturb"],
    ["rpid-status-draft", "berightback", "Be Right Back", "PR.draft-be-right-back"],
    ["rpid-status-draft", "out-to-lunch", "Away", "PR.draft-away"],
    ["rpid-status-draft", "vacation", "Away", "PR.draft-away"],
    ["rpid-status-draft", "juggling", "Available", "fallback.unknown-activity"],
    ["rpid", "working", "Available", "PR.rpid-available"],
    ["rpid", "steering", "Busy", "PR.rpid-busy"],
    ["rpid", "do-not-disturb", "Do Not Disturb", "PR.rpid-do-not-disturb"],
    ["rpid", "be-right-back", "Be Right Back", "PR.rpid-be-right-back"],
    ["rpid", "dinner", "Away", "PR.rpid-away"],
    ["rpid", "idle", "Idle", "PR.rpid-idle"],
    ["rpid", "vacation", "Extended Away", "PR.rpid-extended-away"],
    ["rpid", "juggling", "Available", "fallback.unknown-activity"],
  ] as const)("%s open with %s is %s by %s", (dialect, token, state, row) => {
    expect(readPidf({ basic: "open", activities: token === "" ? [] : [token] }, dialect)).toEqual({
      row,
      state,
    });
  });

  it("takes closed for Offline whatever else is said, and no basic for no statement", () => {
    expect(readPidf({ basic: " closed ", activities: ["busy"], show: "dnd" }, "rpid")?.state).toBe("Offline");
    expect(readPidf({ basic: undefined, activities: ["busy"] }, "rpid")).toBeUndefined();
    expect(readPidf({ basic: "ajar", activities: [] }, "rpid")).toBeUndefined();
  });

  it("lets a valid show decide before activities", () => {
    expect(readPidf({ basic: "open", activities: ["busy"], show: "xa" }, "rpid")?.state).toBe(
      "Extended Away",
    );
    expect(readPidf({ basic: "open", activities: ["busy"], show: "here" }, "rpid")?.state).toBe("Busy");
  });

  it.each([
    [{ activities: [] }, "Idle"],
    [{ activities: ["away"] }, "Idle"],
    [{ activities: [], show: "away" }, "Idle"],
    [{ activities: ["busy"] }, "Busy"],
    [{ activities: [], show: "xa" }, "Extended Away"],
    [{ activities: [], show: "chat" }, "Available"],
    [{ activities: ["working"] }, "Available"],
  ])("reads an idle user-input beside %j as %s", (said, state) => {
    expect(readPidf({ basic: "open", isIdle: true, ...said }, "rpid")?.state).toBe(state);
    expect(readPidf({ basic: "closed", isIdle: true, ...said }, "rpid")?.state).toBe("Offline");
  });

  it("does not depend on the order of several activities", () => {
    const tokens = fc.shuffledSubarray(["busy", "away", "vacation", "working", "do-not-disturb", "juggling"]);
    fc.assert(
      fc.property(tokens, fc.constantFrom(...DIALECTS), (activities, dialect) => {
        const forward = readPidf({ basic: "open", activities }, dialect);
        expect(readPidf({ basic: "open", activities: activities.toReversed() }, dialect)).toEqual(forward);
      }),
    );
    expect(readPidf({ basic: "open", activities: ["away", "on-the-phone"] }, "rpid")?.state).toBe("Busy");
  });

  it.each(DIALECTS)("has each token of %s in one row only", (dialect) => {
    const tokens = PIDF_READING[dialect].flatMap((row) => row.tokens as readonly string[]);
    expect(new Set(tokens).size).toBe(tokens.length);
  });
});

describe("writing PIDF", () => {
  it.each([
    ["Available", { basic: "open" }, { basic: "open" }],
    ["Away", { basic: "open", activity: "away" }, { basic: "open", activity: "away", show: "away" }],
    ["Busy", { basic: "open", activity: "busy" }, { basic: "open", activity: "busy", show: "dnd" }],
    ["Do Not Disturb", { basic: "open", activity: "busy" }, { basic: "open", activity: "busy", show: "dnd" }],
    ["Be Right Back", { basic: "open", activity: "away" }, { basic: "open", activity: "away", show: "away" }],
    ["Extended Away", { basic: "open", activity: "away" }, { basic: "open", activity: "away", show: "xa" }],
    [
      "Idle",
      { basic: "open", activity: "away" },
      { basic: "open", activity: "away", show: "away", isIdle: true },
    ],
    ["Invisible", { basic: "closed" }, { basic: "closed" }],
    ["Offline", { basic: "closed" }, { basic: "closed" }],
  ] as const)("%s", (state, draft, rpid) => {
    const slug = state.toLowerCase().replaceAll(" ", "-");
    expect(writePidf(state, "rpid-status-draft")).toEqual({ row: `PW.draft-${slug}`, ...draft });
    expect(writePidf(state, "rpid")).toEqual({ row: `PW.rpid-${slug}`, ...rpid });
  });

  it("declares a loss exactly where the state does not read back, with and without its show", () => {
    for (const dialect of DIALECTS) {
      const lossy = AVAILABILITIES.filter((state) => {
        const { basic, activity, show } = writePidf(state, dialect);
        const activities = activity === undefined ? [] : [activity];
        const withShow = readPidf({ basic, activities, show }, dialect)?.state;
        return withShow !== state || readPidf({ basic, activities }, dialect)?.state !== state;
      });
      expect(AVAILABILITIES.filter((state) => "loss" in PIDF_WRITING[dialect][state])).toEqual(lossy);
    }
  });
});
