import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPidf } from "./pidf-read.ts";
import { type PidfToWrite, type PidfTuple, RPID_ACTIVITIES, writePidf } from "./pidf-write.ts";
import { entityAddress, type PresenceDocument, summarise } from "./presence-document.ts";
import { MAX_XML_BYTES } from "./xml.ts";
import { dropIllegalXml } from "./xml-text.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const doc = (text: string): PresenceDocument => {
  const reading = readPidf(utf8(text));
  if (!reading.ok) throw new Error(reading.why);
  return reading.document;
};
const NS =
  'xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" ' +
  'xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" ' +
  'xmlns:p="urn:ietf:params:xml:ns:pidf" xmlns:u="urn:unknown"';
const presence = (inner: string) => doc(`<presence ${NS} entity="sip:a@b.example">${inner}</presence>`);
const open = (inner = "", rest = "") =>
  presence(`<tuple id="t"><status><basic>open</basic>${inner}</status>${rest}</tuple>`);

describe("readPidf", () => {
  it("reads everything at its RFC place", () => {
    const document = presence(
      `<tuple id="ID-1"><status><basic> open </basic><show xmlns="jabber:client">xa</show></status>
       <contact priority="0.015">sip:a@b.example</contact><note xml:lang="cs">Praha</note><note>Prague</note>
       <timestamp>2024-01-02T03:04:05Z</timestamp></tuple><note>all</note>
       <dm:person id="p"><rpid:activities><rpid:away/><rpid:other>at sea</rpid:other><rpid:note>n</rpid:note>
       </rpid:activities><rpid:user-input last-input="2024-01-02T03:00:00Z">idle</rpid:user-input>
       <dm:note>person</dm:note></dm:person>`,
    );
    expect(document).toEqual({
      entity: "sip:a@b.example",
      tuples: [
        {
          id: "ID-1",
          basic: "open",
          activities: [],
          show: "xa",
          note: "Praha",
          notes: [{ text: "Praha", lang: "cs" }, { text: "Prague" }],
          contact: "sip:a@b.example",
          priority: 0.015,
          timestamp: "2024-01-02T03:04:05Z",
        },
      ],
      activities: ["away", "other"],
      otherActivity: "at sea",
      notes: [{ text: "all" }, { text: "person" }],
      userInput: { state: "idle", lastInput: "2024-01-02T03:00:00Z" },
    });
  });

  it.each([
    ["text in status", open("<ep:activities><ep:activity>Busy</ep:activity></ep:activities>"), ["busy"]],
    ["element in status", open("<ep:activities><ep:busy/></ep:activities>"), ["busy"]],
    ["directly in status", open("<ep:activity>busy</ep:activity>"), ["busy"]],
    ["in the tuple", open("", "<rpid:activities><rpid:busy/></rpid:activities>"), ["busy"]],
    ["foreign namespace", open("<u:activities><u:busy/><u:away/></u:activities>"), ["busy", "away"]],
    ["repeated", open("<u:activities><u:busy/><u:busy/></u:activities>"), ["busy"]],
    ["below an unknown element", open("<u:x><ep:activities><ep:busy/></ep:activities></u:x>"), []],
    [
      "must understand an unknown part",
      open('<ep:activities><ep:busy/><u:x p:mustUnderstand="1"/></ep:activities>'),
      [],
    ],
    [
      "must understand a known part",
      open('<ep:activities><ep:busy p:mustUnderstand="true"/></ep:activities>'),
      ["busy"],
    ],
  ])("finds activities: %s", (_, document, expected) => {
    expect(document.tuples[0]?.activities).toEqual(expected);
    expect(document.tuples[0]?.basic).toBe("open");
  });

  it("ignores a person with a part that must be understood and is not", () => {
    const person = (attribute: string) =>
      `<dm:person><rpid:activities><rpid:away/></rpid:activities><u:mood ${attribute}/></dm:person>`;
    expect(presence(person('p:mustUnderstand="false"')).activities).toEqual(["away"]);
    expect(presence(person('p:mustUnderstand="true"')).activities).toEqual([]);
  });

  it.each(["1.5", "abc", "-0.1", ".5", "", "1.001", "1e-1"])("reads priority %j as absent", (priority) => {
    expect(open("", `<contact priority="${priority}">sip:a@b</contact>`).tuples[0]).not.toHaveProperty(
      "priority",
    );
  });

  it("takes basic only in its own place and namespace", () => {
    expect(
      presence('<tuple id="t"><status><u:basic>open</u:basic></status></tuple>').tuples[0],
    ).not.toHaveProperty("basic");
    expect(presence('<tuple id="t"><u:x><basic>open</basic></u:x></tuple>').tuples[0]).not.toHaveProperty(
      "basic",
    );
    expect(
      presence('<tuple id="t"><status><basic>perhaps</basic></status></tuple>').tuples[0],
    ).not.toHaveProperty("basic");
    expect(presence('<u:tuple id="t"><status><basic>open</basic></status></u:tuple>').tuples).toEqual([]);
  });

  it("takes an entity without scheme", () => {
    const document = doc(
      '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="Alice@B.example"></presence>',
    );
    expect(entityAddress(document.entity)).toBe("alice@b.example");
    expect(entityAddress(" PRES:Alice@B.example;method=SUBSCRIBE ")).toBe("alice@b.example");
  });

  it.each([
    ["other root", '<presentity xmlns="urn:ietf:params:xml:ns:pidf"/>'],
    ["no namespace", "<presence/>"],
    ["a colon too many", '<presence xmlns="urn:ietf:params:xml:ns:pidf:"/>'],
    ["DOCTYPE", '<!DOCTYPE presence><presence xmlns="urn:ietf:params:xml:ns:pidf"/>'],
    ["too long", `<presence xmlns="urn:ietf:params:xml:ns:pidf">${" ".repeat(MAX_XML_BYTES)}</presence>`],
  ])("answers what is wrong: %s", (_, text) => {
    expect(readPidf(utf8(text))).toMatchObject({ ok: false, why: expect.any(String) });
  });

  it("never throws on a damaged document", () => {
    const whole = utf8(writePidf(BUSY_DRAFT));
    const damage = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 6 }), (hits) => {
        let bytes = whole.slice();
        for (const { at, byte, cut } of hits) {
          if (cut) bytes = bytes.slice(0, at);
          else if (at < bytes.length) bytes[at] = byte;
        }
        const reading = readPidf(bytes);
        if (reading.ok) summarise(reading.document);
      }),
      { numRuns: 500 },
    );
  });
});

