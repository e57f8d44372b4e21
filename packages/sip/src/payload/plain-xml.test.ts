import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlainXml } from "./plain-xml.ts";
import { MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_ELEMENTS, readAnyXml } from "./xml.ts";

const BOUNDS = { depth: MAX_XML_DEPTH, elements: MAX_XML_ELEMENTS, attributes: MAX_XML_ATTRIBUTES };
const plain = (text: string) => readPlainXml(text, BOUNDS);

const PIDF =
  '<?xml version="1.0" encoding="utf-8"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" ' +
  'xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" entity="bob@contoso.example">\r\n' +
  '<tuple id="0"><status><basic>open</basic><ep:activities><ep:activity>away</ep:activity></ep:activities></status>' +
  '<note xml:lang="cs">t&amp;t &lt; \u0159</note></tuple>\r\n</presence>\r\n';

/** Pieces of documents, many of which fit together. */
const piece = fc.constantFrom(
  "<a>",
  "</a>",
  "<a/>",
  "<p:b xmlns:p='urn:p'>",
  "</p:b>",
  "<p:c p:x='1'/>",
  '<a xmlns="urn:a" x="1">',
  "<a x='1' x='2'/>",
  "<a xmlns:p='urn:p' xmlns:q='urn:p' p:x='1' q:x='2'/>",
  '<a xml:lang="cs" y = "&lt;"/>',
  "<a xmlns:xml='urn:x'/>",
  "<a xmlns:p=''/>",
  '<a xmlns=""/>',
  "<a y='two\nlines'/>",
  "<a y='>'/>",
  "<a x='1'y='2'/>",
  "<a:b:c/>",
  "< a/>",
  "<a",
  ">",
  "text",
  " \r\n\t",
  "&amp;",
  "&#65;",
  "&lol;",
  "&",
  "]]>",
  "]]",
  "<!-- c -->",
  "<![CDATA[<]]>",
  "<?pi?>",
  '<?xml version="1.0"?>',
  "<!DOCTYPE a>",
  "\u{1F600}",
  "\u0001",
  "\uFFFE",
  "\u0159",
);
const document = fc
  .array(piece, { maxLength: 8 })
  .chain((pieces) =>
    fc.constantFrom(
      pieces.join(""),
      `<a>${pieces.join("")}</a>`,
      `<p:a xmlns:p="urn:p">${pieces.join("")}</p:a>`,
    ),
  );

describe("plain XML", () => {
  it("reads a presence document as the full parser does", () => {
    expect(plain(PIDF)).toBeDefined();
    expect(readAnyXml(PIDF)).toEqual({ ok: true, root: plain(PIDF) });
  });

  it("is never read otherwise than by the full parser", () => {
    fc.assert(
      fc.property(document, (text) => {
        const root = plain(text);
        if (root !== undefined) expect(readAnyXml(text)).toEqual({ ok: true, root });
      }),
      { numRuns: 3_000 },
    );
  });

  it("is not read where a presence document has one character more, less or other, unless that is well-formed", () => {
    const change = fc.record({
      at: fc.nat(PIDF.length - 1),
      cut: fc.integer({ min: 0, max: 2 }),
      put: fc.constantFrom("", "<", ">", "&", '"', "'", "/", ":", "=", " ", "x", "]]>", "\r"),
    });
    fc.assert(
      fc.property(change, ({ at, cut, put }) => {
        const text = PIDF.slice(0, at) + put + PIDF.slice(at + cut);
        const root = plain(text);
        if (root !== undefined) expect(readAnyXml(text)).toEqual({ ok: true, root });
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ["elements", BOUNDS.elements, (n: number) => `<a>${"<b/>".repeat(n - 1)}</a>`],
    ["levels", BOUNDS.depth, (n: number) => "<a>".repeat(n) + "</a>".repeat(n)],
    [
      "attributes",
      BOUNDS.attributes,
      (n: number) => `<a ${Array.from({ length: n }, (_, at) => `x${at}=''`).join(" ")}/>`,
    ],
  ])("has the full parser's bound of %s", (_, bound, make) => {
    expect(plain(make(bound))).toBeDefined();
    expect(plain(make(bound + 1))).toBeUndefined();
  });
});
