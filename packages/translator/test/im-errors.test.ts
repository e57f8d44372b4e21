import type { HeaderFields } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { MAX_OPEN_TEXTS_PER_PARTNER } from "../src/im/ledger.ts";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  LOCAL_ERRORS,
  profileByName,
  SIP_STATUS_ERRORS,
} from "../src/index.ts";
import { Bed, PARTNER } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { called, calling, figures, INVITE, offer, plain } from "./talk.ts";

const STATUSES = Object.keys(SIP_STATUS_ERRORS)
  .filter((key) => /^\d+$/.test(key))
  .map(Number);
/** And some that no table names. */
const ALL = [...STATUSES, 399, 499, 599, 699];
/** Answers inside a session that end it, after which the text goes once more. */
const TRIED_AGAIN = new Set([400, 481, 487]);

/** One error to alice, about `id`, that she can read. */
function expectReadable(bed: Bed, id: string): void {
  const errors = bed.out().filter((line) => line.includes(" error "));
  expect(errors).toEqual([
    expect.stringMatching(new RegExp(`^xmpp bob>alice/desk error ${id} (auth|cancel|modify|wait) [a-z-]+$`)),
  ]);
  expect(bed.lastError?.getChild("error")?.getChildText("text")).toMatch(/^[A-Z].{15,}\.$/);
}

describe("what bob's side answers reaches alice with her id and words", () => {
  it.each(ALL)("%d to an INVITE", (status) => {
    const bed = new Bed();
    bed.chat("hi", { id: "m1" });
    bed.outcome("INVITE", status);
    expectReadable(bed, "m1");
  });

  it.each(ALL)("%d to a MESSAGE in a session", (status) => {
    const bed = new Bed();
    calling(bed);
    bed.chat("hi", { id: "m1" });
    bed.outcome("MESSAGE", status);
    if (TRIED_AGAIN.has(status)) {
      expect(bed.out().at(-1)).toBe(INVITE);
      bed.outcome("INVITE", 200);
      bed.outcome("MESSAGE", status);
    }
    expectReadable(bed, "m1");
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 2, delivered: 1, bounced: 1, expired: 0 });
  });

  it.each(ALL)("%d to a single message", (status) => {
    const bed = new Bed({ partners: [{ domain: PARTNER, profile: profileByName("simple") }] });
    bed.chat("hi", { id: "m1" });
    bed.outcome("MESSAGE", status);
    expectReadable(bed, "m1");
  });

  it("says that the other one does not want to be disturbed, to those who may know", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    const dialog = bed.outcome("SUBSCRIBE", 200)!;
    bed.request("NOTIFY", { dialog, headers: [["Subscription-State", "active"]] });
    bed.chat("hi", { id: "m1" });
    bed.outcome("INVITE", 486);
    expect(bed.lastStanza!.getChild("error")!.getChildText("text")).toContain("Do Not Disturb");
  });
});

describe("what goes wrong here reaches alice with her id and words", () => {
  const cases: Partial<Record<keyof typeof LOCAL_ERRORS, (bed: Bed) => void>> = {
    "peer-not-allowed": (bed) => bed.chat("x", { id: "m1", from: "alice@evil.example/desk" }),
    "address-unmappable": (bed) => bed.chat("x", { id: "m1", to: "x\\5cy@contoso.example" }),
    "peer-unreachable": (bed) => {
      bed.chat("x", { id: "m1" });
      bed.outcome("INVITE", "unreachable");
    },
    "message-too-large": (bed) => bed.chat("x".repeat(8001), { id: "m1" }),
    "queue-full": (bed) => {
      for (let i = 0; i < 50; i++) bed.chat(`${i}`);
      bed.chat("x", { id: "m1" });
    },
    "encrypted-only": (bed) => bed.chat("x", { id: "m1", more: '<openpgp xmlns="urn:xmpp:openpgp:0"/>' }),
    "room-invitation": (bed) => bed.chat("x", { id: "m1", more: '<x xmlns="jabber:x:conference"/>' }),
    "not-a-chat": (bed) => bed.chat("x", { id: "m1", type: "groupchat" }),
  };

  it.each(Object.keys(cases) as (keyof typeof LOCAL_ERRORS)[])("%s", (condition) => {
    const bed = new Bed();
    cases[condition]!(bed);
    const row = LOCAL_ERRORS[condition] as { xmpp: { condition: string; type: string; text: string } };
    expect(bed.lastError?.attrs.id).toBe("m1");
    const error = bed.lastError!.getChild("error")!;
    expect([error.attrs.type, error.getChild(row.xmpp.condition) !== undefined]).toEqual([
      row.xmpp.type,
      true,
    ]);
    expect(error.getChildText("text")).toBe(row.xmpp.text);
  });

  it("rate-limited: so many a minute over all her conversations, refused before it is accepted", () => {
    const bed = new Bed({ conversation: { ...DEFAULT_CONVERSATION_SETTINGS, textsPerMinute: 2 } });
    bed.chat("one");
    bed.chat("two", { to: "carol@contoso.example" });
    bed.out();
    bed.chat("three", { id: "m1" });
    expectReadable(bed, "m1");
    expect(bed.lastError!.getChild("error")!.getChild("policy-violation")).toBeDefined();
    bed.chat("dave's", { id: "d1", from: "dave@example.com/desk" });
    bed.advance(30_000);
    bed.chat("four");
    expect(figures(bed, "xmpp_to_sip").accepted).toBe(4);
  });

  it("a text that waited too long", () => {
    const bed = new Bed();
    calling(bed);
    bed.chat("stuck");
    bed.chat("x", { id: "m1" });
    bed.out();
    bed.advance(120_000);
    expectReadable(bed, "m1");
  });
});

