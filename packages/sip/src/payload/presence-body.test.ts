import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writePidf } from "./pidf-write.ts";
import { PRESENCE_MEDIA_TYPES, readPresenceBody } from "./presence-body.ts";
import type { PresenceBodyReading } from "./presence-statement.ts";
import { MAX_XML_BYTES, MAX_XML_ELEMENTS } from "./xml.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const read = (type: string, text: string) => readPresenceBody(type, utf8(text));
const MSRTC = "text/xml+msrtc.pidf";
const XPIDF = "application/xpidf+xml";
const CATEGORIES = "application/msrtc-event-categories+xml";

function summaryOf(reading: PresenceBodyReading) {
  if (!reading.ok) throw new Error(`${reading.why}: ${reading.what}`);
  return reading.summary;
}

const GOLDEN_MSRTC = `<?xml version="1.0" encoding="utf-16"?>
<presentity uri="carol@fabrikam.example" xmlns="http://schemas.microsoft.com/2002/09/sip/presence"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <availability aggregate="300" description="online" epid="7f"/>
  <activity aggregate="600" description="Busy" epid="7f" note="Budget"/>
  <displayName displayName="Carol \u00c5str\u00f6m"/>
  <email email="carol@fabrikam.example"/>
  <userInfo>
    <note>Back on Monday</note>
    <states>
      <state avail="15500" since="2024-03-01T08:00:00Z" set="calendar" xsi:type="calendarState">away</state>
      <state avail="6500" since="2024-03-01T09:00:00Z" set="manual" xsi:type="userState">Busy</state>
    </states>
  </userInfo>
  <devices><devicePresence epid="7f" ageOfPresence="30">
    <availability aggregate="0"/><activity aggregate="200"/></devicePresence></devices>
</presentity>`;

describe("text/xml+msrtc.pidf", () => {
  it("is read whole: classes, the state that the user set, note, an address without scheme", () => {
    expect(read(`${MSRTC}; charset=utf-16`, GOLDEN_MSRTC)).toEqual({
      ok: true,
      kind: "msrtc-pidf",
      entity: "carol@fabrikam.example",
      summary: {
        basic: "open",
        activities: ["busy"],
        availability: 6500,
        activityClass: 600,
        note: "Back on Monday",
      },
    });
  });

  const presentity = (inner: string) => summaryOf(read(MSRTC, `<presentity uri="c@x">${inner}</presentity>`));

  it.each([
    ["0", "closed"],
    ["99", "closed"],
    ["100", "open"],
    ["999", "open"],
    ["1000", undefined],
    ["-1", undefined],
    ["3e2", undefined],
  ])("availability class %s is %s", (aggregate, basic) => {
    expect(presentity(`<availability aggregate="${aggregate}"/>`).basic).toBe(basic);
  });

  it("without a user's note or state has those of the activity", () => {
    expect(
      presentity('<availability aggregate="300"/><activity aggregate="400" note=" In \n town "/>'),
    ).toEqual({ basic: "open", activities: [], activityClass: 400, note: "In   town" });
    expect(presentity('<userInfo><states><state avail="x">busy</state></states></userInfo>')).toEqual({
      basic: undefined,
      activities: [],
    });
  });
});

const xpidf = (inner: string, doctype = "") =>
  `<?xml version="1.0"?>${doctype}<presence><presentity uri="sip:carol@fabrikam.example;method=SUBSCRIBE"/>${inner}</presence>`;
const atom = (status: string, sub = "", priority = "0.6", name = "msnsubstatus") =>
  `<atom id="1"><address uri="sip:c@x" priority="${priority}"><status status="${status}"/>` +
  `${sub && `<${name} substatus="${sub}"/>`}</address></atom>`;

