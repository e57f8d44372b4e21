import { describe, expect, it } from "vitest";
import { checkOverrides, mapAvailability } from "./availability.ts";
import { AVAILABILITY_NAMES, availabilityNamed } from "./availability-words.ts";
import { writePidf } from "./pidf-activity.ts";
import { isStyleName, STYLES, type StyleName, styledOverrides } from "./styles.ts";
import type { Availability, SystemKey } from "./system.ts";
import { writeXmppPresence } from "./xmpp-presence.ts";

function shown(style: StyleName, from: SystemKey, state: Availability, to: SystemKey, text?: string) {
  const answer = mapAvailability({ from, state, text, to, overrides: styledOverrides(style) });
  if (!answer.ok) throw new Error(answer.why);
  return answer;
}

describe("styles", () => {
  it("name rows and targets that exist", () => {
    for (const { overrides } of Object.values(STYLES)) expect(checkOverrides(overrides)).toEqual([]);
    expect(["cup", "rich", "CUP", "toString"].filter(isStyleName)).toEqual(["cup", "rich"]);
  });

  it("cup changes nothing", () => expect(styledOverrides("cup")).toEqual({}));

  it.each([
    ["Do Not Disturb", undefined, "dnd", undefined],
    ["Do Not Disturb", "Exam", "dnd", "Exam"],
    ["Be Right Back", undefined, "away", "Be Right Back"],
    ["Be Right Back", "Coffee", "away", "Be Right Back - Coffee"],
    ["Busy", "Coffee", "away", "Busy - Coffee"],
    ["Away", "Coffee", "away", "Coffee"],
    ["Available", undefined, undefined, undefined],
  ] as const)("rich shows %s with %s to an XMPP user as %s %s", (state, note, show, status) => {
    for (const from of ["lync", "moc"] as const) {
      const { state: seen, text } = shown("rich", from, state, "xmpp-third-party", note);
      const { row: _, ...presence } = writeXmppPresence(seen, text);
      expect(presence).toEqual({ ...(show && { show }), ...(status && { status }) });
    }
  });

  it("rich tells a partner that can only be shown Busy the rest in words", () => {
    for (const to of ["lync", "moc"] as const) {
      const { state, text } = shown("rich", "xmpp-third-party", "Do Not Disturb", to, "Exam");
      expect(writePidf(state, "rpid-status-draft")).toMatchObject({ basic: "open", activity: "busy" });
      expect(writePidf(state, "rpid")).toMatchObject({ activity: "busy", show: "dnd" });
      expect(text).toBe("Do Not Disturb - Exam");
    }
    expect(shown("cup", "xmpp-third-party", "Do Not Disturb", "lync")).toMatchObject({ state: "Busy" });
  });

  it("give way to an administrator's own cells, cell by cell", () => {
    const own = {
      "1-5.do-not-disturb": { "cupc-8": "Busy" },
      "1-5.busy": { "xmpp-third-party": "Do Not Disturb" },
    } as const;
    expect(styledOverrides("rich", own)["1-5.do-not-disturb"]).toEqual({
      "xmpp-third-party": "Do Not Disturb",
      "cupc-7": "Do Not Disturb",
      "cupc-8": "Busy",
    });
    expect(styledOverrides("cup", own)).toEqual(own);
    expect(STYLES.rich.overrides["1-5.do-not-disturb"]["cupc-8"]).toBe("Do Not Disturb");
  });
});

describe("words for states", () => {
  it.each([
    ["dnd", "Do Not Disturb"],
    ["DND", "Do Not Disturb"],
    ["Do Not Disturb", "Do Not Disturb"],
    ["do-not_disturb", "Do Not Disturb"],
    [" xa ", "Extended Away"],
    ["extended away", "Extended Away"],
    ["away", "Away"],
    ["available", "Available"],
    ["chat", "Available"],
    ["OFFLINE", "Offline"],
    ["unavailable", "Offline"],
    ["brb", "Be Right Back"],
    ["idle", "Idle"],
    ["asleep", undefined],
    ["", undefined],
    ["constructor", undefined],
  ])("%j is %s", (word, state) => expect(availabilityNamed(word)).toBe(state));

  it("are all known by their own names", () => {
    expect(AVAILABILITY_NAMES.filter((word) => availabilityNamed(word) === undefined)).toEqual([]);
    expect(new Set(AVAILABILITY_NAMES.map((word) => word.toLowerCase())).size).toBe(
      AVAILABILITY_NAMES.length,
    );
  });
});
