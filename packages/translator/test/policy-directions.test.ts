import { describe, expect, it } from "vitest";
import { Bed } from "./bed.ts";
import { offer, plain } from "./talk.ts";
import { pidf, subscribe, tuple } from "./watches.ts";

/** A user of an XMPP domain that is not ours. */
const EVE = "eve@x.example";
const BOB = "bob@contoso.example";
const CAROL = "carol@simple.example";

function bedFor(direction: "in" | "out" | "both", isException = true): Bed {
  const exceptions = [{ domain: "x.example", direction }];
  return new Bed({ xmppPolicy: { default: isException ? "deny" : "allow", exceptions } });
}

const denials = (bed: Bed) =>
  bed.observations.flatMap((seen) =>
    seen.what === "decision" && seen.decision === "deny" ? [seen.reason] : [],
  );

/** carol, whose system takes single messages, writes to eve. */
function page(bed: Bed, text = "hi"): string {
  return bed.request("MESSAGE", {
    from: `sip:${CAROL}`,
    to: `sip:${EVE}`,
    partner: "simple.example",
    body: plain(text),
  });
}

/** bob opens a session with eve and writes. */
function call(bed: Bed): string {
  bed.linkUp();
  const dialog = `d${bed.request("INVITE", { to: `sip:${EVE}`, body: offer() }).slice(1)}`;
  bed.confirm(dialog);
  bed.request("MESSAGE", { dialog, to: `sip:${EVE}`, body: plain("hi") });
  bed.taken();
  bed.out();
  return dialog;
}

