import { describe, expect, it } from "vitest";
import { ALICE, Bed, inFlight } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { bytes, called, calling, INVITE, offer, plain, rest, typing, xmpp } from "./talk.ts";

describe("typing", () => {
  it("by bob: composing once, paused when he stops, when he is silent, and not when his text comes", () => {
    const bed = new Bed();
    const dialog = called(bed);
    const info = (status: string) => bed.request("INFO", { dialog, body: typing(status) });
    info("type");
    info("type");
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice chat composing"]);
    info("idle");
    info("idle");
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice chat paused"]);
    info("type");
    bed.advance(11_999);
    info("type");
    bed.advance(11_999);
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice chat composing"]);
    bed.advance(1);
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice chat paused"]);
    info("type");
    bed.request("MESSAGE", { dialog, body: plain("done") });
    bed.taken();
    bed.advance(60_000);
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice chat composing", 'xmpp bob/sip>alice chat "done"']);
  });

  it("by bob in the other form, as a MESSAGE: no text, and it lasts as long as it says", () => {
    const bed = new Bed();
    const dialog = called(bed);
    const xml =
      '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state><refresh>90</refresh></isComposing>';
    const ref = bed.request("MESSAGE", {
      dialog,
      body: { type: "application/im-iscomposing+xml", bytes: bytes(xml) },
    });
    expect(bed.out()).toEqual(["xmpp bob/sip>alice chat composing", `200 ${ref}`]);
    bed.advance(89_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual(["xmpp bob/sip>alice chat paused"]);
  });

  it("by bob is not told to a client that does not tell", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chat("no states here");
    bed.out();
    bed.request("INFO", { dialog, body: typing("type") });
    expect(xmpp(bed)).toEqual([]);
  });

  it("by alice: told once, again every 5 s while it is true, and that she has stopped", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chatState("composing");
    bed.chatState("composing");
    expect(bed.out()).toEqual([`INFO ${dialog} typing`]);
    bed.advance(10_000);
    expect(bed.out()).toEqual([`INFO ${dialog} typing`, `INFO ${dialog} typing`]);
    bed.chatState("paused");
    bed.chatState("active");
    bed.advance(60_000);
    expect(bed.out()).toEqual([`INFO ${dialog} idle`]);
  });

  it("by alice is not repeated for ever, and her text ends it", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chatState("composing");
    bed.advance(600_000);
    const lines = bed.out();
    expect(lines).toHaveLength(25);
    expect(lines.at(-1)).toBe(`INFO ${dialog} idle`);
    bed.chatState("composing");
    bed.chat("hi");
    bed.out();
    bed.outcome("MESSAGE", 200);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
  });

  it("by alice makes no session, and none where bob's side does not take it", () => {
    const bed = new Bed();
    bed.chatState("composing");
    expect(bed.out()).toEqual([]);
    const dialog = called(bed);
    bed.chatState("composing");
    bed.outcome("INFO", 415, { dialog });
    bed.chatState("paused");
    bed.chatState("composing");
    bed.advance(60_000);
    expect(bed.out()).toEqual([`INFO ${dialog} typing`]);
  });

  it("that meets 481 ends the session; the next text opens a new one", () => {
    const bed = new Bed();
    called(bed);
    bed.chatState("composing");
    bed.outcome("INFO", 481);
    bed.out();
    bed.chat("hi");
    expect(bed.out()).toEqual([INVITE]);
  });
});

