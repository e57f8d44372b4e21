import type { HeaderFields } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { ALICE, Bed } from "./bed.ts";
import { xmpp } from "./talk.ts";
import { notify, pidf, tuple, watching } from "./watches.ts";

describe("alice subscribes to bob", () => {
  it("makes one SUBSCRIBE, however often she asks and from whatever device", () => {
    const bed = new Bed();
    for (let i = 0; i < 5; i++) bed.presence("subscribe", "", i % 2 ? `${ALICE}/desk` : ALICE);
    expect(bed.out()).toEqual(["SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200"]);
  });

  it("says subscribed before bob's presence, when his side says active", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    const dialog = bed.outcome("SUBSCRIBE", 200)!;
    bed.out();
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open")));
    expect(bed.out()).toEqual(["200 r2", "xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
  });

  it("takes the NOTIFY that overtakes the 200", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.out();
    notify(bed, "early", "active;expires=7200", pidf(tuple("open")), { opening: bed.refOf("SUBSCRIBE") });
    expect(xmpp(bed)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
    expect(bed.outcome("SUBSCRIBE", 200)).toBe("early");
    notify(bed, "early", "active;expires=7100", pidf(tuple("closed")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable"]);
  });

  it("takes one dialog of several: those of other forks are refused", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    const opening = bed.refOf("SUBSCRIBE");
    notify(bed, "first", "active", pidf(tuple("open")), { opening });
    bed.out();
    expect(notify(bed, "second", "active", pidf(tuple("closed")), { opening })).toBe(481);
    expect(xmpp(bed)).toEqual([]);
    expect(bed.liveDialogs).toEqual(["first"]);
  });

  it("says nothing while bob has not decided", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    const dialog = bed.outcome("SUBSCRIBE", 202)!;
    bed.out();
    expect(notify(bed, dialog, "pending;expires=3600", pidf(tuple("open")))).toBe(200);
    bed.presence("subscribe");
    bed.presence("probe", "", ALICE, undefined, "p1");
    expect(xmpp(bed)).toEqual([]);
    notify(bed, dialog, "active;expires=3600");
    expect(xmpp(bed)).toEqual(["xmpp bob>alice subscribed"]);
  });

  it("says subscribed again, with his presence, when she asks again", () => {
    const bed = new Bed();
    watching(bed, pidf(tuple("open", "away")));
    bed.presence("subscribe", "", ALICE, undefined, "again");
    expect(bed.out()).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available away"]);
  });

  it("gives each user a dialog of their own", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.presence("subscribe", "", "dave@example.com");
    expect(bed.out()).toEqual([
      "SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200",
      "SUBSCRIBE sip:dave@example.com > sip:bob@contoso.example expires=7200",
    ]);
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
  });

  it("writes to bob as his own side writes him", () => {
    const bed = new Bed();
    bed.request("SUBSCRIBE", { from: "sip:Bob@contoso.example", headers: [["Event", "presence"]] });
    bed.out();
    bed.presence("subscribe");
    expect(bed.out()).toEqual(["SUBSCRIBE sip:alice@example.com > sip:Bob@contoso.example expires=7200"]);
  });
});