describe("application/xpidf+xml", () => {
  const doctype = '<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">';

  it("is read over its DOCTYPE", () => {
    const document = xpidf(`${atom("inuse", "onthephone")}<display name="Carol"/>`, doctype);
    expect(read(XPIDF, document)).toEqual({
      ok: true,
      kind: "xpidf",
      entity: "sip:carol@fabrikam.example",
      summary: { basic: "open", activities: ["on-the-phone"] },
    });
  });

  it("never fetches or expands what a DOCTYPE declares, and takes none in other forms", () => {
    const bomb =
      '<!DOCTYPE presence [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/hosts">]>';
    for (const name of ["b", "f"]) {
      expect(read(XPIDF, xpidf(`${atom("open")}<display name="&${name};"/>`, bomb))).toEqual({
        ok: false,
        why: "malformed",
        what: "not well-formed",
      });
    }
    for (const type of PRESENCE_MEDIA_TYPES.filter((other) => other !== XPIDF)) {
      expect(read(type, `${doctype}<presence xmlns="urn:ietf:params:xml:ns:pidf"/>`)).toMatchObject({
        why: "malformed",
        what: "a DOCTYPE",
      });
    }
  });

  it.each([
    ["open", "", "open", []],
    ["open", "online", "open", []],
    ["open", "away", "open", ["away"]],
    ["open", "BeRightBack", "open", ["be-right-back"]],
    ["inuse", "", "open", ["busy"]],
    ["inuse", "unknown", "open", ["busy"]],
    ["inuse", "outtolunch", "open", ["out-to-lunch"]],
    ["inactive", "", "open", ["inactive"]],
    ["closed", "busy", "closed", []],
    ["ajar", "busy", undefined, []],
    ["open", "constructor", "open", ["constructor"]],
  ])("%s with %j", (status, sub, basic, activities) => {
    expect(summaryOf(read(XPIDF, xpidf(atom(status, sub))))).toEqual({ basic, activities });
    expect(summaryOf(read(XPIDF, xpidf(atom(status, sub, "1", "msnstatus"))))).toEqual({ basic, activities });
  });

  it("of several addresses takes the open one, then the one with the higher priority", () => {
    const activities = (...atoms: string[]) => summaryOf(read(XPIDF, xpidf(atoms.join("")))).activities;
    expect(activities(atom("closed", "", "1"), atom("inuse", "", "0.1"))).toEqual(["busy"]);
    expect(activities(atom("open", "idle", "0.5"), atom("open", "away", "0.51"))).toEqual(["away"]);
    expect(activities(atom("open", "idle", "0"), atom("open", "away", "7"))).toEqual(["idle"]);
  });
});

const state = (inner: string, type = "aggregateState") =>
  `<category name="state" instance="1"><state xmlns="http://schemas.microsoft.com/2006/09/sip/state"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${inner}</state></category>`;
const categories = (...inner: string[]) =>
  `<categories xmlns="http://schemas.microsoft.com/2006/09/sip/categories" uri="sip:carol@fabrikam.example">${inner.join("")}</categories>`;

describe("application/msrtc-event-categories+xml", () => {
  const card =
    '<category name="contactCard"><contactCard xmlns="http://schemas.microsoft.com/2006/09/sip/contactcard">' +
    "<identity><name><displayName>Carol</displayName></name></identity></contactCard></category>";
  const note = (type: string, text: string) =>
    `<category name="note"><note xmlns="http://schemas.microsoft.com/2006/09/sip/note"><body type="${type}" uri="">${text}</body></note></category>`;

  it("is read whole, and says nothing by basic", () => {
    const meeting =
      '<availability>6500</availability><activity token="In-A-Meeting" minAvailability="6500" maxAvailability="8999"/>' +
      "<meetingSubject>Budget</meetingSubject>";
    const document = categories(
      state("<availability>3500</availability>", "machineState"),
      state(meeting, "s:aggregateState"),
      note("OOF", "On holiday"),
      note("personal", "Quarter close"),
      card,
    );
    expect(read(CATEGORIES, document)).toEqual({
      ok: true,
      kind: "event-categories",
      entity: "sip:carol@fabrikam.example",
      summary: {
        basic: undefined,
        availability: 6500,
        activities: ["in-a-meeting"],
        note: "Quarter close",
      },
    });
  });

  it("takes a token only for the numbers that it covers, and custom words beside it", () => {
    const activity = '<activity token="in-a-meeting" minAvailability="6500" maxAvailability="8999"/>';
    const tokens = (availability: number) =>
      summaryOf(
        read(CATEGORIES, categories(state(`<availability>${availability}</availability>${activity}`))),
      );
    expect([6499, 6500, 8999, 9000].map((n) => tokens(n).activities.length)).toEqual([0, 1, 1, 0]);
    const custom =
      '<availability>9500</availability><activity><custom LCID="1033">Teaching</custom></activity>';
    expect(summaryOf(read(CATEGORIES, categories(state(custom))))).toMatchObject({
      activities: [],
      activityText: "Teaching",
    });
  });

  it("knows nothing of an empty category, and reads the legacy one then", () => {
    const empty = '<category name="state" instance="1" publishTime="2024-03-01T09:00:12.340"/>';
    expect(summaryOf(read(CATEGORIES, categories(empty)))).toEqual({ basic: undefined, activities: [] });
    const legacy =
      '<category name="legacyInterop"><legacyInterop availability="8400" token="urgent-interruptions-only"/></category>';
    expect(summaryOf(read(CATEGORIES, categories(empty, legacy)))).toEqual({
      basic: undefined,
      availability: 8400,
      activities: ["urgent-interruptions-only"],
    });
  });
});

