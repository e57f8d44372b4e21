import { expect, it } from "vitest";
import { MAX_REMEMBERED, MAX_REMEMBERED_LENGTH, remembering } from "./remembered.ts";

function counted() {
  let made = 0;
  const ask = remembering((text) => {
    made += 1;
    return text.startsWith("bad") ? undefined : { text };
  });
  return {
    /** How often the function itself was asked for these texts. */
    made: (...texts: readonly string[]) => {
      const before = made;
      for (const text of texts) expect(ask(text)?.text).toBe(text.startsWith("bad") ? undefined : text);
      return made - before;
    },
  };
}

it("makes a result once, and one that is no result each time", () => {
  const { made } = counted();
  expect(made("a", "a", "b", "a")).toBe(2);
  expect(made("bad", "bad")).toBe(2);
});

it(`forgets what was not asked for among the last ${MAX_REMEMBERED} texts`, () => {
  const { made } = counted();
  const others = Array.from({ length: MAX_REMEMBERED }, (_, at) => `other ${at}`);
  const half = MAX_REMEMBERED / 2;
  expect(made("first", "second")).toBe(2);
  expect(made(...others.slice(0, half))).toBe(half);
  expect(made("first")).toBe(0);
  expect(made(...others.slice(half))).toBe(half);
  expect(made("first", "second")).toBe(1);
});

it(`does not keep texts over ${MAX_REMEMBERED_LENGTH} characters`, () => {
  const { made } = counted();
  const longest = "x".repeat(MAX_REMEMBERED_LENGTH);
  expect(made(longest, longest)).toBe(1);
  expect(made(`${longest}x`, `${longest}x`)).toBe(2);
});