describe("what alice sees", () => {
  it.each([
    [tuple("open"), "available"],
    [tuple("open", "busy"), 'available away "Busy"'],
    [tuple("open", "do-not-disturb"), 'available away "Busy"'],
    [tuple("open", "busy", "in a call"), 'available away "Busy - in a call"'],
    [tuple("open", "away"), "available away"],
    [tuple("open", "be-right-back"), "available away"],
    [tuple("open", "unheard-of"), "available"],
    [tuple("open", undefined, "hello"), 'available "hello"'],
    [tuple("closed"), "unavailable"],
  ])("of %s is %s (table 1-5)", (document, seen) => {
    const bed = new Bed();
    bed.presence("subscribe");
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(document));
    expect(xmpp(bed).at(-1)).toBe(`xmpp bob/sip>alice ${seen}`);
  });

  it.each([
    ["of somebody else", pidf(tuple("closed"), "sip:eve@contoso.example")],
    ["of bob at another domain", pidf(tuple("closed"), "sip:bob@example.com")],
    ["that is broken", { type: "application/pidf+xml", bytes: new TextEncoder().encode("<presence") }],
    ["without availability", pidf("<note>hi</note>")],
    ["of another kind", { type: "text/plain", bytes: new TextEncoder().encode("closed") }],
    ["that is empty", undefined],
  ])("does not change by a body %s, and the NOTIFY gets its 200", (_, body) => {
    const bed = new Bed();
    const dialog = watching(bed, pidf(tuple("open", "away")));
    expect(notify(bed, dialog, "active;expires=7000", body)).toBe(200);
    expect(xmpp(bed)).toEqual([]);
    bed.presence("probe");
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available away"]);
  });

  it.each([
    "bob@contoso.example",
    "pres:bob@contoso.example",
    "sip:BOB@Contoso.Example;x=y",
    "sip:%62ob@contoso.example",
  ])("is read where bob is written %s", (entity) => {
    const bed = new Bed();
    const dialog = watching(bed);
    notify(bed, dialog, "active", pidf(tuple("closed"), entity));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable"]);
  });

  it("is told once for two documents that look alike", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    notify(bed, dialog, "active", pidf(tuple("open", "busy")));
    notify(bed, dialog, "active", pidf(tuple("open", "do-not-disturb")));
    expect(xmpp(bed)).toEqual(['xmpp bob/sip>alice available away "Busy"']);
    const updates = bed.observations.filter(
      (seen) => seen.what === "presence" && seen.direction === "sip_to_xmpp",
    );
    expect(updates).toHaveLength(3);
  });

  it.each([
    [{ headers: [["Event", "dialog"]] as HeaderFields, state: "active" }, 489],
    [{ headers: [], state: "" }, 400],
    [{ headers: [], state: "perhaps" }, 400],
  ])("does not change by a NOTIFY that is none: %o", ({ headers, state }, status) => {
    const bed = new Bed();
    const dialog = watching(bed);
    const ref = bed.request("NOTIFY", {
      dialog,
      headers: [...headers, ["Subscription-State", state]],
      body: pidf(tuple("closed")),
    });
    expect(bed.answerTo(ref)?.status).toBe(status);
    expect(xmpp(bed)).toEqual([]);
  });
});

