import fc from "fast-check";
import { Element } from "ltx";
import { expect, test } from "vitest";
import { isLargerThan } from "./stanza-size.ts";

test("the limit is in octets of the wire text: at it is fine, one past it is not", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "<", '"', "&", "\u00e9", "\u20ac", "\u{1f600}"),
    maxLength: 50,
  });
  fc.assert(
    fc.property(text, text, (body, id) => {
      const stanza = new Element("message", { to: "alice@example.com", id });
      stanza.c("body").t(body);
      const size = Buffer.byteLength(stanza.toString());
      expect([isLargerThan(size, stanza), isLargerThan(size - 1, stanza)]).toEqual([false, true]);
    }),
  );
});
