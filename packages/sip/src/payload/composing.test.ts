import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_COMPOSING_REFRESH_S,
  MAX_COMPOSING_REFRESH_S,
  readComposing,
  writeIsComposing,
  writeKeyboardActivity,
} from "./composing.ts";

const read = (text: string) => readComposing(new TextEncoder().encode(text));
const isComposing = (inner: string) =>
  read(`<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">${inner}</isComposing>`);

describe("composing", () => {
  it("writes both forms", () => {
    expect(writeIsComposing({ state: "active", refresh: 60 })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">' +
        "<state>active</state><contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>",
    );
    expect(writeKeyboardActivity("active")).toBe(
      '<?xml version="1.0"?>\r\n<KeyboardActivity>\r\n  <status status="type" />\r\n</KeyboardActivity>',
    );
    expect(writeKeyboardActivity("active")).toHaveLength(90);
  });

  it("reads what it writes", () => {
    expect(read(writeIsComposing({ state: "active", refresh: 60 }))).toEqual({
      state: "active",
      refresh: 60,
    });
    expect(read(writeIsComposing({ state: "idle" }))).toEqual({ state: "idle" });
    expect(read(writeKeyboardActivity("active"))).toEqual({ state: "active" });
    expect(read(writeKeyboardActivity("idle"))).toEqual({ state: "idle" });
  });

  it.each([
    ["", { state: "idle" }],
    ["<state>typing-hard</state>", { state: "idle" }],
    ["<state> active </state>", { state: "active", refresh: DEFAULT_COMPOSING_REFRESH_S }],
    [
      "<state>active</state><refresh>soon</refresh>",
      { state: "active", refresh: DEFAULT_COMPOSING_REFRESH_S },
    ],
    [
      `<state>active</state><refresh>${MAX_COMPOSING_REFRESH_S}</refresh>`,
      { state: "active", refresh: MAX_COMPOSING_REFRESH_S },
    ],
    [
      `<state>active</state><refresh>${MAX_COMPOSING_REFRESH_S + 1}</refresh>`,
      { state: "active", refresh: MAX_COMPOSING_REFRESH_S },
    ],
  ])("reads isComposing %j", (inner, expected) => {
    expect(isComposing(inner)).toEqual(expected);
  });

  it("knows nothing of other bodies, and never throws", () => {
    expect(read("<action>RequestRM</action>")).toBeUndefined();
    expect(read("not xml")).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readComposing(bytes)));
  });
});
