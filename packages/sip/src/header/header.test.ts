import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCSeq } from "./cseq.ts";
import { splitList } from "./list.ts";
import {
  formatParams,
  hasParam,
  param,
  paramIn,
  parseParams,
  quote,
  quotesClose,
  unquote,
} from "./params.ts";
import { isSentBy, parseVia } from "./via.ts";

describe("Via", () => {
  test.each([
    ["SIP/2.0/TLS a.example:5061;branch=z9hG4bK1;received=192.0.2.1", ["TLS", "a.example", 5061, "z9hG4bK1"]],
    ["SIP/2.0/tls A.Example", ["TLS", "a.example", undefined, undefined]],
    ["sip / 2.0\t/ Tcp   a.example : 5060 ; Branch = z9 ;x", ["TCP", "a.example", 5060, "z9"]],
    ["SIP/2.0/TLS [2001:DB8::1]:5061;branch=1", ["TLS", "[2001:db8::1]", 5061, "1"]],
    ['SIP/2.0/TLS a;x=";branch=no";branch=yes', ["TLS", "a", undefined, "yes"]],
    ["SIP/2.0/TLS a;branch", ["TLS", "a", undefined, undefined]],
  ])("%s", (text, expected) => {
    const via = parseVia(text);
    expect(via && [via.transport, via.host, via.port, via.branch]).toEqual(expected);
    expect(via && (param(via.params, "branch") || undefined)).toBe(expected[3]);
  });

  test.each([
    "",
    "SIP/2.0/TLS",
    "SIP/2.0/TLS ",
    "SIP/2.0/ a",
    "SIP/3.0/TLS a",
    "SIP/2.0/TLSa",
    "SIP/2.0 TLS a",
    "SIP/2.0/TLS a b",
    "SIP/2.0/TLS a:",
    "SIP/2.0/TLS a:65536",
    "SIP/2.0/TLS a:5x",
    "SIP/2.0/TLS [::1",
    "SIP/2.0/TLS []",
    "SIP/2.0/TLS a/b",
    'SIP/2.0/TLS a;x="y',
    "SIP/2.0/TLS a, SIP/2.0/TLS b",
  ])("%j is none", (text) => {
    expect(parseVia(text)).toBeUndefined();
  });
});

describe("CSeq", () => {
  test.each([
    ["1 INVITE", { number: 1, method: "INVITE" }],
    [" 0009\t INVITE ", { number: 9, method: "INVITE" }],
    ["2147483647 a!b", { number: 2147483647, method: "a!b" }],
    ["0 X", { number: 0, method: "X" }],
    ["2147483648 X", undefined],
    ["99999999999 X", undefined],
    ["1INVITE", undefined],
    ["1", undefined],
    ["INVITE", undefined],
    ["-1 X", undefined],
    ["1 IN/VITE", undefined],
    ["1 X Y", undefined],
    ["1 \xa0X", undefined],
  ])("%j", (text, expected) => {
    expect(parseCSeq(text)).toEqual(expected);
  });
});

describe("lists", () => {
  test.each([
    ["", []],
    [" a , b ", ["a", "b"]],
    [",a,,b,", ["a", "b"]],
    ['"a,b" <c,d>;e="f,g", h', ['"a,b" <c,d>;e="f,g"', "h"]],
    ['"a\\",b",c', ['"a\\",b"', "c"]],
    ['"open, a', ['"open, a']],
    ["\xa0,\xa0", ["\xa0", "\xa0"]],
  ])("%j", (text, expected) => {
    expect(splitList(text)).toEqual(expected);
  });
});

describe("parameters", () => {
  test.each([
    ["", []],
    [
      ' ;A = 1 ; b;c="x;y\\"" ',
      [
        ["a", "1"],
        ["b", undefined],
        ["c", '"x;y\\""'],
      ],
    ],
    [";;a=;=x", [["a", ""]]],
    [";a=b=c", [["a", "b=c"]]],
  ])("%j", (text, expected) => {
    expect(parseParams(text, 0)).toEqual(expected);
  });

  test.each(["x", "x;a", ';a="b', ';"a'])("%j are none", (text) => {
    expect(parseParams(text, 0)).toBeUndefined();
  });

  test("written back are read the same", () => {
    const params = parseParams(';a="x;y";b;c=1', 0)!;
    expect(formatParams(params)).toBe(';a="x;y";b;c=1');
    expect([hasParam(params, "b"), hasParam(params, "d")]).toEqual([true, false]);
  });

  test("one found alone is the one found among all", () => {
    const piece = fc.constantFrom(";", "=", "ab", "AB", "c", " ", "\t", "\\", '"', "<", "\xa0");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = `;${pieces.join("")}`;
        const params = parseParams(text, 0);
        expect(quotesClose(text, 0)).toBe(params !== undefined);
        if (params) expect(paramIn(text, 0, "ab")).toBe(param(params, "ab"));
      }),
      { numRuns: 2000 },
    );
  });

  test("quoting keeps everything but controls", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(unquote(quote(text))).toBe(text.replace(/[\x00-\x1f\x7f]/g, ""));
      }),
    );
    expect([unquote("plain"), unquote('"'), unquote('"a')]).toEqual(["plain", '"', '"a']);
  });

  test("a long line takes no long time", () => {
    const long = ";a".repeat(32_000);
    const before = process.cpuUsage().user;
    expect(parseParams(long, 0)?.length).toBe(32_000);
    expect(splitList(long.replaceAll(";", ",")).length).toBe(32_000);
    expect(parseVia(`SIP/2.0/TLS a${" ".repeat(64_000)}`)?.host).toBe("a");
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
  });
});

describe("who a Via line names as its sender", () => {
  const HOST = "sip.example.com";

  test.each([
    ["SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK1", true],
    ["SIP/2.0/TCP SIP.Example.COM", true],
    ["SIP/2.0/TLS sip.example.com.evil.example;branch=z9hG4bK1", false],
    ["SIP/2.0/TLS sip.example.co", false],
    ["SIP/2.0/TLS xsip.example.com", false],
    ["SIP/2.0/TLS 10.0.0.5;x=sip.example.com", false],
    // Left to who reads it whole.
    ["SIP/2.0/TLS 10.0.0.5, SIP/2.0/TLS sip.example.com", undefined],
    ["SIP / 2.0 / TLS sip.example.com", undefined],
    ["SIP/2.0/TLS\tsip.example.com", undefined],
    ["SIP/2.0/TLS  sip.example.com", undefined],
    ["SIP/2.0/ TLS sip.example.com", undefined],
  ])("%j: %s", (line, told) => {
    expect(isSentBy(line, HOST)).toBe(told);
  });

  test("is never told otherwise than by reading it", () => {
    const part = fc.constantFrom(
      "SIP/2.0/TLS ",
      "SIP/2.0/",
      "TCP",
      " ",
      "\t",
      HOST,
      "SIP.EXAMPLE.COM",
      ":5061",
      ".",
      ";",
      ",",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const line = parts.join("");
        if (isSentBy(line, HOST) !== false) return;
        expect(parseVia(line)?.host).not.toBe(HOST);
      }),
    );
  });
});
