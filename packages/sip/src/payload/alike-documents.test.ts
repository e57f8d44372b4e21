import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AlikeDocuments, MAX_ALIKE_CHARS, MAX_ALIKE_DOCUMENTS } from "./alike-documents.ts";
import { readPresenceBody } from "./presence-body.ts";
import type { StatementReading } from "./presence-statement.ts";

const PIDF = "application/pidf+xml";
const CIPID = "urn:ietf:params:xml:ns:pidf:cipid";

/** One character for each byte of the document as UTF-8. */
function octetsText(document: string): string {
  return String.fromCharCode(...new TextEncoder().encode(document));
}

/** As bytes, which are read by themselves each time. */
function readAnew(text: string): StatementReading {
  const reading = readPresenceBody(
    PIDF,
    Uint8Array.from(text, (character) => character.charCodeAt(0)),
  );
  if (!reading.ok) return { ok: false, why: reading.what };
  return { ok: true, entity: reading.entity, summary: reading.summary };
}

function lyncDocument(user: string, name: string, activity = "away", inner = ""): string {
  return octetsText(
    `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:x" xmlns:ci="${CIPID}" entity="${user}">\r\n` +
      `<tuple id="0"><status><basic>open</basic><ep:activities><ep:activity>${activity}</ep:activity></ep:activities>` +
      `</status>${inner}</tuple>\r\n<ci:display-name>${name}</ci:display-name>\r\n</presence>`,
  );
}

/** Reads through a memory, and says how many documents it had to read. */
function reader() {
  const alike = new AlikeDocuments();
  let reads = 0;
  const read = (text: string) =>
    alike.read(text, () => {
      reads += 1;
      return readAnew(text);
    });
  return { alike, read, reads: () => reads };
}

describe("documents that are alike", () => {
  it("are read once, whomever they are about and whatever that user is called", () => {
    const { read, reads } = reader();
    for (const [user, name] of [
      ["sip:bob@contoso.example", "Bob"],
      ["carol@contoso.example", "Carol \u00c5str\u00f6m \u5f20"],
      ["sip:d@contoso.example", ""],
    ] as const) {
      const document = lyncDocument(user, name);
      expect(read(document)).toEqual({
        ok: true,
        entity: user,
        summary: { basic: "open", activities: ["away"] },
      });
    }
    expect(reads()).toBe(1);
    expect(read(lyncDocument("sip:bob@contoso.example", "Bob", "busy"))).toMatchObject({
      summary: { activities: ["busy"] },
    });
    expect(reads()).toBe(2);
  });

  it.each([
    ["a reference in the name", "Bob &amp; Carol"],
    ["a broken reference in the name", "Bob & Carol"],
    ["bytes that are no UTF-8 in the name", "\xff"],
    ["the end of CDATA in the name", "]]>"],
    ["a control in the name", "\x07"],
    ["what stands for a name in the memory", "\0"],
    ["an element in the name", "<b>Bob</b>"],
    ["a comment", "<!-- > -->"],
  ])("are not taken for one that differs: %s", (_, name) => {
    const { read } = reader();
    read(lyncDocument("sip:bob@contoso.example", "Bob"));
    const other = lyncDocument("sip:bob@contoso.example", "NAME").replace("NAME", name);
    expect(read(other)).toEqual(readAnew(other));
  });

  it.each([
    ["the first display-name is in a comment", "<!--<display-name>$</display-name>-->", "a--b"],
    ["it is only text in a note", "<note>display-name>$</note>", "b"],
    ["it has ended", "<note><p:display-name></p:display-name>$</note>", "b"],
  ])("are told apart where %s", (_, pattern, name) => {
    const { read } = reader();
    for (const text of ["a", name, "a"]) {
      const document = lyncDocument("bob@contoso.example", "Bob", "away", pattern.replace("$", text)).replace(
        'entity="',
        'xmlns:p="urn:p" entity="',
      );
      expect(read(document)).toEqual(readAnew(document));
    }
  });

  it("are told apart where the first entity is in another value or element", () => {
    const { read } = reader();
    for (const user of ["", "y"]) {
      const document = lyncDocument("", "Bob", "away", `<note entity="${user}"/>`).replace(' entity=""', "");
      expect(read(document)).toMatchObject({ ok: true, entity: "" });
    }
    for (const user of ["x", "y"]) {
      const document = lyncDocument("x", "Bob").replace(" entity", ` a=' entity="${user}"' entity`);
      expect(read(document)).toMatchObject({ ok: true, entity: "x" });
    }
  });

  it("are remembered up to a number and a length", () => {
    const { alike, read, reads } = reader();
    for (let n = 0; n <= MAX_ALIKE_DOCUMENTS; n++) {
      read(lyncDocument("sip:bob@contoso.example", "Bob", `a${n}`));
      expect(alike.size).toBeLessThanOrEqual(MAX_ALIKE_DOCUMENTS);
    }
    const base = lyncDocument("sip:bob@contoso.example", "", "away", "<note></note>");
    const long = (length: number) => base.replace("<note>", `<note>${"x".repeat(length - base.length)}`);
    const before = reads();
    for (const length of [MAX_ALIKE_CHARS, MAX_ALIKE_CHARS, MAX_ALIKE_CHARS + 1, MAX_ALIKE_CHARS + 1])
      read(long(length));
    expect(reads() - before).toBe(3);
  });

  it("say what each says when it is read by itself, whatever they are made of", () => {
    // In the place of @ and $ stands what the documents of one row differ in.
    const piece = fc.constantFrom(
      ...['<?xml version="1.0"?>', "<presence", ' entity="@"', ' entity="x"', " entity='@'", " entity='x'"],
      ...[" a='", '"', "'", ">", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "&lt;", "\0", "\xc3"],
      ...['<tuple id="0"><status><basic>open</basic></status><note>$</note></tuple>', "<note>$</note>"],
      ...["<display-name>$</display-name>", "<p:display-name>", "</display-name>", "</presence>", "$", "@"],
    );
    const pieces = (maxLength: number) => fc.array(piece, { maxLength }).map((some) => some.join(""));
    const pattern = fc
      .tuple(pieces(3), pieces(5))
      .map(([head, rest]) => `<presence xmlns="urn:ietf:params:xml:ns:pidf"${head}>${rest}</presence>`);
    const value = fc.constantFrom(
      "x",
      "sip:y@z",
      "",
      " y ",
      "a&amp;b",
      "<b/>",
      "'",
      '"',
      "\xc3\xa5",
      "\xc3",
      "]]>",
    );
    fc.assert(
      fc.property(pattern, fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 5 }), (made, rows) => {
        const { read } = reader();
        for (const [entity, name] of rows) {
          const text = made.replaceAll("@", () => entity).replaceAll("$", () => name);
          expect(read(text)).toEqual(readAnew(text));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
