import fc from "fast-check";
import { expect, test } from "vitest";
import { MarkupGuard } from "./markup-guard.ts";
import { legalXml } from "./xml-characters.ts";

/** Feeds the text in chunks cut at the given places. */
function accepts(text: string, cuts: readonly number[] = []): boolean {
  const guard = new MarkupGuard();
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  for (let index = 1; index < places.length; index++) {
    if (guard.restrictedAt(text.slice(places[index - 1], places[index])) !== undefined) return false;
  }
  return true;
}

test.each([
  ["<?xml version='1.0'?><stream:stream><a>t</a> <b/></stream:stream>", true],
  ["<s><a><![CDATA[<!-- <?x ]] > text ]]></a><b/></s>", true],
  ["<s><!-- c --></s>", false],
  ["<s><a><![CDATA[x]]></a><!-- c --></s>", false],
  ["<s><?php x ?></s>", false],
  ["<?xml version='1.0'?><!DOCTYPE s [<!ENTITY a 'b'>]><s/>", false],
  ["<s><![CDAT[x]]></s>", false],
])("%s: %s, however it is cut", (text, verdict) => {
  expect(accepts(text)).toBe(verdict);
  fc.assert(fc.property(fc.array(fc.nat(200), { maxLength: 20 }), (cuts) => accepts(text, cuts) === verdict));
});

test("characters that XML forbids are replaced, all others kept", () => {
  expect(legalXml("a\u0000b\u001bc\ud800d\uffff")).toBe("a\ufffdb\ufffdc\ufffdd\ufffd");
  const fine = "\t\r\n \u00e9 \u{1f600} \ufffd";
  expect(legalXml(fine)).toBe(fine);
});

test("the place of restricted markup is told, so that what stands before it can be read", () => {
  expect(new MarkupGuard().restrictedAt("<s><a/><!-- c -->")).toBe("<s><a/>".length);
  const guard = new MarkupGuard();
  expect(guard.restrictedAt("<s><a/><")).toBeUndefined();
  expect(guard.restrictedAt("!-- c -->")).toBe(0);
});
