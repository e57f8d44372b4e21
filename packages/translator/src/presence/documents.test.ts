import type { SipMessage } from "@tombolo/sip";
import { type Element, parse } from "ltx";
import { describe, expect, it } from "vitest";
import { STYLES, type StyleName, styledOverrides } from "../tables/styles.ts";
import { Documents, type PresenceDialect } from "./documents.ts";
import { type Composed, NOBODY, Resources } from "./resources.ts";

const LYNC = {
  system: "lync",
  xmppSystem: "xmpp-third-party",
  pidf: "rpid-status-draft",
  entityScheme: "sip",
  tuples: "one",
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
  return {
    content: bytes,
    get: (name: string) => (name === "Content-Type" ? type : undefined),
  } as SipMessage;
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

describe("whom a document is about", () => {
  const about = (entity: string) =>
    `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="0"><status><basic>open</basic></status></tuple></presence>`;

  it.each([
    [`pres:${BOB}`, true],
    [`sip:${BOB}`, true],
    [` sip:${BOB} `, true],
    [BOB, true],
    ["", true],
    ["SIP:Bob@Contoso.Example", true],
    ["pres:%62ob@contoso.example", true],
    [`sips:${BOB}`, false],
    [`tel:${BOB}`, false],
    [`sip:x${BOB}`, false],
    ["pres:ob@contoso.example", false],
    [`sip:${BOB}.test`, false],
  ])("%j: bob is %s", (entity, isBob) => {
    const shown = new Documents(LYNC).read(notify("application/pidf+xml", about(entity)), BOB);
    expect(shown !== undefined).toBe(isBob);
  });
});

describe("several resources", () => {
  const ALICE = "sip:alice@example.com";
  const SIMPLE = { ...LYNC, system: "cupc-7", pidf: "rpid", tuples: "per-resource" } as const;
  const presence = (resource: string, inside: string, type = "") =>
    [resource, parse(`<presence${type}>${inside}</presence>`)] as const;
  const composed = (...stanzas: (readonly [string, Element])[]) => {
    const resources = new Resources();
    for (const [resource, stanza] of stanzas) resources.take(resource, stanza);
    return resources.compose();
  };
  const written = (documents: Documents, of: Composed) => {
    const { bytes } = documents.write(ALICE, documents.map(of)).body;
    return new TextDecoder().decode(bytes);
  };
  const tuplesOf = (text: string) =>
    [...text.matchAll(/<tuple id="([^"]*)">.*?<basic>(\w+)</g)].map(([, id, basic]) => `${id} ${basic}`);
  const desk = presence("desk", "<show>dnd</show><status>Exam</status><priority>5</priority>");
  const phone = presence("phone", "<show>xa</show><priority>-1</priority>");
  const GONE = presence("desk", "", ' type="unavailable"');

  it("are a tuple each, with contact, priority and a time of its own for each document", () => {
    const documents = new Documents({ ...SIMPLE, wall: () => 1_600_000_000_000 });
    const text = written(documents, composed(phone, desk));
    expect(text).toContain(
      '<tuple id="ID-desk"><status><basic>open</basic><show xmlns="jabber:client">dnd</show></status>' +
        `<contact priority="0.039">${ALICE}</contact><note>Exam</note><timestamp>2020-09-13T12:26:40.000Z</timestamp></tuple>\n` +
        '<tuple id="ID-phone"><status><basic>open</basic><show xmlns="jabber:client">away</show></status>' +
        `<contact>${ALICE}</contact><timestamp>2020-09-13T12:26:40.000Z</timestamp></tuple>`,
    );
    expect(text).toContain("<rpid:activities><rpid:busy/></rpid:activities>");
    expect(written(documents, composed(phone))).toContain("<timestamp>2020-09-13T12:26:40.001Z</timestamp>");
  });

  it("are one tuple for partners who look at one", () => {
    const text = written(new Documents({ ...LYNC, wall: () => 0 }), composed(phone, desk));
    expect(tuplesOf(text)).toEqual(["t1 open"]);
    expect(text).toContain("<ep:activity>busy</ep:activity>");
    expect(text).not.toContain("timestamp");
  });

  it.each([
    ["one that goes leaves the others", [phone, desk, GONE], ["ID-phone open"]],
    ["all that go leave one closed tuple", [desk, GONE], ["ID-none closed"]],
    [
      "a bare unavailable is all of them",
      [phone, desk, presence("", "", ' type="unavailable"')],
      ["ID-none closed"],
    ],
    ["a negative priority is there too", [phone], ["ID-phone open"]],
  ] as const)("%s", (_, stanzas, tuples) => {
    expect(tuplesOf(written(new Documents(SIMPLE), composed(...stanzas)))).toEqual(tuples);
  });

  it("who may not look sees the very document of an absent user", () => {
    for (const dialect of [SIMPLE, LYNC]) {
      const absent = written(new Documents(dialect), composed(desk, GONE));
      expect(absent).toBe(written(new Documents(dialect), NOBODY));
      expect(tuplesOf(absent)).toHaveLength(1);
    }
  });

  it("are news when one of them changes, and none when one says the same again", () => {
    const documents = new Documents(SIMPLE);
    const key = (...stanzas: (readonly [string, Element])[]) => documents.map(composed(...stanzas)).key;
    expect(key(desk, phone, desk)).toBe(key(phone, desk, phone));
    expect(key(desk, phone)).not.toBe(key(desk));
    expect(key(desk, presence("phone", "<priority>-1</priority>"))).not.toBe(key(desk, phone));
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
    const state = documents.map({ state: "Do Not Disturb", note: "Exam", resources: [] });
    const { body } = documents.write("sip:alice@example.com", state);
    const text = new TextDecoder().decode(body.bytes);
    expect(text).toContain("<ep:activity>busy</ep:activity>");
    expect(text).toContain(note);
  });
});
