import { expect, it } from "vitest";
import { MAX_SHARED_TEXTS, SharedTexts } from "./shared-texts.ts";

it("gives the same lists to all, until so many others have come that the oldest is forgotten", () => {
  const shared = new SharedTexts();
  const first = shared.shareAll(["<sip:a;lr>", "<sip:b;lr>"]);
  expect(shared.shareAll(["<sip:a;lr>", "<sip:b;lr>"])).toBe(first);
  for (let n = 1; n < MAX_SHARED_TEXTS; n++) shared.shareAll([`<sip:${n}>`]);
  expect(shared.shareAll(["<sip:a;lr>", "<sip:b;lr>"])).toBe(first);
  shared.shareAll(["<sip:one past>"]);
  const again = shared.shareAll(["<sip:a;lr>", "<sip:b;lr>"]);
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});
