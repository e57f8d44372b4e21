import { describe, expect, it } from "vitest";
import { ALICE, Bed } from "./bed.ts";
import { xmpp } from "./talk.ts";
import { notify, pidf, tuple, watching } from "./watches.ts";

describe("bob's side refuses", () => {
  it.each([403, 489, 603])("%d: unsubscribed", (status) => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.out();
    bed.outcome("SUBSCRIBE", status);
    expect(bed.out()).toEqual(["xmpp bob>alice unsubscribed"]);
    bed.advance(3_600_000);
    expect(bed.out()).toEqual([]);
  });

  it("by a NOTIFY, after alice saw him: unavailable, then unsubscribed", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    notify(bed, dialog, "terminated;reason=rejected");
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable", "xmpp bob>alice unsubscribed"]);
    expect(bed.liveDialogs).toEqual([]);
  });

  it("by the answer to a refresh, likewise", () => {
    const bed = new Bed();
    watching(bed);
    bed.advance(7_000_000);
    bed.out();
    bed.outcome("SUBSCRIBE", 403);
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable", "xmpp bob>alice unsubscribed"]);
  });

  it("before the answer: the 200 that follows is of no use", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    notify(bed, "early", "terminated;reason=rejected", undefined, { opening: bed.refOf("SUBSCRIBE") });
    expect(xmpp(bed)).toEqual(["xmpp bob>alice unsubscribed"]);
    bed.outcome("SUBSCRIBE", 200);
    bed.advance(60_000);
    expect(xmpp(bed)).toEqual([]);
    expect([bed.liveDialogs, bed.translator.underWay]).toEqual([[], 0]);
  });

  it("and a new ask asks anew", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.outcome("SUBSCRIBE", 603);
    bed.out();
    bed.presence("subscribe");
    expect(bed.out()).toEqual(["SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200"]);
  });

  it("pending again after active: he is gone, and still no unsubscribed", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    notify(bed, dialog, "pending;expires=7000");
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable"]);
    notify(bed, dialog, "active;expires=7000", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available"]);
  });
});

