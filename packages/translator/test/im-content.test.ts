import { type HeaderFields, readCpim, readImdn } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { SHED_TYPING_AT } from "../src/im/arrivals.ts";
import { profileByName } from "../src/index.ts";
import { ALICE, Bed, PARTNER } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { bytes, called, calling, figures, INVITE, offer, plain, rest, typing, xmpp } from "./talk.ts";

/** 2020-09-13 12:26:40 UTC. */
const WALL = 1_600_000_000_000;
const RECEIPTS = "urn:xmpp:receipts";
const MARKERS = "urn:xmpp:chat-markers:0";

describe("a text that rides in bob's INVITE", () => {
  const headers: HeaderFields = [["ms-text-format", "text/plain; charset=UTF-8; ms-body=SGkgQWxpY2U="]];
  const invited = (bed: Bed) => {
    const dialog = `d${bed.request("INVITE", { body: offer(), headers }).slice(1)}`;
    expect(headerOf(bed.answerTo(`r${dialog.slice(1)}`)?.headers, "Supported")).toBeUndefined();
    bed.out();
    return dialog;
  };

  it("is left to the MESSAGE that brings it again", () => {
    const bed = new Bed();
    const dialog = invited(bed);
    bed.confirm(dialog);
    bed.advance(4_999);
    bed.request("MESSAGE", { dialog, body: plain("Hi Alice") });
    bed.advance(60_000);
    expect(xmpp(bed)).toEqual(['xmpp bob/sip>alice chat "Hi Alice"']);
  });

  it("is delivered once where none does within 5 s of the ACK, and its late repetition is not shown", () => {
    const bed = new Bed();
    const dialog = invited(bed);
    bed.advance(10_000);
    expect(xmpp(bed)).toEqual([]);
    bed.confirm(dialog);
    bed.advance(5_000);
    expect(xmpp(bed)).toEqual(['xmpp bob/sip>alice chat "Hi Alice"']);
    bed.taken();
    const late = bed.request("MESSAGE", { dialog, body: plain("Hi Alice") });
    expect(bed.out()).toEqual([`200 ${late}`]);
    // He means it when he says it again.
    bed.request("MESSAGE", { dialog, body: plain("Hi Alice") });
    expect(xmpp(bed)).toEqual(['xmpp bob/sip>alice chat "Hi Alice"']);
    bed.taken();
    expect(figures(bed, "sip_to_xmpp")).toEqual({ accepted: 2, delivered: 2, bounced: 0, expired: 0 });
  });

  it("is answered 200 when it is repeated only once alice's server has it, and counts anew where it was lost", () => {
    for (const isLost of [false, true]) {
      const bed = new Bed();
      const dialog = invited(bed);
      bed.confirm(dialog);
      bed.advance(5_000);
      const early = bed.request("MESSAGE", { dialog, body: plain("Hi Alice") });
      expect(bed.answerTo(early)).toBeUndefined();
      if (isLost) bed.lost();
      else bed.taken();
      expect(bed.answerTo(early)?.status).toBe(isLost ? 504 : 200);
    }
    const bed = new Bed();
    const dialog = invited(bed);
    bed.confirm(dialog);
    bed.advance(5_000);
    bed.lost();
    const again = bed.request("MESSAGE", { dialog, body: plain("Hi Alice") });
    bed.taken();
    expect(bed.answerTo(again)?.status).toBe(200);
    expect(figures(bed, "sip_to_xmpp")).toEqual({ accepted: 2, delivered: 1, bounced: 1, expired: 0 });
  });

  it("is not lost when he hangs up at once", () => {
    const bed = new Bed();
    const dialog = invited(bed);
    bed.confirm(dialog);
    bed.request("BYE", { dialog });
    expect(xmpp(bed)).toEqual(['xmpp bob/sip>alice chat "Hi Alice"']);
    bed.taken();
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("of a call that never came about is not shown: his client tells him", () => {
    const bed = new Bed();
    const dialog = invited(bed);
    bed.event({ kind: "unconfirmed", dialog });
    bed.advance(60_000);
    expect(xmpp(bed)).toEqual([]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("that cannot be delivered is told to him in words", () => {
    const bed = new Bed();
    const dialog = invited(bed);
    bed.confirm(dialog);
    bed.advance(5_000);
    bed.out();
    bed.returns("item-not-found");
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "[Your message was not delivered: item-not-found]"`]);
    expect(figures(bed, "sip_to_xmpp")).toMatchObject({ accepted: 1, bounced: 1 });
  });
});

describe("rich texts of bob", () => {
  it.each([
    [
      "text/html; charset=UTF-8",
      "<DIV>Hi <B>you</B><BR>see <A href='http://x.example/'>this</A></DIV>",
      "Hi you\nsee this (http://x.example/)",
    ],
    ["text/rtf", "{\\rtf1\\ansi Hi\\par \\u8364?}", "Hi\n\u20ac"],
    ["message/cpim", "From: <sip:eve@x>\r\n\r\nContent-Type: text/plain\r\n\r\nwrapped", "wrapped"],
    ["text/plain; charset=koi8-r", "\u00d0", "\u0434\u043f"],
    ["text/plain", "*bold* _not_ \u200fshalom\u200f \u{1f600}", "*bold* _not_ \u200fshalom\u200f \u{1f600}"],
  ])("%s", (type, body, text) => {
    const bed = new Bed();
    bed.request("MESSAGE", { dialog: called(bed), body: { type, bytes: bytes(body) } });
    if (type.includes("koi8")) expect(bed.lastStanza!.getChildText("body")).toHaveLength(2);
    else expect(bed.lastStanza!.getChildText("body")).toBe(text);
    expect(bed.lastStanza!.getChild("html")).toBeUndefined();
  });
});

describe("texts that come twice from alice", () => {
  it.each([
    ["the stanza's id", { id: "m1" }, ""],
    ["her client's own id", { id: undefined }, '<origin-id xmlns="urn:xmpp:sid:0" id="o1"/>'],
  ])("go over once, by %s, for ten minutes", (_, { id }, more) => {
    const bed = new Bed();
    const dialog = called(bed);
    const say = (text = "hi", from = `${ALICE}/desk`) =>
      bed.chat(text, { from, more, ...(id === undefined ? {} : { id }) });
    say();
    say();
    bed.outcome("MESSAGE", 200);
    say();
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "hi"`]);
    // Another device, or a client that counts its ids anew.
    say("hi", `${ALICE}/phone`);
    bed.outcome("MESSAGE", 200);
    say("other");
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toHaveLength(2);
    bed.advance(599_999);
    say();
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    say();
    expect(bed.out()).toHaveLength(1);
  });

  it("may come again after they came back", () => {
    const bed = new Bed();
    bed.chat("hi", { id: "m1" });
    bed.outcome("INVITE", 480);
    bed.out();
    bed.chat("hi", { id: "m1" });
    expect(bed.out()).toEqual([INVITE]);
  });
});

describe("texts that were long under way", () => {
  const bedAt = () => new Bed({ wall: () => WALL });
  const delay = (ms: number) =>
    `<delay xmlns="urn:xmpp:delay" stamp="${new Date(WALL - ms).toISOString()}"/>`;

  it("of alice say when they were written, if that is over a minute ago", () => {
    const bed = bedAt();
    const dialog = called(bed);
    bed.chat("old", { more: delay(60_001) });
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "[2020-09-13 12:25 UTC] old"`]);
    expect(headerOf(bed.lastRequest?.headers, "Date")).toBe("Sun, 13 Sep 2020 12:25:39 GMT");
    bed.outcome("MESSAGE", 200);
    bed.chat("new", { more: delay(60_000) });
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "new"`]);
    expect(headerOf(bed.lastRequest?.headers, "Date")).toBeUndefined();
  });

  it("of bob carry the stamp", () => {
    const bed = bedAt();
    const dialog = called(bed);
    const stampOf = (ms: number) => {
      bed.request("MESSAGE", {
        dialog,
        body: plain("x"),
        headers: [["Date", new Date(WALL - ms).toUTCString()]],
      });
      return bed.lastStanza!.getChild("delay", "urn:xmpp:delay")?.attrs;
    };
    expect(stampOf(120_000)).toMatchObject({ from: PARTNER, stamp: "2020-09-13T12:24:40.000Z" });
    expect(stampOf(60_000)).toBeUndefined();
    expect(stampOf(-3_600_000)).toBeUndefined();
  });
});

describe("what alice wants to know", () => {
  const request = `<request xmlns="${RECEIPTS}"/>`;
  const watching = (bed: Bed) => {
    bed.presence("subscribe");
    const dialog = bed.outcome("SUBSCRIBE", 200)!;
    bed.request("NOTIFY", { dialog, headers: [["Subscription-State", "active"]] });
    bed.out();
  };

  it("is told after 200 from bob's client, with her id", () => {
    const bed = new Bed();
    watching(bed);
    called(bed);
    bed.chat("hi", { id: "m1", more: request });
    bed.outcome("MESSAGE", 200);
    const { attrs } = bed.lastStanza!;
    expect([attrs.from, attrs.to, attrs.type]).toEqual(["bob@contoso.example/sip", `${ALICE}/desk`, "chat"]);
    expect(bed.lastStanza!.getChild("received", RECEIPTS)?.attrs.id).toBe("m1");
    expect(bed.lastStanza!.getChild("request")).toBeUndefined();
  });

  it.each([
    ["202: taken, by whomever", true, request, 202],
    ["she did not ask", true, "", 200],
    ["she may not see him", false, request, 200],
    ["it failed", true, request, 415],
  ])("is not told: %s", (_, isWatching, more, status) => {
    const bed = new Bed();
    if (isWatching) watching(bed);
    called(bed);
    bed.chat("hi", { id: "m1", more });
    bed.out();
    bed.outcome("MESSAGE", status);
    expect(bed.out().filter((line) => !line.includes("error"))).toEqual([]);
  });

  it("is asked of a partner that notifies, and told when the notification comes", () => {
    const profile = profileByName("simple");
    const bed = new Bed({
      partners: [
        { domain: PARTNER, profile: { ...profile, im: { ...profile.im, asksForNotifications: true } } },
      ],
      wall: () => WALL,
    });
    watching(bed);
    bed.chat("hi", { id: "m1", more: `${request}<markable xmlns="${MARKERS}"/>` });
    const cpim = readCpim(bed.lastBody!)!;
    expect(new TextDecoder().decode(cpim.content)).toBe("hi");
    expect(cpim.dispositions).toEqual(["positive-delivery", "display"]);
    bed.outcome("MESSAGE", 202);
    bed.out();
    const notify = (kind: string, status: string, id = cpim.messageId!) => {
      const xml = `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>${id}</message-id><${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`;
      const ref = bed.request("MESSAGE", { body: { type: "message/imdn+xml", bytes: bytes(xml) } });
      expect(bed.answerTo(ref)?.status).toBe(202);
      return bed.out().filter((line) => line.startsWith("xmpp"));
    };
    expect(notify("delivery", "delivered")).toEqual(["xmpp bob/sip>alice/desk chat received"]);
    expect(bed.lastStanza!.getChild("received", RECEIPTS)?.attrs.id).toBe("m1");
    expect(notify("display", "displayed")).toEqual(["xmpp bob/sip>alice/desk chat displayed"]);
    expect(bed.lastStanza!.getChild("displayed", MARKERS)?.attrs.id).toBe("m1");
    expect(notify("delivery", "delivered", "unheard-of")).toEqual([]);
    expect(notify("delivery", "failed")).toEqual(["xmpp bob>alice/desk error m1 wait recipient-unavailable"]);
    expect(bed.account("xmpp_to_sip")).toMatchObject({ accepted: 1, delivered: 1, returned: 1 });
  });
});

describe("what bob wants to know", () => {
  const asking = (wanted: string) => ({
    type: "message/cpim",
    bytes: bytes(
      `From: <sip:bob@contoso.example>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: q1\r\nDateTime: 2020-09-13T12:26:40Z\r\nimdn.Disposition-Notification: ${wanted}\r\n\r\nContent-Type: text/plain\r\n\r\nhi`,
    ),
  });
  const answered = (bed: Bed) => {
    const cpim = readCpim(bed.lastBody!)!;
    return [cpim.contentType, readImdn(cpim.content)];
  };

  it("is told when alice's client has got or shown it, in his words", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.request("MESSAGE", { dialog, body: asking("positive-delivery, display") });
    const { id } = bed.lastStanza!.attrs;
    expect(bed.lastStanza!.getChild("request", RECEIPTS)).toBeDefined();
    expect(bed.lastStanza!.getChild("markable", MARKERS)).toBeDefined();
    bed.taken();
    bed.out();
    const say = (what: string, ns: string, of = id) =>
      bed.stanza(
        `<message from="${ALICE}/desk" to="bob@contoso.example" id="x"><${what} xmlns="${ns}" id="${of}"/></message>`,
      );
    say("received", RECEIPTS, "unheard-of");
    expect(bed.out()).toEqual([]);
    say("received", RECEIPTS);
    expect(bed.out()).toEqual([`MESSAGE ${dialog} message/cpim`]);
    expect(answered(bed)).toEqual([
      "message/imdn+xml",
      { messageId: "q1", kind: "delivery", status: "delivered" },
    ]);
    bed.outcome("MESSAGE", 200);
    say("displayed", MARKERS);
    expect(answered(bed)[1]).toEqual({ messageId: "q1", kind: "display", status: "displayed" });
    expect(figures(bed, "xmpp_to_sip").accepted).toBe(0);
  });

  it("is told when it came back after all", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.request("MESSAGE", { dialog, body: asking("negative-delivery") });
    const { id } = bed.lastStanza!.attrs;
    expect(bed.lastStanza!.getChild("request")).toBeUndefined();
    bed.taken();
    bed.out();
    bed.returns("gone", { id: id!, from: ALICE, to: "bob@contoso.example/sip" });
    expect(bed.out()).toEqual([`MESSAGE ${dialog} message/cpim`]);
    expect(answered(bed)[1]).toEqual({ messageId: "q1", kind: "delivery", status: "failed" });
  });

  it("is not asked of alice where he did not", () => {
    const bed = new Bed();
    bed.request("MESSAGE", { dialog: called(bed), body: plain("hi") });
    expect(bed.lastStanza!.getChild("request")).toBeUndefined();
  });
});

