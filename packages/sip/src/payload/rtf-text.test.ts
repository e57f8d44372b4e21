import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_RTF_BYTES, MAX_RTF_DEPTH, rtfToText } from "./rtf-text.ts";

const read = (rtf: string) => rtfToText(Uint8Array.from([...rtf].map((char) => char.charCodeAt(0))));

describe("RTF as plain text", () => {
  it.each([
    ["words and formats", "{\\rtf1\\ansi\\b Hi\\b0  Bob}", "Hi Bob"],
    ["paragraphs, lines and tabs", "{\\rtf1 a\\par b\\line c\\tab d\\par\\par e}", "a\nb\nc\td\n\ne"],
    ["line ends of the file, which say nothing", "{\\rtf1 a\r\nb\\par\r\nc}", "ab\nc"],
    [
      "escapes and symbols",
      "{\\rtf1 \\{a\\}\\\\ x\\~y\\_z\\-w \\emdash\\ldblquote q\\rdblquote\\bullet}",
      "{a}\\ x y-zw \u2014\u201cq\u201d\u2022",
    ],
    ["code page", "{\\rtf1\\ansi\\ansicpg1252 caf\\'e9 \\'80}", "caf\u00e9 \u20ac"],
    ["another code page", "{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0\\'e8}", "\u041f\u0440\u0438"],
    [
      "the font's code page",
      "{\\rtf1\\ansicpg1252{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 B;}}\\f1 \\'cf\\f0 \\'e9}",
      "\u041f\u00e9",
    ],
    ["two bytes for a character", "{\\rtf1\\ansicpg932 \\'83\\'65\\'83\\'58}", "\u30c6\u30b9"],
    [
      "Unicode and what stands for it",
      "{\\rtf1 \\u8364?x{\\uc2\\u233\\'c3\\'a9y}\\uc0\\u-3913 z}",
      "\u20acx\u00e9y\uf0b7z",
    ],
    ["beyond the BMP", "{\\rtf1\\u-10179?\\u-8704?}", "\u{1f600}"],
    [
      "no destinations",
      "{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red0;}{\\stylesheet{\\s0 Normal;}}{\\info{\\author x}}{\\*\\generator y;}{\\pict\\wmetafile8 0102}a{\\header h}}",
      "a",
    ],
    ["binary data", "{\\rtf1 a\\bin3 {}}b}", "ab"],
    [
      "a link",
      '{\\rtf1 see {\\field{\\*\\fldinst{HYPERLINK "http://x.example/"}}{\\fldrslt{\\ul here}}}.}',
      "see here (http://x.example/).",
    ],
    ["a field that is no link", "{\\rtf1{\\field{\\*\\fldinst PAGE}{\\fldrslt 7}}}", "7"],
    ["right to left", "{\\rtf1\\ansicpg1255\\rtlpar \\'f9\\'ec\\rtlmark}", "\u05e9\u05dc\u200f"],
    ["what follows the document", "{\\rtf1 a}b", "a"],
    ["a document that breaks off", "{\\rtf1 a{\\b b", "ab"],
  ])("%s", (_, rtf, text) => {
    expect(read(rtf)).toBe(text);
  });

  it.each(["", "x", "{\\html}", "rtf1"])("refuses what is none: %j", (rtf) => {
    expect(read(rtf)).toBeUndefined();
  });

  it("is read up to its bounds", () => {
    const long = (length: number) => read(`{\\rtf1 ${"x".repeat(length - 8)}}`);
    expect(long(MAX_RTF_BYTES)).toHaveLength(MAX_RTF_BYTES - 8);
    expect(long(MAX_RTF_BYTES + 1)).toBeUndefined();
    const deep = (depth: number) => read(`{\\rtf1 ${"{".repeat(depth - 1)}x${"}".repeat(depth)}`);
    expect(deep(MAX_RTF_DEPTH)).toBe("x");
    expect(deep(MAX_RTF_DEPTH + 1)).toBeUndefined();
  });

  it("never throws", () => {
    const words = [
      "{",
      "}",
      "\\",
      "\\'",
      "\\u1",
      "\\uc9",
      "\\bin9",
      "\\*",
      "\\field",
      "\\fldinst",
      "\\fldrslt",
      "\\f1",
      "\\fcharset204",
      "e9",
      " ",
      "\r\n",
      "\\par",
    ];
    const soup = fc.array(fc.constantFrom(...words)).map((list) => `{\\rtf1${list.join("")}`);
    fc.assert(fc.property(fc.oneof(soup, fc.string()), (rtf) => void read(rtf)));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void rtfToText(bytes)));
  });
});