describe("the dialog is lost", () => {
  const again = "SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200";

  it.each([481, 404, 480])("%d to a refresh: a new one at once, and alice sees no gap", (status) => {
    const bed = new Bed();
    watching(bed, pidf(tuple("open", "away")));
    bed.advance(7_000_000);
    bed.out();
    bed.outcome("SUBSCRIBE", status);
    bed.advance(0);
    expect(bed.out()).toEqual([again]);
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open", "away")));
    bed.advance(120_000);
    expect(xmpp(bed)).toEqual([]);
  });

  it("and not replaced within a minute: she sees him go, and hears why", () => {
    const bed = new Bed();
    watching(bed);
    bed.advance(7_000_000);
    bed.outcome("SUBSCRIBE", 481);
    bed.out();
    bed.advance(59_999);
    expect(xmpp(bed)).toEqual([]);
    bed.advance(1);
    expect(xmpp(bed)).toEqual([
      'xmpp bob/sip>alice unavailable "contoso.example cannot be reached at the moment."',
    ]);
  });

  it("terminated in passing: the answer to the refresh that crossed it is not a second end", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.advance(7_000_000);
    const refresh = bed.refOf("SUBSCRIBE");
    notify(bed, dialog, "terminated;reason=deactivated");
    bed.advance(0);
    bed.out();
    expect(bed.pending).toEqual(["SUBSCRIBE", "SUBSCRIBE"]);
    bed.outcome("SUBSCRIBE", 481, { ref: refresh });
    bed.advance(1000);
    expect(bed.out()).toEqual([]);
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open", "away")));
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available away"]);
  });

  it("with all others by the engine: new ones, spread over 10 s", () => {
    const bed = new Bed();
    const dialogs: string[] = [];
    for (let i = 0; i < 40; i++) {
      bed.presence("subscribe", "", `user${i}@example.com`);
      const dialog = bed.outcome("SUBSCRIBE", 200)!;
      notify(bed, dialog, "active", pidf(tuple("open")));
      dialogs.push(dialog);
    }
    bed.out();
    bed.event({ kind: "dialogs-lost", dialogs });
    bed.advance(2000);
    const early = bed.out().length;
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(20);
    bed.advance(8000);
    expect(early + bed.out().length).toBe(40);
  });

  it.each([500, 503, "timeout", "unreachable"] as const)(
    "%s to the first one: tried again later and later, never unsubscribed",
    (result) => {
      const bed = new Bed();
      bed.presence("subscribe", "", ALICE, undefined, "ask");
      bed.out();
      const lines: string[] = [];
      for (let i = 0; i < 8; i++) {
        bed.outcome("SUBSCRIBE", result);
        const before = bed.now;
        while (bed.pending.length === 0) bed.advance(1000);
        const pause = bed.now - before;
        expect(pause).toBeGreaterThanOrEqual(Math.min(3_600_000, 30_000 * 2 ** i) * 0.75 - 1000);
        expect(pause).toBeLessThanOrEqual(Math.min(3_600_000, 30_000 * 2 ** i) * 1.25 + 1000);
        lines.push(...xmpp(bed));
      }
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /^xmpp bob>alice error ask (wait remote-server-timeout|cancel internal-server-error)$/,
      );
    },
  );

  it("unknown user: said once, in words that do not tell, and asked again when she asks again", () => {
    const bed = new Bed();
    bed.presence("subscribe", "", ALICE, undefined, "ask");
    bed.outcome("SUBSCRIBE", 404);
    expect(xmpp(bed)).toEqual(["xmpp bob>alice error ask cancel service-unavailable"]);
    bed.advance(3_600_000);
    expect(bed.out()).toEqual([]);
    bed.presence("subscribe", "", ALICE, undefined, "ask2");
    expect(bed.out()).toEqual([again]);
  });

  it("no NOTIFY follows the 200: tried again, and after the third time alice hears why", () => {
    const bed = new Bed();
    bed.presence("subscribe", "", ALICE, undefined, "ask");
    for (let i = 0; i < 3; i++) {
      while (!bed.pending.includes("SUBSCRIBE")) bed.advance(1000);
      bed.outcome("SUBSCRIBE", 200);
      bed.advance(32_000);
    }
    expect(xmpp(bed)).toEqual(["xmpp bob>alice error ask wait remote-server-timeout"]);
    expect(bed.liveDialogs).toEqual([]);
  });

  it("423: asks for longer", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.out();
    bed.outcome("SUBSCRIBE", 423, { headers: [["Min-Expires", "10000"]] });
    expect(bed.out()).toEqual(["SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=10000"]);
  });

  it("probation: waits as long as it is told", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.advance(60_000);
    notify(bed, dialog, "terminated;reason=probation;retry-after=600");
    bed.out();
    bed.advance(599_000);
    expect(bed.out()).toEqual([
      'xmpp bob/sip>alice unavailable "contoso.example cannot be reached at the moment."',
    ]);
    bed.advance(1000);
    expect(bed.out()).toEqual([again]);
  });
});

