import { Element } from "ltx";
import { expect, it } from "vitest";
import { MAX_TAKEN_REMEMBERED, XmppSide } from "./xmpp-side.ts";

it(`finds the sender of a late error among the last ${MAX_TAKEN_REMEMBERED} stanzas that were taken, not further`, () => {
  const side = new XmppSide(
    () => {},
    () => {},
  );
  const returned: number[] = [];
  const sender = {
    onTaken: () => {},
    onLost: () => {},
    onReturned: (item: number) => void returned.push(item),
  };
  for (let i = 0; i <= MAX_TAKEN_REMEMBERED; i++) {
    side.sendTracked(sender, i, "sip.example", new Element("message", { id: `m${i}`, to: "a@x.example" }));
    if (i > 0) side.taken(`m${i}`, 0);
  }
  expect([side.open, side.remembered]).toEqual([1, MAX_TAKEN_REMEMBERED]);
  side.taken("m0", 0);
  expect([side.open, side.remembered]).toEqual([0, MAX_TAKEN_REMEMBERED]);
  const error = (id: string) => new Element("message", { type: "error", id, from: "a@x.example/r" });
  expect(side.returned(error("m1"), 0)).toBe(false);
  expect(side.returned(error("m2"), 0)).toBe(true);
  expect(side.returned(error("m0"), 0)).toBe(true);
  expect(side.returned(error("m0"), 0)).toBe(false);
  expect(returned).toEqual([2, 0]);
});
