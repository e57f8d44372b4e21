import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { caseMapped, isIdentifier, obeysBidiRule } from "./precis.ts";

describe("names", () => {
  it.each([
    ["Stra\u00dfe", "stra\u00dfe"],
    ["\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2"],
    ["\uff21\uff42\uff10", "ab0"],
    ["e\u0301", "\u00e9"],
    ["\uff76\uff9e", "\u30ac"],
    ["\uffe3", "\uffe3"],
  ])("%s compares as %s", (text, form) => {
    expect(caseMapped(text)).toBe(form);
    expect(caseMapped(form)).toBe(form);
  });

  it("are folded once: folding again changes nothing", () => {
    const character = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.integer({ min: 0xff00, max: 0xffef }).map((code) => String.fromCodePoint(code)),
      fc.constantFrom(
        "\u0130",
        "\u03a3",
        "\u1e9e",
        "\u0301",
        "\u0307",
        "\u0345",
        "\u01c5",
        "\u212a",
        "\u2126",
      ),
    );
    fc.assert(
      fc.property(fc.array(character, { maxLength: 8 }), (characters) => {
        const folded = caseMapped(characters.join(""));
        expect(caseMapped(folded)).toBe(folded);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ["abc!~[]", true],
    ["a b", false],
    ["a\u007f", false],
    ["\u00e9\u4f8b\u0661", true],
    ["\u2167", false],
    ["\ufb01", false],
    ["\u1100", false],
    ["\u0640", false],
    ["\u00ad", false],
    ["\ufe0f", false],
    ["\u{1f600}", false],
    ["l\u00b7l", true],
    ["a\u00b7b", false],
    ["\u0375\u03b1", true],
    ["\u0375a", false],
    ["\u05d0\u05f3", true],
    ["a\u05f3", false],
    ["\u30a2\u30fb", true],
    ["a\u30fb", false],
    ["\u0915\u094d\u200d", true],
    ["a\u200d", false],
    ["\u0661\u06f1", false],
    ["\u3007", true],
    ["\ud800", false],
  ])("%j of allowed characters: %s", (text, allowed) => {
    expect(isIdentifier(text)).toBe(allowed);
  });

  it.each([
    ["abc1", true],
    ["\u05d0\u05d1", true],
    ["\u05d01", true],
    ["\u05d0\u05b0", true],
    ["1\u05d0", false],
    ["\u05d0a", false],
    ["a\u05d0", false],
    ["\u05d0-", false],
    ["\u0627-\u0628", true],
    ["\u06271\u0661", false],
  ])("%j keeps to one direction: %s", (text, ok) => {
    expect(obeysBidiRule(text)).toBe(ok);
  });
});