const BUSY_DRAFT: PidfToWrite = {
  dialect: "rpid-status-draft",
  entity: "sip:bob@northwind.example",
  tuples: [{ id: "0", basic: "open", activity: "busy" }],
  displayName: "Bob",
};

describe("writePidf", () => {
  it("writes the draft form", () => {
    expect(writePidf(BUSY_DRAFT)).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" xmlns:et="urn:ietf:params:xml:ns:pidf:rpid-tuple" xmlns:ci="urn:ietf:params:xml:ns:pidf:cipid" entity="sip:bob@northwind.example">
<tuple id="0"><status><basic>open</basic><ep:activities><ep:activity>busy</ep:activity></ep:activities></status></tuple>
<ci:display-name>Bob</ci:display-name>
</presence>`,
    );
  });

  it("writes the draft form without activity, and closed as small as can be", () => {
    const available = writePidf({ ...BUSY_DRAFT, tuples: [{ id: "0", basic: "open" }] });
    expect(available).toContain('<tuple id="0"><status><basic>open</basic></status></tuple>\n');
    expect(writePidf({ ...BUSY_DRAFT, tuples: [{ id: "0", basic: "closed", activity: "busy" }] })).toBe(
      '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@northwind.example"><tuple id="0"><status><basic>closed</basic></status></tuple></presence>',
    );
  });

  it("writes RFC 4480 with one tuple per resource and the person of the first", () => {
    const text = writePidf({
      dialect: "rpid",
      entity: "pres:juliet@example.com",
      timestamp: "2024-01-02T03:04:05Z",
      note: "gone <fishing>",
      displayName: "Juliet",
      userInput: { state: "idle", lastInput: "2024-01-02T03:00:00Z" },
      tuples: [
        {
          id: "ID-a",
          basic: "open",
          activity: "busy",
          show: "dnd",
          contact: "sip:juliet@example.com",
          priority: 1 / 127,
        },
        {
          id: "ID-b",
          basic: "open",
          activity: "away",
          show: "away",
          contact: "sip:juliet@example.com",
          priority: 1,
          note: [{ text: "ahoj", lang: "cs" }, { text: "hello" }],
        },
        { id: "ID-c", basic: "closed", activity: "busy", show: "dnd" },
      ],
    });
    expect(text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:juliet@example.com">
<tuple id="ID-a"><status><basic>open</basic><show xmlns="jabber:client">dnd</show></status><contact priority="0.007">sip:juliet@example.com</contact><timestamp>2024-01-02T03:04:05Z</timestamp></tuple>
<tuple id="ID-b"><status><basic>open</basic><show xmlns="jabber:client">away</show></status><contact priority="1">sip:juliet@example.com</contact><note xml:lang="cs">ahoj</note><note>hello</note><timestamp>2024-01-02T03:04:05Z</timestamp></tuple>
<tuple id="ID-c"><status><basic>closed</basic></status><timestamp>2024-01-02T03:04:05Z</timestamp></tuple>
<note>gone &lt;fishing&gt;</note>
<dm:person id="person"><rpid:activities><rpid:away/></rpid:activities><rpid:user-input last-input="2024-01-02T03:00:00Z">idle</rpid:user-input><display-name xmlns="urn:ietf:params:xml:ns:pidf:cipid">Juliet</display-name><dm:timestamp>2024-01-02T03:04:05Z</dm:timestamp></dm:person>
</presence>`,
    );
  });

  it("has no person when nobody is there, and writes unknown activities as words", () => {
    const base = { dialect: "rpid", entity: "pres:a@b" } as const;
    expect(writePidf({ ...base, tuples: [{ id: "a", basic: "closed", activity: "away" }] })).not.toContain(
      "person",
    );
    expect(writePidf({ ...base, tuples: [{ id: "a", basic: "open", activity: "at sea<" }] })).toContain(
      "<rpid:activities><rpid:other>at sea&lt;</rpid:other></rpid:activities>",
    );
  });

  it("writes every priority of 0 to 127 with at most three decimals", () => {
    for (let n = 0; n <= 127; n++) {
      const wanted = Math.floor((n * 1000) / 127) / 1000;
      const text = writePidf({
        ...BUSY_DRAFT,
        tuples: [{ id: "a", basic: "open", contact: "sip:a@b", priority: wanted }],
      });
      expect(/priority="([^"]*)"/.exec(text)?.[1]).toBe(String(wanted));
    }
  });

  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
  const tuple = fc.record(
    {
      id: text,
      basic: fc.constantFrom("open" as const, "closed" as const),
      activity: fc.constantFrom(...RPID_ACTIVITIES),
      show: fc.constantFrom("away", "xa", "dnd", "chat"),
      note: text,
      contact: fc.constant("sip:a@b.example"),
      priority: fc.nat(1000).map((n) => n / 1000),
      timestamp: fc.constant("2024-01-02T03:04:05Z"),
    },
    { requiredKeys: ["id", "basic"] },
  );

  it("is read back as it was written", () => {
    const document = fc.record({
      dialect: fc.constantFrom("rpid" as const, "rpid-status-draft" as const),
      entity: fc.constant("sip:a@b.example"),
      tuples: fc.array(tuple, { minLength: 1, maxLength: 4 }),
      note: text,
    });
    fc.assert(
      fc.property(document, (written) => {
        const read = doc(writePidf(written));
        const legal = (value: string | undefined) => dropIllegalXml(value ?? "").trim() || undefined;
        expect(read.notes[0]?.text).toBe(legal(written.note));
        expect(read.tuples.length).toBe(written.tuples.length);
        for (const [i, expected] of written.tuples.entries()) {
          const isOpen = expected.basic === "open";
          const got = read.tuples[i]!;
          const own = written.dialect === "rpid" || !isOpen || !expected.activity ? [] : [expected.activity];
          expect(got.id).toBe(dropIllegalXml(expected.id));
          expect([got.basic, got.note, got.timestamp]).toEqual([
            expected.basic,
            legal(expected.note),
            expected.timestamp,
          ]);
          expect(got.show).toBe(isOpen ? expected.show : undefined);
          expect(got.activities).toEqual(own);
          expect(got.priority).toBe(expected.contact === undefined ? undefined : expected.priority);
        }
        const first = speaker(written.tuples);
        expect(read.activities).toEqual(
          written.dialect === "rpid" && first?.activity ? [first.activity] : [],
        );
      }),
    );
  });
});

