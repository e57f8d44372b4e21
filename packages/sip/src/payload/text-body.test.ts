import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_MEDIA_PARAMS, parseMediaType } from "./media-type.ts";
import { MAX_BOUNDARY, MAX_PARTS, splitMultipart } from "./multipart.ts";
import { decodeTextBody, encodeTextBody, MAX_MULTIPART_DEPTH, TEXT_CONTENT_TYPE } from "./text-body.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (...values: number[]) => new Uint8Array(values);
const part = (type: string, body: string, extra = "") =>
  `--b1\r\nContent-Type: ${type}\r\n${extra}\r\n${body}\r\n`;
const ALTERNATIVE = 'multipart/alternative; boundary="b1"';

describe("parseMediaType", () => {
  it.each([
    ["text/plain", "text/plain", {}],
    [' Text/PLAIN ; Charset = "utf-8" ;x', "text/plain", { charset: "utf-8", x: "" }],
    ["text/plain; charset=UTF-8;msgr=WAAt+/A==", "text/plain", { charset: "UTF-8", msgr: "WAAt+/A==" }],
    ['a/b;q="x\\"y;z";', "a/b", { q: 'x"y;z' }],
    ["application/sdp;call-type=im", "application/sdp", { "call-type": "im" }],
    ["a/b;x=1;X=2", "a/b", { x: "1" }],
  ])("reads %j", (value, type, params) => {
    const media = parseMediaType(value);
    expect(media?.type).toBe(type);
    expect(Object.fromEntries(media?.params ?? [])).toEqual(params);
  });

  it.each(["", "text", "/plain", "text/", 'a/b;x="y', "a/b,c/d", "a/b c"])("refuses %j", (value) => {
    expect(parseMediaType(value)).toBeUndefined();
  });

  it("bounds the parameters", () => {
    const value = (n: number) => `a/b${Array.from({ length: n }, (_, i) => `;p${i}=1`).join("")}`;
    expect(parseMediaType(value(MAX_MEDIA_PARAMS))?.params.size).toBe(MAX_MEDIA_PARAMS);
    expect(parseMediaType(value(MAX_MEDIA_PARAMS + 1))).toBeUndefined();
  });
});

