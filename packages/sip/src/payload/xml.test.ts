import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_XML_ATTRIBUTES,
  MAX_XML_BYTES,
  MAX_XML_DEPTH,
  MAX_XML_ELEMENTS,
  readXml,
  type XmlOptions,
} from "./xml.ts";
import type { XmlElement } from "./xml-element.ts";
import { dropIllegalXml, escapeXmlAttribute, escapeXmlText } from "./xml-text.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const read = (text: string, options?: XmlOptions) => readXml(utf8(text), options);
const root = (text: string, options?: XmlOptions): XmlElement => {
  const reading = read(text, options);
  if (!reading.ok) throw new Error(reading.why);
  return reading.root;
};
const why = (text: string, options?: XmlOptions) => {
  const reading = read(text, options);
  return reading.ok ? "read" : reading.why;
};

describe("readXml", () => {
  it("gives local names, namespaces, attributes and joined text", () => {
    const tree = root(
      '<?xml version="1.0"?><!-- c --><a xmlns="urn:a" xmlns:b="urn:b" x="1" b:y="2" xml:lang="cs">t&amp;' +
        "<b:c/><![CDATA[<u>]]></a>",
    );
    expect(tree.name).toBe("a");
    expect(tree.ns).toBe("urn:a");
    expect([...tree.attrs]).toEqual([
      ["x", "1"],
      ["{urn:b}y", "2"],
      ["xml:lang", "cs"],
    ]);
    expect(tree.text).toBe("t&<u>");
    expect(tree.children).toEqual([{ name: "c", ns: "urn:b", attrs: new Map(), children: [], text: "" }]);
  });

  it.each([
    ["UTF-8 BOM", new Uint8Array([0xef, 0xbb, 0xbf, ...utf8("<a>\u00e9</a>")])],
    ["utf-16 declared over UTF-8 bytes", utf8('<?xml version="1.0" encoding="utf-16"?><a>\u00e9</a>')],
    ["UTF-16 little-endian", utf16("<a>\u00e9</a>", true)],
    ["UTF-16 big-endian", utf16("<a>\u00e9</a>", false)],
  ])("decodes %s", (_, bytes) => {
    expect(readXml(bytes)).toMatchObject({ ok: true, root: { name: "a", text: "\u00e9" } });
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(readXml(new Uint8Array([0x3c, 0x61, 0x3e, 0xe9, 0x3c, 0x2f, 0x61, 0x3e]))).toEqual({
      ok: false,
      why: "not UTF-8",
    });
  });

  const laughs =
    '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;"><!ENTITY x SYSTEM "file:///etc/passwd">]>';

  it("refuses any DOCTYPE, and where one is skipped expands nothing from it", () => {
    expect(why(`${laughs}<a>&m;</a>`)).toBe("a DOCTYPE");
    expect(why(`${laughs}<a>&m;</a>`, { doctype: "skip" })).toBe("not well-formed");
    expect(why(`${laughs}<a>&x;</a>`, { doctype: "skip" })).toBe("not well-formed");
    const xpidf =
      '<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd"><presence>ok</presence>';
    expect(root(xpidf, { doctype: "skip" }).text).toBe("ok");
  });

  it.each([
    ["depth", (n: number) => "<a>".repeat(n) + "</a>".repeat(n), MAX_XML_DEPTH],
    ["elements", (n: number) => `<a>${"<b/>".repeat(n - 1)}</a>`, MAX_XML_ELEMENTS],
    [
      "attributes",
      (n: number) => `<a ${Array.from({ length: n }, (_, i) => `x${i}=""`).join(" ")}/>`,
      MAX_XML_ATTRIBUTES,
    ],
    [
      "attributes per element",
      (n: number) => `<a x=""><b ${attrs(n)}/><c ${attrs(n)}/></a>`,
      MAX_XML_ATTRIBUTES,
    ],
    ["bytes", (n: number) => `<a>${"x".repeat(n - 7)}</a>`, MAX_XML_BYTES],
  ])("bounds %s", (_, document, bound) => {
    expect(why(document(bound))).toBe("read");
    expect(why(document(bound + 1))).toMatch(/more than|deeper than|longer than/);
  });

  it.each([
    "",
    "  ",
    "<a>",
    "<a/><b/>",
    "<p:a/>",
    "<a x='1' x='2'/>",
    "<a>&nope;</a>",
    "<a>\u0001</a>",
    "text",
  ])("refuses %j", (text) => expect(read(text).ok).toBe(false));

  it("never throws, and never tells what the document said", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, skip) => {
        const reading = readXml(bytes, { doctype: skip ? "skip" : "refuse" });
        if (!reading.ok) expect(reading.why).toMatch(/^[a-zA-Z0-9 -]+$/);
      }),
    );
  });
});

describe("escaping", () => {
  it("carries any text, minus illegal characters, through element and attribute", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const tree = root(
          `<a b="${escapeXmlAttribute(text)}" c='${escapeXmlAttribute(text)}'>${escapeXmlText(text)}</a>`,
        );
        const legal = dropIllegalXml(text);
        expect([tree.text, tree.attrs.get("b"), tree.attrs.get("c")]).toEqual([legal, legal, legal]);
      }),
    );
  });

  it("drops controls, lone surrogates and non-characters, keeps the rest", () => {
    expect(dropIllegalXml("a\u0000\u000b\ud800b\udfff\ufffe\uffffc\t\r\n\u{1f600}\u0085")).toBe(
      "abc\t\r\n\u{1f600}\u0085",
    );
  });
});

function attrs(n: number): string {
  return Array.from({ length: n }, (_, i) => `y${i}="v"`).join(" ");
}

function utf16(text: string, little: boolean): Uint8Array {
  const bytes = [...`\ufeff${text}`].flatMap((char) => {
    const code = char.charCodeAt(0);
    return little ? [code & 0xff, code >> 8] : [code >> 8, code & 0xff];
  });
  return new Uint8Array(bytes);
}