describe("stale sessions", () => {
  const diagnostics = (id: number): HeaderFields => [
    ["ms-diagnostics", `${id};reason="Route set is no longer valid for sip:bob@contoso.example";source="x"`],
  ];

  it.each([
    [400, []],
    [481, []],
    [487, []],
    [500, diagnostics(1004)],
    [403, diagnostics(1004)],
  ] as const)(
    "%d %j: a new one, the text once more, in order; what still waits behind it",
    (status, headers) => {
      const bed = new Bed();
      calling(bed);
      for (const text of ["two", "three"]) bed.chat(text);
      bed.out();
      bed.outcome("MESSAGE", status, { headers });
      expect(bed.out().at(-1)).toBe(INVITE);
      const fresh = bed.outcome("INVITE", 200)!;
      bed.outcome("MESSAGE", 200);
      bed.outcome("MESSAGE", 200);
      expect(bed.out()).toEqual([`MESSAGE ${fresh} "two"`, `MESSAGE ${fresh} "three"`]);
      expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 3, delivered: 3, bounced: 0, expired: 0 });
    },
  );

  it("other diagnostics are noted, without people's addresses, and change nothing", () => {
    const bed = new Bed();
    const dialog = calling(bed);
    bed.chat("two", { id: "m2" });
    bed.chat("three");
    bed.out();
    bed.outcome("MESSAGE", 403, { headers: diagnostics(1002) });
    expect(bed.out()).toEqual([expect.stringContaining("error m2"), `MESSAGE ${dialog} "three"`]);
    expect(bed.observations.filter(({ what }) => what === "note")).toEqual([
      {
        what: "note",
        event: "partner-diagnostics",
        partner: PARTNER,
        detail: "403: 1002 Route set is no longer valid for (address)",
      },
    ]);
  });
});

describe("the link to the XMPP server", () => {
  it("down: an INVITE is refused with a time to try again, sessions that are up stay", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.linkDown();
    const refused = bed.request("INVITE", { body: offer(), from: "sip:carol@contoso.example" });
    expect(bed.answerTo(refused)?.status).toBe(480);
    expect(headerOf(bed.answerTo(refused)?.headers, "Retry-After")).toBe("10");
    const inside = bed.request("MESSAGE", { dialog, body: plain("hi") });
    expect(bed.answerTo(inside)).toBeUndefined();
    bed.linkUp();
    const taken = bed.request("INVITE", { body: offer(), from: "sip:carol@contoso.example" });
    expect(bed.answerTo(taken)?.status).toBe(200);
  });

  it("of another partner down: nothing to bob", () => {
    const bed = new Bed();
    bed.linkDown("ocs.example");
    expect(bed.answerTo(bed.request("INVITE", { body: offer() }))?.status).toBe(200);
  });
});

describe("a partner that does not keep up", () => {
  it("with what alice's side writes: new texts are refused before they are accepted, other partners' are not", () => {
    const bed = new Bed();
    for (let i = 0; i < MAX_OPEN_TEXTS_PER_PARTNER; i++)
      bed.chat(`${i}`, { to: `bob${i % 400}@contoso.example` });
    bed.out();
    expect(bed.account("xmpp_to_sip").accepted).toBe(MAX_OPEN_TEXTS_PER_PARTNER);
    bed.chat("one too many", { id: "m1" });
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error m1 wait resource-constraint"]);
    bed.chat("hi", { to: "carol@ocs.example" });
    expect(bed.account("xmpp_to_sip", "ocs.example").accepted).toBe(1);
    bed.outcome("INVITE", 486);
    bed.out();
    bed.chat("room again", { id: "m2" });
    expect(bed.out()).toEqual([INVITE]);
  });

  it("on alice's side with what bob's writes: 480 and a time to try again", () => {
    const bed = new Bed();
    const write = (i: number) =>
      bed.request("MESSAGE", { body: plain(`${i}`), from: `sip:bob${i % 400}@contoso.example` });
    for (let i = 0; i < MAX_OPEN_TEXTS_PER_PARTNER; i++) write(i);
    const refused = write(401 * 400);
    expect(bed.answerTo(refused)?.status).toBe(480);
    expect(headerOf(bed.answerTo(refused)?.headers, "Retry-After")).toBe("10");
    bed.taken();
    expect(bed.answerTo(write(401 * 400))).toBeUndefined();
  });
});