describe("an exception for in: SIP users begin", () => {
  it("a watch: the question goes over, and so do the answer and the presence", () => {
    const bed = bedFor("in");
    subscribe(bed, { to: `sip:${EVE}` });
    bed.outcome("NOTIFY", 200);
    expect(bed.out()).toContain("xmpp bob>eve@x.example subscribe");
    bed.presence("subscribed", "", EVE);
    bed.presence(undefined, "<show>away</show>", `${EVE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active open away"]);
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.presence("unavailable", "", `${EVE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active closed"]);
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.presence("unsubscribed", "", EVE);
    expect(denials(bed)).toEqual([]);
  });

  it("a watch that is refused, or meets an error: it is as with our own users", () => {
    const bed = bedFor("in");
    subscribe(bed, { to: `sip:${EVE}` });
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence("unsubscribed", "", EVE);
    expect(bed.out()).toEqual(["NOTIFY d1 active closed"]);
  });

  it("a session: replies, receipts and typing go back in it, and a text after it does not", () => {
    const bed = bedFor("in");
    const dialog = call(bed);
    bed.chatState("composing", `${EVE}/desk`);
    bed.chat("hello", { from: `${EVE}/desk` });
    expect(bed.out().at(-1)).toBe(`MESSAGE ${dialog} "hello"`);
    bed.outcome("MESSAGE", 200, { dialog });
    bed.request("BYE", { dialog, to: `sip:${EVE}` });
    bed.out();
    bed.chat("still there?", { from: `${EVE}/desk`, id: "late" });
    expect(bed.out()).toEqual(["xmpp bob>eve@x.example/desk error late cancel not-allowed"]);
    expect(denials(bed)).toEqual(["xmpp-domain"]);
  });

  it("a text of its own: answers go back for as long as the conversation lasts", () => {
    const bed = bedFor("in");
    const ref = page(bed);
    bed.taken();
    expect(bed.answerTo(ref)?.status).toBe(202);
    bed.chat("hello", { from: `${EVE}/desk`, to: CAROL });
    bed.out();
    bed.outcome("MESSAGE", 202);
    bed.advance(3_600_000);
    bed.chat("and?", { from: `${EVE}/desk`, to: CAROL, id: "late" });
    expect(bed.out()).toEqual(["xmpp carol@simple.example>eve@x.example/desk error late cancel not-allowed"]);
  });

  it("an error stanza for what they wrote reaches them", () => {
    const bed = bedFor("in");
    const ref = page(bed);
    bed.returns("item-not-found");
    expect(bed.answerTo(ref)?.status).toBe(404);
  });

  it("nothing else may begin there", () => {
    const bed = bedFor("in");
    bed.chat("hi", { from: `${EVE}/desk`, id: "m" });
    bed.presence("subscribe", "", EVE, BOB, "s");
    bed.presence("probe", "", `${EVE}/desk`);
    bed.presence("unsubscribe", "", EVE);
    expect(bed.out()).toEqual([
      "xmpp bob>eve@x.example/desk error m cancel not-allowed",
      "xmpp bob>eve@x.example error s cancel not-allowed",
    ]);
    expect(bed.translator.size).toBe(0);
  });

  it("a watch of theirs does not let the user watch back, or write first", () => {
    const bed = bedFor("in");
    subscribe(bed, { to: `sip:${EVE}` });
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed", "", EVE);
    bed.out();
    bed.presence("subscribe", "", EVE, BOB, "s");
    bed.chat("hi", { from: `${EVE}/desk`, id: "m" });
    expect(bed.out()).toEqual([
      "xmpp bob>eve@x.example error s cancel not-allowed",
      "xmpp bob>eve@x.example/desk error m cancel not-allowed",
    ]);
  });
});

describe("an exception for out: users of the XMPP domain begin", () => {
  it("a watch: the answer and the presence go back", () => {
    const bed = bedFor("out");
    bed.presence("subscribe", "", EVE, undefined, "ask");
    const dialog = bed.outcome("SUBSCRIBE", 200, { headers: [["Expires", "7200"]] })!;
    bed.request("NOTIFY", {
      dialog,
      to: `sip:${EVE}`,
      body: pidf(tuple("open")),
      headers: [
        ["Event", "presence"],
        ["Subscription-State", "active"],
      ],
    });
    expect(bed.out().filter((line) => line.startsWith("xmpp"))).toEqual([
      "xmpp bob>eve@x.example subscribed",
      "xmpp bob/sip>eve@x.example available",
    ]);
    expect(denials(bed)).toEqual([]);
  });

  it("a session: what the SIP user writes in it goes back", () => {
    const bed = bedFor("out");
    bed.chat("hi", { from: `${EVE}/desk` });
    const dialog = bed.outcome("INVITE", 200)!;
    bed.outcome("MESSAGE", 200);
    bed.out();
    bed.request("MESSAGE", { dialog, to: `sip:${EVE}`, body: plain("hello") });
    expect(bed.out()).toEqual(['xmpp bob/sip>eve@x.example/desk chat "hello"']);
  });

  it("a text of its own: the SIP user's answer goes back, one out of nowhere does not", () => {
    const bed = bedFor("out");
    expect(bed.answerTo(page(bed))?.status).toBe(404);
    bed.chat("hi", { from: `${EVE}/desk`, to: CAROL });
    bed.outcome("MESSAGE", 202);
    bed.out();
    page(bed, "hello");
    expect(bed.out()).toEqual(['xmpp carol@simple.example/sip>eve@x.example/desk chat "hello"']);
    bed.taken();
    bed.advance(3_600_000);
    expect(bed.answerTo(page(bed, "and?"))?.status).toBe(404);
  });

  it.each(["SUBSCRIBE", "INVITE", "MESSAGE"])(
    "a %s of theirs is answered 404, with a watch of hers, too",
    (method) => {
      const bed = bedFor("out");
      bed.linkUp();
      bed.presence("subscribe", "", EVE);
      bed.outcome("SUBSCRIBE", 200);
      const ref = bed.request(method, { to: `sip:${EVE}`, body: offer(), headers: [["Event", "presence"]] });
      expect(bed.answerTo(ref)?.status).toBe(404);
    },
  );
});

describe("where all is allowed but one direction", () => {
  it.each([
    ["in", 404, true],
    ["out", 200, false],
    ["both", 404, false],
  ] as const)("an exception for %s: SIP users get %d, her texts go: %s", (direction, status, goes) => {
    const bed = bedFor(direction, false);
    const ref = bed.request("SUBSCRIBE", { to: `sip:${EVE}`, headers: [["Event", "presence"]] });
    expect(bed.answerTo(ref)?.status).toBe(status);
    bed.out();
    bed.chat("hi", { from: `${EVE}/desk` });
    expect(bed.out()[0]?.startsWith("INVITE")).toBe(goes);
  });
});
