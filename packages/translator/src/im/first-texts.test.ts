import { expect, it } from "vitest";
import { FIRST_TEXT_WAITS, FirstTexts } from "./first-texts.ts";

it("takes a MESSAGE in the other session of two for the repetition, and leaves other texts waiting", () => {
  const texts = new FirstTexts();
  texts.offered("r1", "hello?");
  texts.made("r1", "d1");
  texts.confirmed("d1", 0);
  texts.offered("r2", "hello?");
  texts.offered("r3", "are you there?");
  texts.made("r3", "d3");
  texts.confirmed("d3", 0);
  expect(texts.isNews("d9", "hello?", 1_000)).toBe(true);
  texts.made("r2", "d2");
  texts.confirmed("d2", 1_000);
  expect(texts.takeDue(10 * FIRST_TEXT_WAITS)).toEqual(["are you there?"]);
  expect(texts.nextDue).toBeUndefined();
});