describe("typing is the first thing left out", () => {
  it("to bob, while a text of alice's is on its way", () => {
    const bed = new Bed();
    const dialog = calling(bed);
    bed.chat("slow");
    bed.chatState("composing");
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "slow"`]);
  });

  it("to alice, while her server is behind or gone", () => {
    const bed = new Bed();
    const dialog = called(bed);
    for (let i = 0; i < SHED_TYPING_AT; i++) bed.request("MESSAGE", { dialog, body: plain("x") });
    bed.out();
    bed.request("INFO", { dialog, body: typing("type") });
    expect(xmpp(bed)).toEqual([]);
    while (bed.untaken > 0) bed.taken();
    bed.linkDown();
    bed.request("INFO", { dialog, body: typing("idle") });
    bed.request("INFO", { dialog, body: typing("type") });
    expect(xmpp(bed)).toEqual([]);
  });
});

it("an XHTML message without a body still says something; beside a body it is not looked at", () => {
  const bed = new Bed();
  const dialog = called(bed);
  const html =
    '<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><p>rich &amp; well</p></body></html>';
  bed.stanza(`<message from="${ALICE}/desk" to="bob@contoso.example" id="a">${html}</message>`);
  bed.outcome("MESSAGE", 200);
  bed.stanza(
    `<message from="${ALICE}/desk" to="bob@contoso.example" id="b"><body>plain</body>${html}</message>`,
  );
  expect(bed.out()).toEqual([`MESSAGE ${dialog} "rich & well"`, `MESSAGE ${dialog} "plain"`]);
});
