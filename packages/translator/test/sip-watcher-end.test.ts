import { describe, expect, it } from "vitest";
import { ALICE, Bed } from "./bed.ts";
import { subscribe, watched } from "./watches.ts";

describe("alice says no", () => {
  it("before: bob sees an offline user, and nothing else ever", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence("unsubscribed");
    expect(bed.out()).toEqual(["NOTIFY d1 active closed"]);
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
    subscribe(bed, { dialog: "d1" });
    expect(bed.out()).toEqual(["200 r2 expires=3600", "NOTIFY d1 active closed"]);
    subscribe(bed);
    expect(bed.out()).toEqual(["200 r3 expires=3600", "NOTIFY d3 active closed"]);
  });

  it("after: closed at the next turn, and later presence never leaks", () => {
    const bed = new Bed();
    watched(bed, "<show>away</show>");
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.presence("unsubscribed");
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    expect(bed.out()).toEqual(["NOTIFY d1 active open", "NOTIFY d1 active closed"]);
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
  });

  it("and is asked again only after a day, without bob noticing; she may change her mind", () => {
    const bed = new Bed();
    subscribe(bed, { expires: 7200 });
    bed.outcome("NOTIFY", 200);
    bed.presence("unsubscribed");
    bed.outcome("NOTIFY", 200);
    bed.out();
    for (let hour = 0; hour < 25; hour++) {
      bed.advance(3_600_000);
      subscribe(bed, { expires: 7200, dialog: "d1" });
      bed.outcome("NOTIFY", 200);
    }
    const seen = bed.out().filter((line) => !line.startsWith("200"));
    expect(seen.filter((line) => line.startsWith("NOTIFY"))).toEqual(
      Array(25).fill("NOTIFY d1 active closed"),
    );
    expect(seen.filter((line) => line.startsWith("xmpp"))).toEqual(["xmpp bob>alice subscribe"]);
    bed.presence("subscribed");
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.advance(5000);
    expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
  });

  it.each(["", " after a kill"])(
    "and is asked again a day later: where the answer may be lost, once more%s",
    (kill) => {
      const bed = new Bed();
      const dialog = watched(bed);
      bed.presence("unsubscribed");
      bed.advance(5_000);
      bed.outcome("NOTIFY", 200);
      for (let hour = 0; hour < 25; hour++) {
        subscribe(bed, { dialog, expires: 7200 });
        bed.outcome("NOTIFY", 200);
        bed.advance(3_600_000);
      }
      const asked = () => bed.out().filter((line) => line === "xmpp bob>alice subscribe");
      expect(asked()).toHaveLength(1);
      if (kill) bed.restart();
      else bed.linkDown();
      bed.linkUp();
      expect(asked()).toHaveLength(1);
      bed.presence("unsubscribed");
      bed.linkDown();
      bed.linkUp();
      expect(asked()).toHaveLength(0);
    },
  );

  it("and yes again: what she showed before is not what she shows now", () => {
    const bed = new Bed();
    watched(bed, "<show>away</show>");
    bed.presence("unsubscribed");
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.advance(100);
    subscribe(bed, { dialog: "d1" });
    expect(bed.out().at(-1)).toBe("NOTIFY d1 active closed");
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`);
    bed.advance(5000);
    expect(bed.out()).toEqual(["NOTIFY d1 active open busy"]);
  });

  it("is forgotten after a day without a watch", () => {
    const bed = new Bed();
    subscribe(bed, { expires: 600 });
    bed.outcome("NOTIFY", 200);
    bed.presence("unsubscribed");
    bed.outcome("NOTIFY", 200);
    bed.advance(700_000);
    bed.outcome("NOTIFY", 200);
    expect(bed.translator.size).toBe(1);
    bed.advance(24 * 3_600_000);
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
  });

  it("by the administrator: nobody is asked, and what she sends does not show", () => {
    const bed = new Bed({ unknownWatcher: "deny" });
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.presence("unsubscribed");
    bed.advance(60_000);
    expect(bed.out()).toEqual(["200 r1 expires=3600", "NOTIFY d1 active closed"]);
  });
});

describe("nothing leaks", () => {
  it("from presence that comes before anybody asked", () => {
    const bed = new Bed();
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`);
    subscribe(bed);
    expect(bed.out()).toEqual(["200 r1 expires=3600", "xmpp bob>alice subscribe", "NOTIFY d1 pending"]);
  });

  it("from an unavailable one while she has not decided", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence("unavailable", "", `${ALICE}/desk`);
    expect(bed.out()).toEqual([]);
  });

  it("from a consent that was never asked for", () => {
    const bed = new Bed();
    bed.presence("subscribed");
    subscribe(bed);
    expect(bed.out().at(-1)).toBe("NOTIFY d1 pending");
  });

  it("from one watcher to another, or to another partner's user of that name", () => {
    const bed = new Bed();
    subscribe(bed);
    subscribe(bed, { from: "sip:carol@contoso.example" });
    subscribe(bed, { from: "sip:bob@ocs.example", partner: "ocs.example" });
    for (let i = 0; i < 3; i++) bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`, "carol@contoso.example");
    expect(bed.out()).toEqual(["NOTIFY d1 active open busy", "NOTIFY d2 active open away"]);
    bed.advance(60_000);
    subscribe(bed, { dialog: "d3", from: "sip:bob@ocs.example", partner: "ocs.example" });
    expect(bed.out().at(-1)).toBe("NOTIFY d3 pending");
  });

  it("to a partner who has learnt the tags of another's dialog", () => {
    const bed = new Bed();
    watched(bed);
    const ref = subscribe(bed, { dialog: "d1", partner: "ocs.example" });
    expect(bed.out()).toEqual([`403 ${ref}`]);
  });
});

describe("the subscription's end", () => {
  it("by bob: 200, a last NOTIFY that says closed, and alice sees him go; her consent stays with her server", () => {
    const bed = new Bed();
    watched(bed);
    subscribe(bed, { dialog: "d1", expires: 0 });
    expect(bed.out()).toEqual([
      "200 r2 expires=0",
      "NOTIFY d1 terminated;reason=timeout closed",
      "xmpp bob>alice unavailable",
    ]);
    bed.outcome("NOTIFY", 200);
    expect([bed.translator.size, bed.translator.underWay, bed.liveDialogs.length]).toEqual([0, 0, 0]);
  });

  it("is not told to alice while another device watches", () => {
    const bed = new Bed();
    watched(bed);
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.out();
    subscribe(bed, { dialog: "d1", expires: 0 });
    expect(bed.out().filter((line) => line.includes("xmpp"))).toEqual([]);
  });

  it("by lapse: a last NOTIFY", () => {
    const bed = new Bed();
    subscribe(bed, { expires: 600 });
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.advance(599_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual(["NOTIFY d1 terminated;reason=timeout"]);
    bed.outcome("NOTIFY", 481);
    expect(bed.liveDialogs).toEqual([]);
  });

  it("does not make alice hear the question again when bob comes back the same day", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    subscribe(bed, { dialog: "d1", expires: 0 });
    bed.outcome("NOTIFY", 200);
    bed.out();
    subscribe(bed);
    expect(bed.out()).toEqual(["200 r3 expires=3600", "NOTIFY d3 pending"]);
    bed.event({ kind: "dialogs-lost", dialogs: ["d3"] });
    bed.outcome("NOTIFY", 200);
    bed.advance(24 * 3_600_000);
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
    subscribe(bed);
    expect(bed.out()).toContain("xmpp bob>alice subscribe");
  });

  it("by a NOTIFY that nobody knows: no more are sent", () => {
    const bed = new Bed();
    watched(bed);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.outcome("NOTIFY", 481);
    expect(bed.out()).toEqual(["NOTIFY d1 active open away", "xmpp bob>alice unavailable"]);
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
    expect([bed.translator.size, bed.liveDialogs.length]).toEqual([0, 0]);
  });

  it.each(["timeout", "unreachable", 503] as const)(
    "not by a NOTIFY that meets %s: it is told again, and so is the next change",
    (result) => {
      const bed = new Bed();
      watched(bed);
      bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
      bed.outcome("NOTIFY", result);
      bed.out();
      bed.advance(60_000);
      expect(bed.out()).toEqual(["NOTIFY d1 active open away"]);
      bed.outcome("NOTIFY", 200);
      bed.advance(5000);
      bed.presence(undefined, "", `${ALICE}/desk`);
      expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
    },
  );

  it("by the engine: a late answer to its NOTIFY neither sends nor breaks anything", () => {
    const bed = new Bed();
    watched(bed);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    // Another NOTIFY is owed as soon as the one on its way is answered.
    subscribe(bed, { dialog: "d1" });
    bed.event({ kind: "dialogs-lost", dialogs: ["d1"] });
    bed.out();
    bed.outcome("NOTIFY", 200);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
  });

  it("does not take a new subscription along when the last answer of the old one comes late", () => {
    const bed = new Bed();
    watched(bed);
    subscribe(bed, { dialog: "d1", expires: 0 });
    subscribe(bed);
    bed.out();
    bed.outcome("NOTIFY", 200, { dialog: "d1" });
    bed.outcome("NOTIFY", 200, { dialog: "d3" });
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d3 active open away"]);
  });
});

describe("a fetch", () => {
  it("of a stranger tells nothing and asks nobody", () => {
    const bed = new Bed();
    subscribe(bed, { expires: 0 });
    expect(bed.out()).toEqual(["200 r1 expires=0", "NOTIFY d1 terminated;reason=timeout"]);
    bed.outcome("NOTIFY", 200);
    expect([bed.translator.size, bed.translator.underWay, bed.liveDialogs.length]).toEqual([0, 0, 0]);
  });

  it("of a watcher whom alice has accepted tells what there is", () => {
    const bed = new Bed();
    watched(bed, "<show>away</show>");
    subscribe(bed, { expires: 0 });
    expect(bed.out()).toEqual(["200 r2 expires=0", "NOTIFY d2 terminated;reason=timeout open away"]);
  });

  it("shows a denied watcher an offline user", () => {
    const bed = new Bed({ unknownWatcher: "deny" });
    subscribe(bed, { expires: 0 });
    expect(bed.out()).toEqual(["200 r1 expires=0", "NOTIFY d1 terminated;reason=timeout closed"]);
  });
});

describe("alice's server answers the question with an error", () => {
  const error = (condition: string) =>
    `<error type="cancel"><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`;

  it.each([
    ["forbidden", ["NOTIFY d1 active closed"]],
    ["not-authorized", ["NOTIFY d1 active closed"]],
    ["item-not-found", []],
    ["gone", []],
    ["redirect", ["NOTIFY d1 terminated;reason=noresource"]],
    ["remote-server-timeout", ["NOTIFY d1 terminated;reason=probation;retry-after=300"]],
    ["remote-server-not-found", ["NOTIFY d1 terminated;reason=probation;retry-after=3600"]],
    ["service-unavailable", ["NOTIFY d1 terminated;reason=probation;retry-after=3600"]],
    ["made-up", ["NOTIFY d1 terminated;reason=probation;retry-after=3600"]],
  ])("%s", (condition, notifies) => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence("error", error(condition));
    bed.advance(5000);
    expect(bed.out()).toEqual(notifies);
  });

  it("and asks anew when bob comes back", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.presence("error", error("remote-server-timeout"));
    bed.advance(5000);
    bed.outcome("NOTIFY", 200);
    expect(bed.translator.size).toBe(0);
    bed.out();
    subscribe(bed);
    expect(bed.out()).toContain("xmpp bob>alice subscribe");
  });
});

describe("the link comes back", () => {
  it("asks again for a consent that is open, and for presence where there is one", () => {
    const bed = new Bed();
    watched(bed);
    subscribe(bed, { from: "sip:carol@contoso.example" });
    bed.out();
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp bob>alice probe", "xmpp carol>alice subscribe"]);
    bed.linkUp("ocs.example");
    expect(bed.out()).toEqual([]);
  });
});