describe("the session's end", () => {
  it("after ten minutes of silence, and not before", () => {
    const bed = new Bed();
    const dialog = calling(bed);
    bed.advance(599_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual([`BYE ${dialog}`]);
    bed.chat("again");
    expect(bed.out()).toEqual([]);
    bed.outcome("BYE", "timeout");
    expect(bed.out()).toEqual([INVITE]);
  });

  it("of two, of ours that nobody uses, after two minutes; theirs is theirs to end", () => {
    const bed = new Bed();
    bed.chat("hi");
    const theirs = `d${bed.request("INVITE", { body: offer() }).slice(1)}`;
    bed.confirm(theirs);
    bed.outcome("MESSAGE", 200);
    const ours = bed.outcome("INVITE", 200)!;
    bed.out();
    bed.advance(60_000);
    bed.chat("hi");
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([`MESSAGE ${theirs} "hi"`]);
    bed.advance(59_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual([`BYE ${ours}`]);
    bed.outcome("BYE", 200);
    bed.advance(479_999);
    expect(bed.out()).toEqual([]);
  });

  it("of two, where ours is the one in use: theirs is left to them", () => {
    const bed = new Bed();
    bed.chat("hi");
    const theirs = `d${bed.request("INVITE", { body: offer() }).slice(1)}`;
    bed.outcome("INVITE", 200);
    bed.outcome("MESSAGE", 200);
    bed.confirm(theirs);
    bed.out();
    bed.advance(599_999);
    expect(bed.out()).toEqual([]);
  });

  it("by bob: alice's client hears it where it uses chat states", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chatState("active");
    const ref = bed.request("BYE", { dialog });
    expect(bed.out()).toEqual([`200 ${ref}`, "xmpp bob/sip>alice/desk chat gone"]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("by bob: else nothing, but he types no more", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.request("INFO", { dialog, body: typing("type") });
    bed.out();
    bed.request("BYE", { dialog });
    expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice chat paused"]);
  });

  it("by alice's gone: BYE, unless something is on its way", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chat("bye then");
    bed.chatState("gone");
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "bye then"`]);
    bed.outcome("MESSAGE", 200);
    bed.chatState("gone");
    expect(bed.out()).toEqual([`BYE ${dialog}`]);
    bed.outcome("BYE", 200);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("is counted: one session more, one less", () => {
    const bed = new Bed();
    const dialog = calling(bed);
    bed.request("BYE", { dialog });
    const changes = bed.observations.flatMap((seen) => (seen.what === "session" ? [seen.change] : []));
    expect(changes).toEqual([1, -1]);
  });
});

describe("the program goes down", () => {
  it("closes idle sessions and lets what was accepted go first; nothing new is taken", () => {
    const bed = new Bed();
    const idle = called(bed);
    bed.chat("one", { to: "carol@contoso.example" });
    bed.chat("two", { to: "carol@contoso.example" });
    bed.chat("calling", { to: "dave@contoso.example" });
    bed.out();
    bed.drain();
    expect(bed.out()).toEqual([`BYE ${idle}`]);
    bed.chat("late", { id: "late", to: "carol@contoso.example" });
    bed.chat("later", { id: "later", to: "frank@contoso.example" });
    expect(bed.out()).toEqual([
      "xmpp carol>alice/desk error late wait resource-constraint",
      "xmpp frank>alice/desk error later wait resource-constraint",
    ]);
    bed.chatState("composing", `${ALICE}/desk`, "frank@contoso.example");
    expect(bed.out()).toEqual([]);
    const dialog = bed.outcome("INVITE", 200)!;
    bed.outcome("MESSAGE", 200);
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "one"`, `MESSAGE ${dialog} "two"`, `BYE ${dialog}`]);
    bed.outcome("INVITE", 486);
    bed.outcome("BYE", 200);
    bed.outcome("BYE", 200);
    expect(rest(bed)).toEqual([0, 0, 0]);
    for (const method of ["INVITE", "MESSAGE", "SUBSCRIBE"]) {
      const ref = bed.request(method, { body: plain("x") });
      expect(bed.answerTo(ref)?.status).toBe(480);
      expect(headerOf(bed.answerTo(ref)?.headers, "Retry-After")).toBe("30");
    }
  });

  it("while bob's call is being confirmed: BYE when it may be sent", () => {
    const bed = new Bed();
    bed.request("INVITE", { body: offer() });
    bed.drain();
    expect(bed.out()).toEqual(["200 r1"]);
    bed.confirm("d1");
    expect(bed.out()).toEqual(["BYE d1"]);
  });
});

it("a pair that was forgotten and made anew is not lost when a late error finds its forerunner", () => {
  const bed = new Bed();
  const old = called(bed);
  bed.request("MESSAGE", { dialog: old, body: plain("hello") });
  const id = bed.lastStanza!.attrs.id!;
  bed.taken();
  bed.request("BYE", { dialog: old });
  expect(bed.translator.size).toBe(0);
  const fresh = called(bed);
  bed.returns("gone", { id, from: ALICE, to: "bob@contoso.example/sip" });
  expect(bed.account("sip_to_xmpp").returned).toBe(1);
  bed.out();
  bed.chat("hi");
  expect(bed.out()).toEqual([`MESSAGE ${fresh} "hi"`]);
  expect(inFlight(bed.account("xmpp_to_sip"))).toBe(1);
});
