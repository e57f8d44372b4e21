import { describe, expect, it } from "vitest";
import { Bed } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { calling, figures, INVITE, plain, rest } from "./talk.ts";

describe("alice writes to bob", () => {
  it("ten times: one INVITE, ten MESSAGEs in order, one at a time; his reply comes in the same session", () => {
    const bed = new Bed();
    for (let i = 0; i < 10; i++) bed.chat(`text ${i}`);
    expect(bed.out()).toEqual([INVITE]);
    const dialog = bed.outcome("INVITE", 200)!;
    for (let i = 0; i < 10; i++) {
      expect(bed.out()).toEqual([`MESSAGE ${dialog} "text ${i}"`]);
      bed.advance(100);
      bed.outcome("MESSAGE", 200);
    }
    const ref = bed.request("MESSAGE", { dialog, body: plain("hello") });
    expect(bed.out()).toEqual(['xmpp bob/sip>alice/desk chat "hello"']);
    bed.taken();
    expect(bed.out()).toEqual([`200 ${ref}`]);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 10, delivered: 10, bounced: 0, expired: 0 });
    const took = bed.observations.flatMap((seen) =>
      seen.what === "im" && seen.took !== undefined ? [seen.took] : [],
    );
    expect(took).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 0]);
  });

  it("as an offer of a message line, under a conversation id that is new each time", () => {
    const bed = new Bed();
    const ids = new Set<string | undefined>();
    for (let i = 0; i < 2; i++) {
      bed.chat("hi");
      expect(new TextDecoder().decode(bed.lastBody)).toContain(
        "m=message 5060 sip null\r\na=accept-types:text/plain multipart/alternative text/html text/rtf\r\n",
      );
      ids.add(headerOf(bed.lastOpen?.headers, "Ms-Conversation-ID"));
      bed.outcome("INVITE", 486);
    }
    expect(ids.size).toBe(2);
    expect(ids.has(undefined)).toBe(false);
  });

  it.each([
    ["", "a"],
    ["normal", "b"],
    ["foo", "c"],
    ["chat", "<b>&amp; \u{1f600}\nsecond line"],
  ])("with type %j: %j goes over as it is", (type, text) => {
    const bed = new Bed();
    bed.chat(text, { type });
    const dialog = bed.outcome("INVITE", 200)!;
    expect(bed.out().at(-1)).toBe(`MESSAGE ${dialog} ${JSON.stringify(text)}`);
    expect(new TextDecoder().decode(bed.lastBody)).toBe(text.replace("\n", "\r\n"));
  });

  it.each([
    [403, "auth forbidden"],
    [404, "cancel service-unavailable"],
    [480, "cancel service-unavailable"],
    [486, "cancel service-unavailable"],
    [488, "modify not-acceptable"],
    [500, "cancel internal-server-error"],
    [600, "cancel service-unavailable"],
    [603, "cancel service-unavailable"],
    [606, "modify not-acceptable"],
    ["timeout", "wait remote-server-timeout"],
    ["unreachable", "wait remote-server-timeout"],
  ] as const)("and bob's side says %s: each text comes back with its own id", (result, error) => {
    const bed = new Bed();
    bed.chat("one", { id: "m1" });
    bed.chat("two", { id: "m2" });
    bed.out();
    bed.outcome("INVITE", result);
    expect(bed.out()).toEqual([
      `xmpp bob>alice/desk error m1 ${error}`,
      `xmpp bob>alice/desk error m2 ${error}`,
    ]);
    expect(bed.lastStanza?.getChild("error")?.getChildText("text")).toMatch(/[a-z]+.*\.$/);
    expect(rest(bed)).toEqual([0, 0, 0]);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 2, delivered: 0, bounced: 2, expired: 0 });
  });

  it("and may hear more when bob lets her see him", () => {
    const bed = new Bed();
    bed.presence("subscribe");
    const dialog = bed.outcome("SUBSCRIBE", 200)!;
    bed.request("NOTIFY", { dialog, headers: [["Subscription-State", "active"]] });
    bed.chat("one", { id: "m1" });
    bed.out();
    bed.outcome("INVITE", 480);
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error m1 wait recipient-unavailable"]);
  });

  it("and nobody answers for a minute: CANCEL, and her texts come back; later ones try anew", () => {
    const bed = new Bed();
    bed.chat("one", { id: "m1" });
    bed.out();
    bed.advance(59_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual(["CANCEL", "xmpp bob>alice/desk error m1 wait remote-server-timeout"]);
    bed.chat("two", { id: "m2" });
    expect(bed.out()).toEqual([]);
    bed.outcome("INVITE", 487);
    expect(bed.out()).toEqual([INVITE]);
  });

  it("and the answer crosses the CANCEL: the session is used where there is something to say, else ended", () => {
    for (const more of [true, false]) {
      const bed = new Bed();
      bed.chat("one");
      bed.advance(60_000);
      if (more) bed.chat("two");
      bed.out();
      const dialog = bed.outcome("INVITE", 200)!;
      expect(bed.out()).toEqual([more ? `MESSAGE ${dialog} "two"` : `BYE ${dialog}`]);
    }
  });

  it("in a session that bob's side has forgotten: one new session, one more try, then it comes back", () => {
    const bed = new Bed();
    calling(bed);
    bed.chat("two", { id: "m2" });
    bed.chat("three", { id: "m3" });
    bed.out();
    bed.outcome("MESSAGE", 481);
    expect(bed.out()).toEqual([INVITE]);
    const second = bed.outcome("INVITE", 200)!;
    expect(bed.out()).toEqual([`MESSAGE ${second} "two"`]);
    bed.outcome("MESSAGE", 481);
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error m2 cancel service-unavailable", INVITE]);
    const third = bed.outcome("INVITE", 200)!;
    expect(bed.out()).toEqual([`MESSAGE ${third} "three"`]);
  });

  it.each(["timeout", "unreachable", 408, 480] as const)(
    "and a MESSAGE meets %s: it may be there, so it comes back and is not sent twice; the next goes by a new session",
    (result) => {
      const bed = new Bed();
      const dialog = calling(bed);
      bed.chat("two", { id: "m2" });
      bed.chat("three", { id: "m3" });
      bed.out();
      bed.outcome("MESSAGE", result);
      const lines = bed.out();
      expect(lines[0]).toBe(`BYE ${dialog}`);
      expect(lines[1]).toContain("xmpp bob>alice/desk error m2 ");
      expect(lines[2]).toBe(INVITE);
    },
  );

  it.each([415, 413, 500, 403, 606])(
    "and a MESSAGE meets %d: only that one comes back, the session goes on",
    (status) => {
      const bed = new Bed();
      const dialog = calling(bed);
      bed.chat("two", { id: "m2" });
      bed.chat("three", { id: "m3" });
      bed.out();
      bed.outcome("MESSAGE", status);
      expect(bed.out()).toEqual([expect.stringContaining("error m2 "), `MESSAGE ${dialog} "three"`]);
    },
  );

  it("while bob hangs up: what he did not get goes by a new session, in order", () => {
    const bed = new Bed();
    const dialog = calling(bed);
    bed.chat("two");
    bed.chat("three");
    bed.out();
    const bye = bed.request("BYE", { dialog });
    expect(bed.out()).toEqual([`200 ${bye}`]);
    bed.outcome("MESSAGE", 487);
    expect(bed.out()).toEqual([INVITE]);
    const second = bed.outcome("INVITE", 200)!;
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([`MESSAGE ${second} "two"`, `MESSAGE ${second} "three"`]);
  });

  it("50 texts ahead of the session, and not 51", () => {
    const bed = new Bed();
    for (let i = 0; i < 50; i++) bed.chat("x");
    expect(bed.out()).toEqual([INVITE]);
    bed.chat("one too many", { id: "m51" });
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error m51 wait resource-constraint"]);
    expect(figures(bed, "xmpp_to_sip").accepted).toBe(50);
  });

  it("8000 bytes in one text, and not 8001", () => {
    const bed = new Bed();
    bed.chat("\u00fc".repeat(4000));
    expect(bed.out()).toEqual([INVITE]);
    bed.chat(`${"\u00fc".repeat(4000)}x`, { id: "long" });
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error long modify policy-violation"]);
  });

  it("and waits two minutes at most", () => {
    const bed = new Bed();
    const dialog = calling(bed);
    // The answers to these come late, so the last waits behind them.
    for (let i = 0; i < 4; i++) bed.chat(`slow ${i}`);
    bed.chat("last", { id: "last" });
    for (let i = 0; i < 4; i++) {
      bed.advance(31_000);
      if (i < 3) bed.outcome("MESSAGE", 200);
    }
    const lines = bed.out();
    expect(lines).toContain(`MESSAGE ${dialog} "slow 3"`);
    expect(lines.at(-1)).toBe("xmpp bob>alice/desk error last wait remote-server-timeout");
    expect(figures(bed, "xmpp_to_sip")).toMatchObject({ accepted: 6, expired: 1 });
  });
});
