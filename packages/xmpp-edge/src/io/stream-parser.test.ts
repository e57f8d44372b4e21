import type { Element } from "ltx";
import { expect, test } from "vitest";
import { MAX_STANZA_CHARS, MAX_STANZA_DEPTH, StreamParser } from "./stream-parser.ts";

function opened(): { parser: StreamParser; stanzas: Element[] } {
  const parser = new StreamParser();
  const stanzas: Element[] = [];
  parser.on("element", (stanza: Element) => stanzas.push(stanza));
  parser.write(
    `<?xml version='1.0'?><stream:stream xmlns="jabber:component:accept" xmlns:stream="urn:s" id="7">`,
  );
  return { parser, stanzas };
}

test("stanzas come out whole, with inherited namespaces, and whitespace between them leaves nothing behind", () => {
  const { parser, stanzas } = opened();
  for (const chunk of ["\n<message><bo", "dy>a &lt; b</body> ", "</message> \n ", "<iq/>"])
    parser.write(chunk);
  expect(stanzas.map(String)).toEqual(["<message><body>a &lt; b</body> </message>", "<iq/>"]);
  expect(stanzas[0]?.getNS()).toBe("jabber:component:accept");
  expect(stanzas[0]?.parent?.children).toEqual([]);
  expect(stanzas[0]?.getChildElements()).toHaveLength(1);
});

test.each([
  ["<a></b>", "not-well-formed"],
  ["<a>&bogus;</a>", "not-well-formed"],
  ["<a>&#0;</a>", "not-well-formed"],
  ["<!-- c -->", "restricted-xml"],
])("%s ends the stream with %s", (text, condition) => {
  const { parser } = opened();
  expect(() => parser.write(text)).toThrow(expect.objectContaining({ condition }));
});

test("a stanza at the limits passes, one past them does not", () => {
  const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
  const begun = `<a>${"x".repeat(MAX_STANZA_CHARS - "<a></a>".length)}`;
  const { parser, stanzas } = opened();
  for (const text of [nested(MAX_STANZA_DEPTH), begun, "</a>"]) parser.write(text);
  expect(stanzas).toHaveLength(2);
  const tooMuch = expect.objectContaining({ condition: "policy-violation" });
  expect(() => opened().parser.write(nested(MAX_STANZA_DEPTH + 1))).toThrow(tooMuch);
  parser.write(`${begun}xxxx`);
  expect(() => parser.write("x")).toThrow(tooMuch);
});
