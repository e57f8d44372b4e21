import { describe, expect, it } from "vitest";
import { MAX_REFUSALS_PER_PAIR } from "../src/im/bounces.ts";
import type { KeptText } from "../src/index.ts";
import { ALICE, Bed, BOB } from "./bed.ts";
import { called, calling, figures, INVITE, rest, xmpp } from "./talk.ts";

const WALL = Date.UTC(2026, 10, 21, 12, 34);

/** A bed with a calendar. */
function dated(): Bed {
  const bed: Bed = new Bed({ wall: () => WALL + bed.now });
  return bed;
}

const keptTexts = (bed: Bed) =>
  [...bed.kept.text.values()].map(({ value }) => value as KeptText).map(({ state, text }) => [state, text]);

describe("texts are kept", () => {
  it("from when they are read until they are delivered", () => {
    const bed = new Bed();
    bed.chat("one");
    bed.chat("two");
    expect(keptTexts(bed)).toEqual([
      ["waiting", "one"],
      ["waiting", "two"],
    ]);
    bed.outcome("INVITE", 200);
    expect(keptTexts(bed)).toEqual([
      ["sent", "one"],
      ["waiting", "two"],
    ]);
    bed.outcome("MESSAGE", 200);
    expect(keptTexts(bed)).toEqual([["sent", "two"]]);
    bed.outcome("MESSAGE", 200);
    expect(keptTexts(bed)).toEqual([]);
  });

  it("as sent from the first where a session is there, and never where their fate comes in the same breath", () => {
    const bed = new Bed();
    called(bed);
    bed.chat("now");
    expect(keptTexts(bed)).toEqual([["sent", "now"]]);
    bed.outcome("MESSAGE", 403);
    expect(keptTexts(bed)).toEqual([]);
    const refused = new Bed();
    refused.chat("x".repeat(200_000));
    expect([keptTexts(refused), refused.lastError?.attrs.type]).toEqual([[], "error"]);
  });

  it("without their words until the server has the error, which a broken link does not lose", () => {
    const bed = new Bed();
    bed.holdsErrors = true;
    bed.chat("secret", { id: "s" });
    bed.outcome("INVITE", 480);
    expect(keptTexts(bed)).toEqual([["failed", ""]]);
    expect(figures(bed, "xmpp_to_sip")).toMatchObject({ accepted: 1, bounced: 1 });
    bed.out();
    bed.lost();
    bed.linkDown();
    bed.advance(60_000);
    expect([bed.out(), keptTexts(bed).length]).toEqual([[], 1]);
    bed.linkUp();
    expect(xmpp(bed)).toHaveLength(1);
    bed.taken();
    expect([keptTexts(bed), rest(bed)]).toEqual([[], [0, 0, 0]]);
  });

  it("and an error that an open link has no room for goes again", () => {
    const bed = new Bed();
    bed.holdsErrors = true;
    bed.chat("hi");
    bed.outcome("INVITE", 480);
    bed.lost("queue-full");
    bed.out();
    bed.advance(4_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(xmpp(bed)).toHaveLength(1);
    bed.taken();
    expect(rest(bed)).toEqual([0, 0, 0]);
  });
});

describe("after a kill", () => {
  it("a text that had not been sent goes out late, says so, and its sender's wishes still hold", () => {
    const bed = dated();
    bed.chat("one", { id: "c1" });
    bed.chat("two", { id: "c2" });
    bed.out();
    bed.restart(30_000);
    expect(figures(bed, "xmpp_to_sip").accepted).toBe(2);
    expect(bed.out()).toEqual([INVITE]);
    bed.chat("two", { id: "c2" });
    bed.chat("three", { id: "c3" });
    bed.outcome("INVITE", 200);
    for (let i = 0; i < 3; i++) bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([
      expect.stringMatching(/^MESSAGE d\d+ "\[2026-11-21 12:34 UTC\] one"$/),
      expect.stringMatching(/^MESSAGE d\d+ "\[2026-11-21 12:34 UTC\] two"$/),
      expect.stringMatching(/^MESSAGE d\d+ "three"$/),
    ]);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 3, delivered: 3, bounced: 0, expired: 0 });
    expect(bed.kept.text.size).toBe(0);
  });

  it("one that may have arrived is not sent again: its sender is told so when the server is there", () => {
    const bed = dated();
    calling(bed);
    bed.chat("perhaps", { id: "c9" });
    bed.holdsErrors = true;
    bed.restart(5_000);
    expect(bed.lastError?.attrs).toMatchObject({ id: "c9", to: `${ALICE}/desk`, from: BOB });
    expect(bed.lastError?.getChild("error")?.getChildText("text")).toMatch(
      /restarted .* may have been delivered/,
    );
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
    // Killed again before the server had it.
    bed.restart(5_000);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
    expect(bed.lastError?.getChild("error")?.getChildText("text")).toMatch(/may have been delivered/);
    bed.taken();
    bed.restart();
    expect([bed.kept.text.size, bed.out().filter((line) => line.startsWith("INVITE"))]).toEqual([0, []]);
  });

  it("one that waited too long meanwhile has expired, and the error says that it did not arrive", () => {
    const bed = dated();
    bed.chat("late", { id: "c1" });
    bed.restart(120_000);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 1, delivered: 0, bounced: 0, expired: 1 });
    expect(bed.lastError?.getChild("error")?.getChildText("text")).toMatch(/expired: it was not delivered/);
    expect([bed.pending, rest(bed)]).toEqual([[], [0, 0, 0]]);
  });

  it("a clock that was set back makes no text come from the future", () => {
    const bed = dated();
    bed.chat("hi");
    for (const [key, kept] of bed.kept.text) {
      const value = kept.value as KeptText;
      bed.kept.text.set(key, { ...kept, value: { ...value, acceptedAt: 86_400_000 } } as typeof kept);
    }
    bed.restart();
    bed.outcome("INVITE", 200);
    bed.outcome("MESSAGE", 200);
    expect(bed.observations).toContainEqual(expect.objectContaining({ event: "delivered", took: 0 }));
  });

  it("fifty that waited are all there, in order, and of a partner that is no more none", () => {
    const bed = dated();
    for (let i = 0; i < 50; i++) bed.chat(`t${i}`);
    bed.restart();
    bed.outcome("INVITE", 200);
    for (let i = 0; i < 50; i++) bed.outcome("MESSAGE", 200);
    const sent = bed.out().filter((line) => line.startsWith("MESSAGE"));
    expect(sent.map((line) => /t\d+/.exec(line)?.[0])).toEqual(Array.from({ length: 50 }, (_, i) => `t${i}`));
    bed.chat("gone");
    for (const [key, kept] of bed.kept.text)
      if (kept.what === "text")
        bed.kept.text.set(key, { ...kept, pair: { ...kept.pair, partner: "x.example" } });
    bed.restart();
    expect([bed.translator.size, bed.kept.text.size]).toEqual([0, 0]);
    expect(bed.observations).toContainEqual(expect.objectContaining({ event: "text-dropped" }));
  });
});

