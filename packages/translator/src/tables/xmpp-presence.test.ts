import { describe, expect, it } from "vitest";
import { AVAILABILITIES } from "./system.ts";
import { readXmppPresence, readXmppText, writeXmppPresence, XMPP_WRITING } from "./xmpp-presence.ts";

describe("reading XMPP presence", () => {
  it.each([
    [{}, "XR.available", "Available"],
    [{ show: "chat" }, "XR.chat", "Available"],
    [{ show: "away" }, "XR.away", "Away"],
    [{ show: " xa\n" }, "XR.xa", "Extended Away"],
    [{ show: "dnd" }, "XR.dnd", "Do Not Disturb"],
    [{ show: "online" }, "XR.available", "Available"],
    [{ show: "unavailable" }, "XR.available", "Available"],
    [{ type: "unavailable" }, "XR.unavailable", "Offline"],
    [{ type: "unavailable", show: "away" }, "XR.unavailable", "Offline"],
  ] as const)("%j by %s is %s", (presence, row, state) => {
    expect(readXmppPresence(presence)).toEqual({ row, state });
  });

  it("passes the status on and drops an empty one", () => {
    expect(readXmppPresence({ show: "away", status: " Lunch " }).text).toBe("Lunch");
    expect(readXmppPresence({ status: "  " })).not.toHaveProperty("text");
  });
});

describe("writing XMPP presence", () => {
  it.each([
    ["Available", { row: "XW.available" }],
    ["Away", { row: "XW.away", show: "away" }],
    ["Busy", { row: "XW.busy", show: "dnd" }],
    ["Do Not Disturb", { row: "XW.do-not-disturb", show: "dnd" }],
    ["Be Right Back", { row: "XW.be-right-back", show: "away" }],
    ["Extended Away", { row: "XW.extended-away", show: "xa" }],
    ["Idle", { row: "XW.idle", show: "away", status: "Idle" }],
    ["Invisible", { row: "XW.invisible", type: "unavailable" }],
    ["Offline", { row: "XW.offline", type: "unavailable" }],
  ] as const)("%s", (state, written) => {
    expect(writeXmppPresence(state)).toEqual(written);
  });

  it("keeps the note, behind a canned text where there is one", () => {
    expect(writeXmppPresence("Away", "Busy - Quarter close").status).toBe("Busy - Quarter close");
    expect(writeXmppPresence("Idle", "since noon").status).toBe("Idle - since noon");
  });

  it.each([
    ["Busy", undefined, { row: "XT.busy", show: "away", status: "Busy" }],
    ["Busy", "Exam", { row: "XT.busy", show: "away", status: "Busy - Exam" }],
    ["Idle", "Exam", { row: "XT.idle", show: "away", status: "Idle - Exam" }],
    ["Away", "Exam", { row: "XW.away", show: "away", status: "Exam" }],
  ] as const)("says %s with note %s to users of 8.x by a text, and reads it so", (state, note, written) => {
    expect(writeXmppPresence(state, note, "fed-cupc-8")).toEqual(written);
    const back = { state, ...(note !== undefined && { text: note }) };
    expect(readXmppText("cupc-8", "Away", written.status)).toEqual(back);
    const asWritten = { state: "Away", text: written.status };
    expect(readXmppText("xmpp-third-party", "Away", written.status)).toEqual(asWritten);
  });

  it("declares a loss exactly where the state does not read back", () => {
    const lossy = AVAILABILITIES.filter(
      (state) => readXmppPresence(writeXmppPresence(state)).state !== state,
    );
    expect(AVAILABILITIES.filter((state) => "loss" in XMPP_WRITING[state])).toEqual(lossy);
  });
});
