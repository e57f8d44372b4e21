import fc from "fast-check";
import { expect, it } from "vitest";
import { MAX_REASON_PHRASE, reasonPhrase } from "./reason-phrase.ts";

it("is one line of bounded length, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const phrase = reasonPhrase(text);
      expect(phrase).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u);
      expect([...phrase].length).toBeLessThanOrEqual(MAX_REASON_PHRASE);
    }),
  );
  expect(reasonPhrase("No\r\nVia: evil\0 ")).toBe("No Via: evil");
  expect(reasonPhrase("x".repeat(MAX_REASON_PHRASE))).toHaveLength(MAX_REASON_PHRASE);
  expect(reasonPhrase("x".repeat(MAX_REASON_PHRASE + 1))).toHaveLength(MAX_REASON_PHRASE);
});
