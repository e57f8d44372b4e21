import { describe, expect, it } from "vitest";
import { Ledger, MAX_OPEN_TEXTS, MAX_OPEN_TEXTS_PER_PARTNER } from "./ledger.ts";

const PARTNER = "contoso.example";

describe("the books", () => {
  it("balance when each text that is let go has one fate", () => {
    const ledger = new Ledger();
    const books = ledger.of(PARTNER);
    for (const fate of ["delivered", "bounced", "expired"] as const) {
      books.book("xmpp_to_sip", "accepted");
      books.hold("xmpp_to_sip", 1);
      expect(ledger.inFlight).toBe(1);
      books.hold("xmpp_to_sip", -1);
      books.book("xmpp_to_sip", fate);
    }
    expect(ledger.takeImbalances()).toEqual([]);
    expect(books.read("xmpp_to_sip")).toEqual({
      accepted: 3,
      delivered: 1,
      bounced: 1,
      expired: 1,
      inFlight: 0,
    });
    expect(books.read("sip_to_xmpp").accepted).toBe(0);
  });

  it.each([
    ["a text that is dropped", "accepted", { accepted: 1, delivered: 0, inFlight: 0 }],
    ["a second fate", "delivered", { accepted: 0, delivered: 1, inFlight: 0 }],
  ] as const)("show %s at once, say it once, and again when it gets worse", (_, event, figures) => {
    const ledger = new Ledger();
    const books = ledger.of(PARTNER);
    books.book("sip_to_xmpp", event);
    expect(ledger.takeImbalances()).toEqual([expect.objectContaining({ partner: PARTNER, ...figures })]);
    books.book("sip_to_xmpp", "accepted");
    books.book("sip_to_xmpp", "bounced");
    expect(ledger.takeImbalances()).toEqual([]);
    books.book("sip_to_xmpp", event);
    expect(ledger.takeImbalances()).toHaveLength(1);
  });
});

describe("a partner's room", () => {
  it(`is for ${MAX_OPEN_TEXTS_PER_PARTNER} open texts each way, senders who have still to be told among them`, () => {
    const books = new Ledger().of(PARTNER);
    for (let i = 2; i < MAX_OPEN_TEXTS_PER_PARTNER; i++) books.hold("xmpp_to_sip", 1);
    books.owe(1);
    expect(books.isFull("xmpp_to_sip")).toBe(false);
    books.hold("xmpp_to_sip", 1);
    expect([books.isFull("xmpp_to_sip"), books.isFull("sip_to_xmpp")]).toEqual([true, false]);
    books.owe(-1);
    expect(books.isFull("xmpp_to_sip")).toBe(false);
    for (let i = 0; i < MAX_OPEN_TEXTS_PER_PARTNER; i++) books.hold("sip_to_xmpp", 1);
    expect(books.isFull("sip_to_xmpp")).toBe(true);
  });

  it(`is shared: ${MAX_OPEN_TEXTS} that may be on disk`, () => {
    const ledger = new Ledger();
    const partners = Array.from({ length: MAX_OPEN_TEXTS / 10_000 }, (_, i) => ledger.of(`p${i}.example`));
    for (const books of partners) for (let i = 0; i < 10_000; i++) books.hold("xmpp_to_sip", 1);
    expect(ledger.of(PARTNER).isFull("xmpp_to_sip")).toBe(true);
    expect(ledger.of(PARTNER).isFull("sip_to_xmpp")).toBe(false);
    partners[0]!.hold("xmpp_to_sip", -1);
    expect(ledger.of(PARTNER).isFull("xmpp_to_sip")).toBe(false);
  });
});