describe("decodeTextBody", () => {
  it.each([
    [undefined, utf8("h\u00e9"), "h\u00e9"],
    ["text/plain", utf8("h\u00e9 \u{1f600}"), "h\u00e9 \u{1f600}"],
    ['text/plain; charset="UTF-8"', bytes(0xef, 0xbb, 0xbf, 0x68), "h"],
    ["text/plain; charset=utf-8", bytes(0x68, 0xff), "h\ufffd"],
    ["text/plain; charset=iso-8859-1", bytes(0x68, 0xe9, 0x80), "h\u00e9\u20ac"],
    ["text/plain; charset=us-ascii", utf8("hi"), "hi"],
    ["text/plain; charset=windows-1252", bytes(0x93, 0x9f, 0xa0, 0xff), "\u201c\u0178\u00a0\u00ff"],
    ["text/plain; charset=utf-16le", bytes(0x68, 0, 0xe9, 0), "h\u00e9"],
    ["text/plain; charset=koi8-r", bytes(0xf0, 0xd2, 0xc9), "\u041f\u0440\u0438"],
    ["text/plain; charset=Shift_JIS", bytes(0x83, 0x65), "\u30c6"],
    ["text/plain; charset=gb18030", bytes(0xc4, 0xe3), "\u4f60"],
    ["text/html", utf8("<b>Hi</b> &amp; bye"), "Hi & bye"],
    ["text/html; charset=windows-1252", bytes(0x3c, 0x70, 0x3e, 0xe9), "\u00e9"],
    ["text/rtf", utf8("{\\rtf1 Hi\\par there}"), "Hi\nthere"],
    ["text/plain; charset=utf-16", bytes(0, 0x68), "h"],
    ["text/plain; charset=utf-16", bytes(0xff, 0xfe, 0x68, 0), "h"],
  ])("decodes %s", (type, body, text) => {
    expect(decodeTextBody(type, body)).toEqual({ ok: true, text });
  });

  it("ends lines in LF and drops what XML can't carry", () => {
    expect(decodeTextBody("text/plain", utf8("a\r\nb\rc\n\u0000\u000bd\ufffe"))).toEqual({
      ok: true,
      text: "a\nb\nc\nd",
    });
  });

  it.each([
    ["image/gif", "unsupported-media-type", "image/gif"],
    ["text/rtf", "malformed", "text/rtf"],
    ["message/cpim", "malformed", "message/cpim"],
    ["text/html; charset=klingon", "unknown-charset", "klingon"],
    ["text/plain; charset=klingon", "unknown-charset", "klingon"],
    ["nonsense", "malformed", "nonsense"],
    ["multipart/alternative", "malformed", "multipart/alternative"],
    ["multipart/alternative; boundary=zz", "malformed", "multipart/alternative"],
  ])("answers why not: %s", (type, why, what) => {
    expect(decodeTextBody(type, utf8("x"))).toEqual({ ok: false, why, what });
  });

  it("takes text/plain out of an alternative", () => {
    const body = `preamble --b1\r\n${part("text/html", "<b>Hi</b>")}${part("text/plain; charset=UTF-8", "Hi\r\n--b10 Bob")}--b1--\r\nepilogue`;
    expect(decodeTextBody(ALTERNATIVE, utf8(body))).toEqual({ ok: true, text: "Hi\n--b10 Bob" });
    expect(decodeTextBody(ALTERNATIVE, utf8(body.replaceAll("\r\n", "\n")))).toEqual({
      ok: true,
      text: "Hi\n--b10 Bob",
    });
  });

  it("reads a part without headers, a missing end and a folded header", () => {
    expect(decodeTextBody(ALTERNATIVE, utf8("--b1\r\n\r\nbare"))).toEqual({ ok: true, text: "bare" });
    expect(
      decodeTextBody(ALTERNATIVE, utf8("--b1\nContent-Type: text/plain;\n charset=iso-8859-1\n\nx")),
    ).toEqual({ ok: true, text: "x" });
    expect(decodeTextBody(ALTERNATIVE, utf8("--b1\r\nContent-Type: text/plain\r\n\r\n--b1--"))).toEqual({
      ok: true,
      text: "",
    });
  });

  it("takes the rich part where there is no plain one, or an empty one", () => {
    const html = part("text/html", "<i>rich</i>");
    for (const plain of ["", part("text/plain", " \r\n"), part("image/gif", "GIF")]) {
      expect(decodeTextBody(ALTERNATIVE, utf8(`${plain}${html}--b1--`))).toEqual({ ok: true, text: "rich" });
    }
  });

  it("unwraps a text that came in message/cpim", () => {
    const cpim = "From: <im:a@x>\r\n\r\nContent-Type: text/html\r\n\r\n<b>hi</b>";
    expect(decodeTextBody("message/cpim", utf8(cpim))).toEqual({ ok: true, text: "hi" });
  });

  it("refuses an alternative without text, and one that is encoded in a way that nobody knows", () => {
    expect(decodeTextBody(ALTERNATIVE, utf8(`${part("image/gif", "x")}--b1--`))).toMatchObject({
      ok: false,
      what: "image/gif",
    });
    const base64 = part("text/plain", "aGk=", "Content-Transfer-Encoding: base64\r\n");
    expect(decodeTextBody(ALTERNATIVE, utf8(`${base64}--b1--`))).toEqual({ ok: true, text: "hi" });
    const packed = part("text/plain", "aGk=", "Content-Transfer-Encoding: x-gzip\r\n");
    expect(decodeTextBody(ALTERNATIVE, utf8(`${packed}--b1--`))).toMatchObject({
      why: "unsupported-media-type",
    });
  });

  it("refuses a mixed body over an unknown part that must be handled, only", () => {
    const body = (handling: string) =>
      utf8(
        `${part("text/plain", "hi")}${part("image/gif", "GIF", `Content-Disposition: session; handling=${handling}\r\n`)}--b1--`,
      );
    const mixed = "multipart/mixed; boundary=b1";
    expect(decodeTextBody(mixed, body("optional"))).toEqual({ ok: true, text: "hi" });
    expect(decodeTextBody(mixed, body("required"))).toEqual({
      ok: false,
      why: "unsupported-media-type",
      what: "image/gif",
    });
  });

  it("bounds the depth", () => {
    const nest = (depth: number): string =>
      depth === 0
        ? "Content-Type: text/plain\r\n\r\ndeep"
        : `Content-Type: multipart/mixed; boundary=n${depth}\r\n\r\n--n${depth}\r\n${nest(depth - 1)}\r\n--n${depth}--`;
    const read = (depth: number) => {
      const [head, ...rest] = nest(depth).split("\r\n\r\n");
      return decodeTextBody(head!.slice("Content-Type: ".length), utf8(rest.join("\r\n\r\n")));
    };
    expect(read(MAX_MULTIPART_DEPTH)).toEqual({ ok: true, text: "deep" });
    expect(read(MAX_MULTIPART_DEPTH + 1)).toMatchObject({ ok: false, why: "malformed" });
  });

  it("bounds parts and boundary", () => {
    expect(splitMultipart(utf8("--b1\r\n\r\nx\r\n".repeat(MAX_PARTS)), "b1")).toHaveLength(MAX_PARTS);
    expect(splitMultipart(utf8("--b1\r\n\r\nx\r\n".repeat(MAX_PARTS + 1)), "b1")).toHaveLength(MAX_PARTS);
    const boundary = "x".repeat(MAX_BOUNDARY);
    expect(splitMultipart(utf8(`--${boundary}\r\n\r\nx`), boundary)).toHaveLength(1);
    expect(splitMultipart(utf8(`--${boundary}x\r\n\r\nx`), `${boundary}x`)).toBeUndefined();
  });

  it("never throws", () => {
    const types = ["text/plain", ALTERNATIVE, "text/plain; charset=utf-16", "multipart/mixed; boundary=b"];
    const soup = fc.array(
      fc.constantFrom("--b", "--b1", "--", "\r", "\n", "\r\n", "Content-Type:", "text/plain", ":", "\0"),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        soup,
        (type, words) => void decodeTextBody(type, utf8(words.join(""))),
      ),
    );
    fc.assert(fc.property(fc.string(), fc.uint8Array(), (type, body) => void decodeTextBody(type, body)));
  });
});

describe("encodeTextBody", () => {
  it("ends lines in CRLF, whatever they ended in", () => {
    expect(encodeTextBody("a\nb\r\nc\rd\n\u{1f600}")).toEqual(utf8("a\r\nb\r\nc\r\nd\r\n\u{1f600}"));
  });

  it("is read back", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", " ", "\n", "\u00e9", "\u{1f600}", "<")), (words) => {
        const text = words.join("");
        expect(decodeTextBody(TEXT_CONTENT_TYPE, encodeTextBody(text))).toEqual({ ok: true, text });
      }),
    );
  });
});