function speaker(tuples: readonly PidfTuple[]): PidfTuple | undefined {
  return tuples
    .filter((tuple) => tuple.basic === "open")
    .toSorted((a, b) => (b.priority ?? -1) - (a.priority ?? -1))[0];
}

describe("summarise", () => {
  const tuples = (...inner: string[]) =>
    summarise(presence(inner.map((t, i) => `<tuple id="t${i}">${t}</tuple>`).join("")));
  const basic = (value: string) => `<status><basic>${value}</basic></status>`;

  it.each([
    ["nothing stated", [""], undefined],
    ["no tuple", [], undefined],
    ["closed", [basic("closed")], "closed"],
    ["one of two open", [basic("closed"), basic("open")], "open"],
    ["open only for telephone", [`${basic("open")}<contact>tel:+1</contact>`], "closed"],
    [
      "open for mail, no statement for messages",
      [`${basic("open")}<contact>mailto:a@b</contact>`, ""],
      "closed",
    ],
    ["open by contact without scheme", [`${basic("open")}<contact>a@b</contact>`], "open"],
  ])("%s", (_, inner, expected) => {
    expect(tuples(...inner).basic).toBe(expected);
  });

  it("lets the highest priority speak alone and falls back to the presentity's note", () => {
    const low = `<status><basic>open</basic><ep:activities><ep:away/></ep:activities><show xmlns="jabber:client">xa</show></status><contact priority="0.1">sip:a@b</contact>`;
    const high = `<status><basic>open</basic><ep:activities><ep:busy/></ep:activities></status><contact priority="0.9">sip:a@b</contact>`;
    expect(
      summarise(presence(`<tuple id="a">${low}</tuple><tuple id="b">${high}</tuple><note>all</note>`)),
    ).toEqual({
      basic: "open",
      activities: ["busy"],
      note: "all",
    });
    expect(tuples(high, `${low}<note>low</note>`)).toEqual({ basic: "open", activities: ["busy"] });
    expect(tuples(low, basic("open"))).toMatchObject({ show: "xa" });
    expect(
      tuples(basic("open"), `${basic("open")}<ep:activities><ep:busy/></ep:activities>`).activities,
    ).toEqual([]);
    expect(tuples(`${basic("closed")}<note>back monday</note>`)).toEqual({
      basic: "closed",
      activities: [],
      note: "back monday",
    });
  });
});
