import { type PresenceBodySummary, type PresenceForm, readPresenceBody } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { readPresence } from "./presence-reading.ts";

const RULES = { dialect: "rpid-status-draft" } as const;
const read = (kind: PresenceForm, summary: Partial<PresenceBodySummary>) =>
  readPresence(kind, { basic: undefined, activities: [], ...summary }, RULES);

const msrtc = (inner: string) =>
  [
    "text/xml+msrtc.pidf",
    `<?xml version="1.0" encoding="utf-16"?><presentity uri="c@x">${inner}</presentity>`,
  ] as const;
const xpidf = (status: string, sub: string) =>
  [
    "application/xpidf+xml",
    '<!DOCTYPE presence SYSTEM "xpidf.dtd"><presence><atom><address>' +
      `<status status="${status}"/><msnsubstatus substatus="${sub}"/></address></atom></presence>`,
  ] as const;
const categories = (number: number, token: string) =>
  [
    "application/msrtc-event-categories+xml",
    `<categories uri="sip:c@x"><category name="state"><state><availability>${number}</availability>` +
      `<activity token="${token}"/></state></category></categories>`,
  ] as const;
const pidf = (status: string) =>
  [
    "application/pidf+xml",
    `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="c@x"><tuple id="0"><status>${status}</status></tuple></presence>`,
  ] as const;

describe("a document of each form", () => {
  it.each([
    [msrtc('<availability aggregate="300"/><activity aggregate="600"/>'), "Busy", "NC.busy", undefined],
    [
      msrtc('<availability aggregate="300"/><activity aggregate="500"/>'),
      "Busy",
      "NC.in-a-call",
      "On the phone",
    ],
    [msrtc('<availability aggregate="99"/><activity aggregate="600"/>'), "Offline", "PR.closed", undefined],
    [
      msrtc(
        '<availability aggregate="300"/><activity aggregate="600"/><userInfo><states><state avail="9500"/></states></userInfo>',
      ),
      "Do Not Disturb",
      "NB.do-not-disturb",
      undefined,
    ],
    [msrtc('<availability aggregate="300"/>'), "Available", "PR.no-activity", undefined],
    [xpidf("inuse", "onthephone"), "Busy", "PR.draft-busy", "On the phone"],
    [xpidf("inuse", "outtolunch"), "Away", "PR.draft-away", "Out to lunch"],
    [xpidf("open", "berightback"), "Be Right Back", "PR.draft-be-right-back", undefined],
    [xpidf("open", "unknown"), "Available", "PR.no-activity", undefined],
    [xpidf("closed", "busy"), "Offline", "PR.closed", undefined],
    [categories(6500, "in-a-meeting"), "Busy", "NT.engaged", "In a meeting"],
    [categories(18500, "in-a-meeting"), "Offline", "NB.offline", undefined],
    [categories(0, ""), "Offline", "NB.none", undefined],
    [pidf("<basic>open</basic><activity>on-the-phone</activity>"), "Busy", "PR.draft-busy", "On the phone"],
    [pidf("<basic>closed</basic><activity>busy</activity>"), "Offline", "PR.closed", undefined],
  ] as const)("%j is %s by %s", ([type, text], state, row, words) => {
    const body = readPresenceBody(type, new TextEncoder().encode(text));
    if (!body.ok) throw new Error(body.what);
    expect(readPresence(body.kind, body.summary, RULES)).toEqual({ state, row, ...(words && { words }) });
  });
});

describe("what counts", () => {
  it("is the most exact statement, and closed before all", () => {
    const all = { basic: "open", availability: 12_000, activityClass: 600, activities: ["away"] } as const;
    expect(read("msrtc-pidf", all)?.state).toBe("Be Right Back");
    expect(read("msrtc-pidf", { ...all, basic: "closed" })?.state).toBe("Offline");
    expect(read("event-categories", { ...all, basic: undefined })?.state).toBe("Be Right Back");
  });

  it("is nothing where nothing is said", () => {
    expect(read("event-categories", {})).toBeUndefined();
    expect(read("msrtc-pidf", { activityClass: 600 })).toBeUndefined();
    expect(read("pidf", { activities: ["busy"] })).toBeUndefined();
  });

  it("in PIDF are the words of the peer's dialect, in other forms those of the drafts", () => {
    const lunch = { basic: "open", activities: ["out-to-lunch"] } as const;
    const rpid = { dialect: "rpid" } as const;
    expect(readPresence("pidf", lunch, rpid)?.row).toBe("fallback.unknown-activity");
    expect(readPresence("xpidf", lunch, rpid)?.state).toBe("Away");
  });

  it("said in the partner's own words keeps them", () => {
    expect(
      read("event-categories", {
        availability: 9500,
        activities: ["in-presentation"],
        activityText: "Teaching",
      }),
    ).toEqual({ row: "NT.presenting", state: "Do Not Disturb", words: "Teaching" });
  });
});