describe("where nothing can be kept", () => {
  it("alice's texts are refused at once and bob's go on; later all is as before", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.feed({ kind: "store", takes: false });
    bed.chat("no", { id: "n" });
    expect(bed.lastError?.getChild("error")?.attrs.type).toBe("wait");
    expect(bed.lastError?.getChild("error")?.getChild("resource-constraint")).toBeDefined();
    expect(figures(bed, "xmpp_to_sip").accepted).toBe(0);
    const ref = bed.request("MESSAGE", {
      dialog,
      body: { type: "text/plain", bytes: new TextEncoder().encode("yes") },
    });
    bed.taken();
    expect(bed.answerTo(ref)?.status).toBe(200);
    bed.feed({ kind: "store", takes: true });
    bed.chat("again", { id: "n" });
    bed.outcome("MESSAGE", 200);
    expect(figures(bed, "xmpp_to_sip")).toMatchObject({ accepted: 1, delivered: 1 });
  });

  it(`${MAX_REFUSALS_PER_PAIR} refusals are told until the server has them, of more none waits`, () => {
    const bed = new Bed();
    bed.holdsErrors = true;
    bed.feed({ kind: "store", takes: false });
    for (let i = 0; i < MAX_REFUSALS_PER_PAIR; i++) bed.chat("no");
    expect(bed.untaken).toBe(MAX_REFUSALS_PER_PAIR);
    bed.chat("no");
    expect([bed.untaken, xmpp(bed).length]).toEqual([MAX_REFUSALS_PER_PAIR, MAX_REFUSALS_PER_PAIR + 1]);
    while (bed.untaken > 0) bed.taken();
    bed.chat("no");
    expect(bed.untaken).toBe(1);
    bed.taken();
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("one that the store refused comes back if it has not gone yet", () => {
    const bed = new Bed();
    bed.chat("first", { id: "a" });
    bed.chat("second", { id: "b" });
    bed.outcome("INVITE", 200);
    const [sent, waiting] = [...bed.kept.text.values()];
    bed.feed({ kind: "not-kept", kept: sent! });
    bed.feed({ kind: "not-kept", kept: waiting! });
    expect(bed.lastError?.attrs.id).toBe("b");
    bed.outcome("MESSAGE", 200);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 2, delivered: 1, bounced: 1, expired: 0 });
  });
});
