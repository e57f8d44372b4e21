import { describe, expect, it } from "vitest";
import { ALICE, Bed } from "./bed.ts";
import { xmpp } from "./talk.ts";
import { notify, pidf, subscribe, tuple, watched, watching } from "./watches.ts";

describe("after a kill, bob's watch of alice", () => {
  it("goes on in its dialog: her server is asked, he is told, and she is not asked again", () => {
    const bed = new Bed();
    const dialog = watched(bed, "<show>away</show>");
    bed.restart(30_000);
    expect(bed.out()).toEqual([]);
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp bob>alice probe"]);
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/phone`);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active open busy`]);
    bed.outcome("NOTIFY", 200);
    subscribe(bed, { dialog });
    expect(bed.out()).toEqual([expect.stringMatching(/^200 /), `NOTIFY ${dialog} active open busy`]);
  });

  it("is told even where nothing has changed, once", () => {
    const bed = new Bed();
    const dialog = watched(bed, "<show>away</show>");
    bed.restart();
    bed.linkUp();
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.out();
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
    expect(bed.liveDialogs).toEqual([dialog]);
  });

  it("says closed when her server does not answer, or is out of reach for a minute", () => {
    for (const isUp of [true, false]) {
      const bed = new Bed();
      const dialog = watched(bed);
      bed.restart();
      if (isUp) bed.linkUp();
      bed.advance(isUp ? 9_999 : 59_999);
      expect(bed.out().filter((line) => line.startsWith("NOTIFY"))).toEqual([]);
      bed.advance(1);
      expect(bed.out()).toEqual([`NOTIFY ${dialog} active closed`]);
    }
  });

  it("is over when bob's side has forgotten it", () => {
    const bed = new Bed();
    watched(bed);
    bed.restart();
    bed.linkUp();
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.outcome("NOTIFY", 481);
    expect([bed.translator.size, bed.liveDialogs, bed.kept.dialog.size]).toEqual([0, [], 0]);
  });

  it("still waits for her word, which may have been lost: her server is asked again", () => {
    const bed = new Bed();
    subscribe(bed, { expires: 7200 });
    bed.outcome("NOTIFY", 200);
    bed.restart(100_000);
    bed.out();
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp bob>alice subscribe"]);
    subscribe(bed, { dialog: "d1", expires: 7200 });
    expect(bed.out()).toEqual([expect.stringMatching(/^200 /), "NOTIFY d1 pending"]);
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.presence(undefined, "", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
  });

  it("stays refused: bob is told closed, and nothing she sends shows", () => {
    const bed = new Bed();
    watched(bed);
    bed.presence("unsubscribed");
    bed.outcome("NOTIFY", 200);
    bed.restart();
    expect(bed.out().at(-1)).toBe("NOTIFY d1 active closed");
    bed.outcome("NOTIFY", 200);
    bed.linkUp();
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
  });

  it("has lapsed while we were down: the next one is not shown what was true then", () => {
    const bed = new Bed();
    watched(bed, "<show>away</show>");
    watching(bed);
    bed.restart(3_600_000);
    bed.linkUp();
    bed.out();
    subscribe(bed);
    expect(bed.out()).toEqual([expect.stringMatching(/^200 /), "xmpp bob>alice probe", "NOTIFY d4 pending"]);
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`);
    bed.advance(5_000);
    expect(bed.out().at(-1)).toMatch(/^NOTIFY \S+ active open busy$/);
  });

  it("has lapsed while we were down: nothing is left of it", () => {
    const bed = new Bed();
    watched(bed);
    bed.restart(3_700_000);
    expect([bed.translator.size, bed.liveDialogs, bed.kept.dialog.size]).toEqual([0, [], 0]);
  });
});

describe("after a kill, alice's watch of bob", () => {
  const again = "SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200";

  it("goes on in its dialog: refreshed at once, probes answered meanwhile, and the news told", () => {
    const bed = new Bed();
    const dialog = watching(bed, pidf(tuple("open", "away")));
    bed.restart(30_000);
    expect(bed.out()).toEqual([`SUBSCRIBE ${dialog} expires=7200`]);
    bed.linkUp();
    bed.presence("probe", "", `${ALICE}/desk`, undefined, "p");
    expect(bed.out()).toEqual(["xmpp bob/sip>alice/desk available away"]);
    bed.outcome("SUBSCRIBE", 200);
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open", "busy")));
    expect(xmpp(bed)).toEqual(['xmpp bob/sip>alice available away "Busy"']);
  });

  it("is told again what she may have missed, though it is the same", () => {
    const bed = new Bed();
    const dialog = watching(bed, pidf(tuple("open", "away")));
    bed.restart();
    bed.linkUp();
    bed.outcome("SUBSCRIBE", 200);
    bed.out();
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open", "away")));
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open", "away")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available away"]);
  });

  it("gets a new dialog when bob's side has forgotten the old one, and no `subscribed` twice", () => {
    const bed = new Bed();
    watching(bed);
    bed.restart();
    bed.linkUp();
    bed.out();
    bed.outcome("SUBSCRIBE", 481);
    bed.advance(0);
    expect(bed.out()).toEqual([again]);
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available"]);
  });

  it("gets a new dialog where the old one has lapsed meanwhile", () => {
    const bed = new Bed();
    watching(bed);
    bed.restart(8_000_000);
    expect(bed.out()).toEqual([again]);
    expect(bed.liveDialogs).toEqual([]);
  });

  it("is shown as gone, with the reason, where bob's side is out of reach for a minute, and comes back", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.restart();
    bed.linkUp();
    bed.outcome("SUBSCRIBE", "unreachable");
    bed.advance(29_000);
    expect(xmpp(bed)).toEqual([]);
    bed.advance(31_000);
    if (bed.pending.length > 0) bed.outcome("SUBSCRIBE", "unreachable");
    expect(xmpp(bed)).toEqual([
      'xmpp bob/sip>alice unavailable "contoso.example cannot be reached at the moment."',
    ]);
    bed.partnerBack();
    bed.out();
    bed.outcome("SUBSCRIBE", 200);
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available"]);
  });

  it("still waits for bob's word; when it comes she hears `subscribed`", () => {
    const bed = new Bed();
    bed.presence("subscribe", "", ALICE, undefined, "ask");
    const dialog = bed.outcome("SUBSCRIBE", 202)!;
    notify(bed, dialog, "pending;expires=7200");
    bed.restart();
    bed.linkUp();
    bed.outcome("SUBSCRIBE", 200);
    bed.out();
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
  });

  it("stays refused for a day, and what she took back stays so", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.outcome("SUBSCRIBE", 403);
    bed.restart();
    bed.linkUp();
    bed.out();
    bed.presence("probe");
    expect(bed.out()).toEqual(["xmpp bob>alice unsubscribed"]);
    const other = new Bed();
    watching(other);
    other.presence("unsubscribe");
    other.restart();
    other.linkUp();
    other.advance(60_000);
    expect(other.translator.size).toBe(0);
  });
});

describe("very many watches", () => {
  it("are taken up again 4,000 a second, and so are probes", () => {
    const bed = new Bed();
    for (let i = 0; i < 1000; i++) {
      bed.presence("subscribe", "", `user${i}@example.com`);
      notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open")));
    }
    bed.out();
    bed.restart();
    const begun = () => bed.out().filter((line) => line.startsWith("SUBSCRIBE")).length;
    expect(begun()).toBe(200);
    bed.advance(49);
    expect(begun()).toBe(0);
    bed.advance(1);
    expect(begun()).toBe(200);
    bed.advance(150);
    expect(begun()).toBe(600);
  });

  it("of a partner that no longer exists are dropped", () => {
    const bed = new Bed();
    watching(bed);
    for (const records of Object.values(bed.kept)) {
      for (const [key, kept] of records) {
        if (kept.what !== "rule" && kept.what !== "publication")
          records.set(key, { ...kept, pair: { ...kept.pair, partner: "gone.example" } });
      }
    }
    bed.restart();
    expect([bed.translator.size, bed.liveDialogs, bed.out()]).toEqual([0, [], []]);
  });
});