describe("alice unsubscribes", () => {
  it("is confirmed at once, and bob's side is told", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.presence("unsubscribe");
    expect(bed.out()).toEqual([
      "xmpp bob/sip>alice unavailable",
      "xmpp bob>alice unsubscribed",
      `SUBSCRIBE ${dialog} expires=0`,
    ]);
    bed.outcome("SUBSCRIBE", 200);
    // It crosses what she said: answered, and nothing of it told.
    expect(notify(bed, dialog, "active;expires=10", pidf(tuple("open", "away")))).toBe(200);
    notify(bed, dialog, "terminated;reason=timeout", pidf(tuple("closed")));
    expect(xmpp(bed)).toEqual([]);
    expect([bed.translator.size, bed.translator.underWay, bed.liveDialogs]).toEqual([0, 0, []]);
  });

  it("before the first NOTIFY: the dialog that appears is ended", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    bed.presence("unsubscribe");
    expect(xmpp(bed)).toEqual(["xmpp bob>alice unsubscribed"]);
    const dialog = bed.outcome("SUBSCRIBE", 200)!;
    notify(bed, dialog, "active;expires=7200", pidf(tuple("open")));
    expect(bed.out()).toEqual(["200 r2", `SUBSCRIBE ${dialog} expires=0`]);
    bed.outcome("SUBSCRIBE", 481);
    expect([bed.translator.size, bed.translator.underWay, bed.liveDialogs]).toEqual([0, 0, []]);
  });

  it("and subscribes again before the end: a new dialog after it, and no late unsubscribed", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.presence("unsubscribe");
    bed.presence("subscribe");
    bed.out();
    bed.outcome("SUBSCRIBE", 200);
    notify(bed, dialog, "terminated;reason=timeout");
    bed.advance(0);
    expect(bed.out().at(-1)).toBe("SUBSCRIBE sip:alice@example.com > sip:bob@contoso.example expires=7200");
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open")));
    expect(xmpp(bed)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
  });

  it("while the engine loses the dialog, and asks anew: as if nothing had been", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.presence("unsubscribe");
    bed.event({ kind: "dialogs-lost", dialogs: [dialog] });
    bed.outcome("SUBSCRIBE", "unreachable");
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
    bed.presence("subscribe");
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active", pidf(tuple("open")));
    expect(xmpp(bed).slice(-2)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
  });

  it("and subscribes again while the engine loses the dialog: a refusal of the new one counts", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.presence("unsubscribe");
    bed.presence("subscribe");
    bed.event({ kind: "dialogs-lost", dialogs: [dialog] });
    bed.outcome("SUBSCRIBE", "unreachable");
    bed.advance(10_000);
    bed.out();
    bed.outcome("SUBSCRIBE", 403);
    bed.advance(60_000);
    expect(bed.out()).toEqual(["xmpp bob>alice unsubscribed"]);
  });

  it("from a try that waits, or from somebody unknown: nothing is left and nothing said to SIP", () => {
    const bed = new Bed();
    bed.presence("unsubscribe");
    expect(bed.out()).toEqual([]);
    bed.presence("subscribe");
    bed.outcome("SUBSCRIBE", 503);
    bed.out();
    bed.presence("unsubscribe");
    bed.advance(3_600_000);
    expect(bed.out()).toEqual(["xmpp bob>alice unsubscribed"]);
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
  });
});

describe("two watches between the same two", () => {
  it("do not answer each other, and bob's watch ends without hiding him from alice", () => {
    const bed = new Bed();
    watching(bed, pidf(tuple("open", "away")));
    const ref = bed.request("SUBSCRIBE", { headers: [["Event", "presence"]] });
    const dialog = `d${ref.slice(1)}`;
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.request("SUBSCRIBE", { dialog, headers: [["Expires", "0"]] });
    expect(xmpp(bed)).toEqual([]);
    bed.outcome("NOTIFY", 200);

    // Her consent is remembered, what she shows is not: it is asked for before bob is told anything.
    bed.request("SUBSCRIBE", { headers: [["Event", "presence"]] });
    expect(bed.out().slice(1)).toEqual([
      "xmpp bob>alice probe",
      expect.stringMatching(/^NOTIFY d\d+ pending$/),
    ]);
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`);
    expect(bed.out()).toEqual([expect.stringMatching(/^NOTIFY d\d+ active open busy$/)]);
  });
});

describe("the link comes back", () => {
  it("tells again what alice may have missed", () => {
    const bed = new Bed();
    const dialog = watching(bed, pidf(tuple("open", "away")));
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp bob/sip>alice available away"]);
    bed.advance(7_000_000);
    notify(bed, dialog, "terminated;reason=giveup");
    bed.advance(60_000);
    bed.out();
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp bob/sip>alice unavailable"]);
  });

  it("says nothing of who has not decided", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "pending");
    bed.out();
    bed.linkUp();
    expect(bed.out()).toEqual([]);
  });
});