describe("PIDF", () => {
  const pidf = writePidf({
    dialect: "rpid",
    entity: "pres:carol@fabrikam.example",
    tuples: [{ id: "ID-a", basic: "open", activity: "away", show: "xa", note: "Praha" }],
    displayName: "Carol",
  });
  const golden = {
    ok: true,
    kind: "pidf",
    entity: "pres:carol@fabrikam.example",
    summary: { basic: "open", activities: ["away"], show: "xa", note: "Praha" },
  };

  it.each(["application/pidf+xml", " Application/CPIM-PIDF+XML ; charset=UTF-8"])("as %s", (type) => {
    expect(read(type, pidf)).toEqual(golden);
  });

  it("is found in a multipart, and a resource list is told apart from one", () => {
    const part = (type: string, body: string) => `--b\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
    const body = `${part("text/plain", "hello")}${part("application/pidf+xml", pidf)}--b--\r\n`;
    expect(read('multipart/mixed; boundary="b"', body)).toEqual(golden);
    const list = { ok: false, why: "resource-list", what: "multipart/related" };
    expect(read('multipart/related; type="application/rlmi+xml"; boundary=b', "")).toMatchObject({
      why: "empty",
    });
    expect(read('multipart/related; type="application/rlmi+xml"; boundary=b', "--")).toEqual(list);
    expect(read("multipart/related; boundary=b", part("application/rlmi+xml", "<list/>") + body)).toEqual(
      list,
    );
    expect(read("multipart/mixed; boundary=c", body)).toMatchObject({ why: "malformed" });
    expect(read("multipart/mixed; boundary=b", part("text/plain", "x"))).toMatchObject({
      why: "unsupported",
    });
  });
});

describe("bodies of no use", () => {
  it.each([
    [undefined, "<x/>", "unsupported"],
    ["", "<x/>", "unsupported"],
    ["text/html", "<x/>", "unsupported"],
    ["application/rlmi+xml", "<x/>", "resource-list"],
    ["application/pidf+xml", "", "empty"],
    ["application/pidf+xml", "<x/>", "malformed"],
    [MSRTC, "<x/>", "malformed"],
    [XPIDF, "<x/>", "malformed"],
    [CATEGORIES, "<x", "malformed"],
  ])("%s %j is %s", (type, text, why) => {
    expect(readPresenceBody(type, utf8(text))).toMatchObject({ ok: false, why });
  });

  it.each([
    [MSRTC, "presentity"],
    [XPIDF, "presence"],
    [CATEGORIES, "categories"],
  ])("%s has the bounds of XML", (type, root) => {
    const filled = (bytes: number) => `<${root}>${" ".repeat(bytes - 2 * root.length - 5)}</${root}>`;
    expect(read(type, filled(MAX_XML_BYTES)).ok).toBe(true);
    expect(read(type, filled(MAX_XML_BYTES + 1))).toMatchObject({ why: "malformed" });
    const elements = (count: number) => `<${root}>${"<a/>".repeat(count - 1)}</${root}>`;
    expect(read(type, elements(MAX_XML_ELEMENTS)).ok).toBe(true);
    expect(read(type, elements(MAX_XML_ELEMENTS + 1))).toMatchObject({ why: "malformed" });
  });

  it("never throw, whatever the type and the bytes, whole or mangled", () => {
    const goldens = [
      GOLDEN_MSRTC,
      xpidf(atom("inuse")),
      categories(state("<availability>6500</availability>")),
    ];
    const types = fc.oneof(fc.constantFrom(...PRESENCE_MEDIA_TYPES, "multipart/x;boundary=b"), fc.string());
    const mangled = fc
      .tuple(fc.constantFrom(...goldens), fc.nat(900), fc.nat(40), fc.string({ maxLength: 8 }))
      .map(([text, at, cut, add]) => utf8(text.slice(0, at) + add + text.slice(at + cut)));
    fc.assert(
      fc.property(types, fc.oneof(fc.uint8Array({ maxLength: 100 }), mangled), (type, bytes) => {
        const reading = readPresenceBody(type, bytes);
        if (reading.ok) expect(Array.isArray(reading.summary.activities)).toBe(true);
        else expect(reading.what).toBeTypeOf("string");
      }),
    );
  });
});
