import type { SipMessage } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { STYLES, type StyleName, styledOverrides } from "../tables/styles.ts";
import { Documents, type PresenceDialect } from "./documents.ts";

const LYNC = {
  system: "lync",
  xmppSystem: "xmpp-third-party",
  pidf: "rpid-status-draft",
  entityScheme: "sip",
} as const satisfies PresenceDialect;
const BOB = "bob@contoso.example";
const CATEGORIES = "application/msrtc-event-categories+xml";

function inStyle(style: StyleName): Documents {
  return new Documents({
    ...LYNC,
    overrides: styledOverrides(style),
    tellsActivities: STYLES[style].tellsActivities,
  });
}

function notify(type: string, body: string): SipMessage {
  const bytes = new TextEncoder().encode(body);
  return { body: bytes, get: (name: string) => (name === "Content-Type" ? type : undefined) } as SipMessage;
}

const categories = (availability: number, token: string, note = "") =>
  notify(
    CATEGORIES,
    `<categories uri="sip:${BOB}"><category name="state"><state><availability>${availability}</availability>` +
      `<activity token="${token}"/></state></category><category name="note"><note><body type="personal">${note}` +
      "</body></note></category></categories>",
  );

describe("a partner's document in any form", () => {
  const msrtc = `<?xml version="1.0" encoding="utf-16"?><presentity uri="${BOB}"><availability aggregate="300"/><activity aggregate="600"/></presentity>`;
  const xpidf = `<!DOCTYPE presence SYSTEM "x.dtd"><presence><presentity uri="sip:${BOB};method=SUBSCRIBE"/><atom><address><status status="closed"/></address></atom></presence>`;
  const pidf = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${BOB}"><tuple id="0"><status><basic>open</basic><activities><activity>away</activity></activities></status></tuple></presence>`;

  it.each([
    ["text/xml+msrtc.pidf", msrtc, { show: "away", status: "Busy", mappedBy: "1-5.busy" }],
    ["application/xpidf+xml", xpidf, { type: "unavailable", mappedBy: "1-5.offline" }],
    ["application/pidf+xml; charset=utf-8", pidf, { show: "away", mappedBy: "1-5.away" }],
    ["text/plain", pidf, undefined],
    ["application/pidf+xml", pidf.replace(BOB, "eve@contoso.example"), undefined],
    ["application/pidf+xml", "", undefined],
  ])("%s is shown as a table says", (type, body, shown) => {
    expect(new Documents(LYNC).read(notify(type, body), BOB)).toEqual(shown);
  });
});

describe("styles", () => {
  it.each([
    ["cup", categories(9500, "in-presentation", "Exam"), "away", "Busy - Exam"],
    ["rich", categories(9500, "in-presentation", "Exam"), "dnd", "Presenting - Exam"],
    ["cup", categories(6500, "on-the-phone"), "away", "Busy"],
    ["rich", categories(6500, "on-the-phone"), "away", "Busy - On the phone"],
    ["cup", categories(12_500, ""), "away", undefined],
    ["rich", categories(12_500, ""), "away", "Be Right Back"],
  ] as const)("%s shows %# with its words", (style, message, show, status) => {
    expect(inStyle(style).read(message, BOB)).toMatchObject({ show, ...(status && { status }) });
  });

  it.each([
    ["cup", "<note>Exam</note>"],
    ["rich", "<note>Do Not Disturb - Exam</note>"],
  ] as const)("%s tells a partner of Do Not Disturb", (style, note) => {
    const documents = inStyle(style);
    const state = documents.map({ state: "Do Not Disturb", note: "Exam" });
    const { body } = documents.write("sip:alice@example.com", state);
    const text = new TextDecoder().decode(body.bytes);
    expect(text).toContain("<ep:activity>busy</ep:activity>");
    expect(text).toContain(note);
  });
});
