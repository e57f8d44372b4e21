import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DOMAIN_OCTETS, MAX_LABEL_OCTETS, parseDomain } from "./domain.ts";
import { decodePunycode, encodePunycode } from "./punycode.ts";

describe("punycode (RFC 3492)", () => {
  // RFC 3492 7.1 (A), (B), (I), (L), (S), and names of the field.
  it.each([
    [
      "\u0644\u064a\u0647\u0645\u0627\u0628\u062a\u0643\u0644\u0645\u0648\u0634\u0639\u0631\u0628\u064a\u061f",
      "egbpdaj6bu4bxfgehfvwxn",
    ],
    ["\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587", "ihqwcrb4cv8a8dqg056pqjye"],
    ["3\u5e74b\u7d44\u91d1\u516b\u5148\u751f", "3b-ww4c5e180e575a65lsy2b"],
    ["-> $1.00 <-", "-> $1.00 <--"],
    ["b\u00fccher", "bcher-kva"],
    ["\u{1f600}", "e28h"],
  ])("%s is %s", (label, ascii) => {
    expect(encodePunycode(label)).toBe(ascii);
    expect(decodePunycode(ascii)).toBe(label);
  });

  it("reads back whatever it wrote", () => {
    const label = fc
      .string({ unit: "binary", minLength: 1, maxLength: 20 })
      .map((text) => text.replace(/\p{Cs}/gu, ""));
    fc.assert(
      fc.property(label, (text) => {
        expect(decodePunycode(encodePunycode(text))).toBe(text);
      }),
    );
  });

  it("refuses what stands for nothing, and never throws", () => {
    expect(["\u00fc-x", "a-!", "99999999", "bcher-kv"].map(decodePunycode)).toEqual(Array(4).fill(undefined));
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => void decodePunycode(text)));
  });
});

describe("a domain", () => {
  it.each([
    ["Example.COM", "example.com", "example.com"],
    ["example.com.", "example.com", "example.com"],
    ["localhost", "localhost", "localhost"],
    ["192.0.2.1", "192.0.2.1", "192.0.2.1"],
    ["B\u00dcCHER.example", "xn--bcher-kva.example", "b\u00fccher.example"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example", "b\u00fccher.example"],
    ["fa\u00df.de", "xn--fa-hia.de", "fa\u00df.de"],
    ["\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah", "\u4f8b\u3048.\u30c6\u30b9\u30c8"],
    ["\uff45xample\uff0ecom", "example.com", "example.com"],
    ["\u05d0\u05d1.example", "xn--4dbc.example", "\u05d0\u05d1.example"],
  ])("%s is %s and %s", (text, ascii, unicode) => {
    expect(parseDomain(text)).toEqual({ ascii, unicode });
  });

  it.each([
    "",
    ".",
    "a..b",
    ".a",
    "-a.example",
    "a-.example",
    "a_b.example",
    "[2001:db8::1]",
    "xn--a.example",
    "xn--.example",
    "xn--BCHER-KV.example",
    "xn--abc-.example",
    "b\u00fc_cher.example",
    "\u0301b.example",
    "\u05d0a.example",
    "\u{1f600}.example",
    "a\u200db.example",
  ])("%j is none", (text) => {
    expect(parseDomain(text)).toBeUndefined();
  });

  it("has labels of 63 octets and 253 in all", () => {
    const label = "a".repeat(MAX_LABEL_OCTETS);
    expect(parseDomain(`${label}.example`)).toBeDefined();
    expect(parseDomain(`${label}a.example`)).toBeUndefined();
    const long = `${label}.${label}.${label}.`;
    expect(parseDomain(long + "b".repeat(MAX_DOMAIN_OCTETS - long.length))).toBeDefined();
    expect(parseDomain(long + "b".repeat(MAX_DOMAIN_OCTETS - long.length + 1))).toBeUndefined();
  });
});
