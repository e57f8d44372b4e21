import { describe, expect, it } from "vitest";
import { FIRST_TEXT_REPEATS, FIRST_TEXT_WAITS, FirstTexts } from "./first-texts.ts";
import type { Origin } from "./queue.ts";
import { MAX_INQUIRIES, Receipts } from "./receipts.ts";
import { fingerprint, MAX_RECENT_TEXTS, RECENT_TEXT_LASTS, RecentTexts } from "./recent.ts";
import { MAX_RATED_SENDERS, SenderRates } from "./sender-rates.ts";

describe("recent texts", () => {
  it(`are ${MAX_RECENT_TEXTS} at most: the oldest is forgotten`, () => {
    const recent = new RecentTexts();
    for (let i = 0; i <= MAX_RECENT_TEXTS; i++) recent.begin(`k${i}`, 0);
    expect(recent.size).toBe(MAX_RECENT_TEXTS);
    expect([recent.fateOf("k0", 0), recent.fateOf("k1", 0)]).toEqual([undefined, "open"]);
  });

  it("are known for ten minutes, and swept out by later ones", () => {
    const recent = new RecentTexts();
    recent.begin("a", 0);
    recent.done("a");
    expect(recent.fateOf("a", RECENT_TEXT_LASTS - 1)).toBe("done");
    expect(recent.fateOf("a", RECENT_TEXT_LASTS)).toBeUndefined();
    recent.begin("b", RECENT_TEXT_LASTS);
    expect(recent.size).toBe(1);
    recent.failed("b");
    expect(recent.size).toBe(0);
  });

  it("are told apart by their words", () => {
    expect(fingerprint("ab")).toBe(fingerprint("ab"));
    expect(new Set(["ab", "ba", "a", ""].map(fingerprint)).size).toBe(4);
  });
});

it(`the fates of ${MAX_INQUIRIES} texts are told, of more the last ones`, () => {
  const receipts = new Receipts();
  const origin = { wishes: { receipt: true, marker: false } } as Origin;
  const inquiry = { messageId: "q", dateTime: "", receipt: true, marker: false, failure: false };
  for (let i = 0; i <= MAX_INQUIRIES; i++) {
    receipts.ask(`s${i}`, inquiry);
    receipts.expect(`m${i}`, origin);
  }
  const told = (i: number) => [
    receipts.answer("received", `s${i}`) !== undefined,
    receipts.notified({ messageId: `m${i}`, kind: "delivery", status: "delivered" }) !== undefined,
  ];
  expect([told(0), told(1)]).toEqual([
    [false, false],
    [true, true],
  ]);
});

it("a first text is repeated within a minute, not later", () => {
  const taken = () => {
    const texts = new FirstTexts();
    texts.offered("r", "hi");
    texts.made("r", "d");
    texts.confirmed("d", 0);
    expect(texts.takeDue(FIRST_TEXT_WAITS - 1)).toEqual([]);
    expect(texts.takeDue(FIRST_TEXT_WAITS)).toEqual(["hi"]);
    return texts;
  };
  const until = FIRST_TEXT_WAITS + FIRST_TEXT_REPEATS;
  expect(taken().isNews("d", " hi\n", until - 1)).toBe(false);
  expect(taken().isNews("d", "hi", until)).toBe(true);
  expect(taken().isNews("d", "other", until - 1)).toBe(true);
});

it(`paces senders, of whom the last ${MAX_RATED_SENDERS} are known`, () => {
  const rates = new SenderRates();
  for (let i = 0; i <= MAX_RATED_SENDERS; i++) expect(rates.take(`u${i}`, 1, 0)).toBe(true);
  expect(rates.size).toBe(MAX_RATED_SENDERS);
  expect([rates.take("u1", 1, 59_999), rates.take("u1", 1, 60_000), rates.take("u0", 1, 0)]).toEqual([
    false,
    true,
    true,
  ]);
  expect(rates.take("u1", 0, 60_000)).toBe(true);
});