describe("a probe by a user of whom nothing is known", () => {
  const look = "SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=0";
  const watch = "SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200";
  const probe = (bed: Bed, id: string) => bed.presence("probe", "", `${ALICE}/desk`, undefined, id);
  /** What bob's side shows those whom it knows. */
  const seen = (bed: Bed, state = "terminated;reason=timeout") =>
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, state, pidf(tuple("open", "away")));

  it("costs bob no question: his state is fetched once, and shown to who probed", () => {
    const bed = new Bed();
    probe(bed, "p1");
    probe(bed, "p2");
    expect(bed.out()).toEqual([look]);
    seen(bed);
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice/desk available away"]);
    probe(bed, "p3");
    expect(bed.out()).toEqual(["xmpp bob/sip>alice/desk available away"]);
  });

  it("becomes a watch after a while, for bob has decided before; her roster is as it was", () => {
    const bed = new Bed();
    probe(bed, "p1");
    seen(bed);
    bed.advance(14_999);
    bed.out();
    bed.advance(1);
    expect(bed.out()).toEqual([watch]);
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available"]);
  });

  it("does not become one when she goes meanwhile, or says what she wants", () => {
    const bed = new Bed();
    probe(bed, "p1");
    seen(bed);
    bed.out();
    bed.presence("unavailable", "", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["xmpp bob/sip>alice unavailable"]);
    bed.advance(60_000);
    expect([bed.out(), bed.translator.size, bed.translator.underWay]).toEqual([[], 0, 0]);
    probe(bed, "p2");
    bed.presence("unsubscribe");
    seen(bed);
    bed.advance(60_000);
    expect([xmpp(bed), bed.translator.size, bed.translator.underWay]).toEqual([[], 0, 0]);
  });

  it.each([
    ["a refusal", (bed: Bed) => bed.outcome("SUBSCRIBE", 403)],
    ["no answer", (bed: Bed) => bed.outcome("SUBSCRIBE", "timeout")],
    ["no document", (bed: Bed) => notify(bed, bed.outcome("SUBSCRIBE", 200)!, "terminated;reason=timeout")],
    ["no NOTIFY", (bed: Bed) => bed.outcome("SUBSCRIBE", 200)],
    ["a decision that is open", (bed: Bed) => seen(bed, "pending")],
  ] as const)("comes to nothing by %s, and the roster stays", (_, answer) => {
    const bed = new Bed();
    probe(bed, "p1");
    answer(bed);
    bed.advance(100_000);
    expect(xmpp(bed)).toEqual([]);
    expect([bed.translator.size, bed.translator.underWay, bed.liveDialogs]).toEqual([0, 0, []]);
    probe(bed, "p2");
    expect(bed.out()).toEqual([look]);
  });

  it("takes the NOTIFY that overtakes the 200, and no word of another partner", () => {
    const bed = new Bed();
    probe(bed, "p1");
    bed.out();
    const opening = bed.refOf("SUBSCRIBE");
    notify(bed, "early", "terminated;reason=timeout", pidf(tuple("open")), { opening });
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice/desk available"]);
    bed.outcome("SUBSCRIBE", 200);
    expect([bed.out(), bed.liveDialogs]).toEqual([[], []]);
  });

  it("gives way to a subscription", () => {
    const bed = new Bed();
    probe(bed, "p1");
    bed.presence("subscribe");
    expect(bed.out()).toEqual([look, watch]);
    const [fetch, subscription] = bed.pendingRefs;
    bed.outcome("SUBSCRIBE", 200, { ref: fetch! });
    notify(bed, bed.outcome("SUBSCRIBE", 200, { ref: subscription! })!, "active", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
    expect(bed.liveDialogs).toHaveLength(1);
  });
});

describe("alice's server probes", () => {
  it("is answered from memory, without the probe's id where bob is there", () => {
    const bed = new Bed();
    watching(bed, pidf(tuple("open", "away")));
    bed.presence("probe", "", ALICE, undefined, "p1");
    expect(bed.lastStanza?.attrs.id).toBeUndefined();
    expect(bed.out()).toEqual(["xmpp bob/sip>alice available away"]);
  });

  it("is answered unavailable, from the bare address with the probe's id, where he is not", () => {
    for (const document of [pidf(tuple("closed")), pidf("<note>nothing</note>")]) {
      const bed = new Bed();
      watching(bed, document);
      bed.presence("probe", "", ALICE, undefined, "p1");
      expect(bed.lastStanza?.attrs.id).toBe("p1");
      expect(bed.out()).toEqual(["xmpp bob>alice unavailable"]);
    }
  });

  it("hears unavailable and starts no storm while bob's side is down", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.outcome("SUBSCRIBE", 503);
    bed.out();
    for (let i = 0; i < 10; i++) bed.presence("probe", "", ALICE, undefined, "p1");
    expect(new Set(bed.out())).toEqual(new Set(["xmpp bob>alice unavailable"]));
    bed.advance(31_000);
    expect(bed.out()).toEqual(["SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200"]);
  });

  it("hears again that bob has refused, for a day", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.outcome("SUBSCRIBE", 403);
    bed.out();
    bed.presence("probe", "", ALICE, undefined, "p1");
    expect(bed.out()).toEqual(["xmpp bob>alice unsubscribed"]);
    expect(bed.lastStanza?.attrs.id).toBe("p1");
    bed.advance(24 * 3_600_000);
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
  });
});
