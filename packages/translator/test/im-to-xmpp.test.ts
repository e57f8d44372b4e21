import { describe, expect, it } from "vitest";
import { MAX_ARRIVALS_PER_PAIR } from "../src/im/arrivals.ts";
import { ALICE, Bed } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { bytes, called, figures, plain, rest } from "./talk.ts";

describe("bob writes to alice", () => {
  it("and hears 200 only when her server has it", () => {
    const bed = new Bed();
    const dialog = called(bed);
    const ref = bed.request("MESSAGE", { dialog, body: plain("hello\r\nyou") });
    expect(bed.out()).toEqual(['xmpp bob/sip>alice chat "hello\\nyou"']);
    expect(bed.account("sip_to_xmpp")).toMatchObject({ accepted: 1, delivered: 0 });
    bed.advance(150);
    bed.taken();
    expect(bed.out()).toEqual([`200 ${ref}`]);
    expect(bed.account("sip_to_xmpp")).toMatchObject({ accepted: 1, delivered: 1 });
    expect(bed.observations.at(-1)).toMatchObject({ event: "delivered", took: 150 });
  });

  it.each([
    ["service-unavailable", 480, undefined],
    ["item-not-found", 404, undefined],
    ["forbidden", 403, undefined],
    ["feature-not-implemented", 501, undefined],
    ["remote-server-timeout", 504, undefined],
    ["resource-constraint", 500, "Retry-After"],
    ["not-authorized", 403, undefined],
    ["policy-violation", 403, undefined],
    ["unheard-of", 500, undefined],
  ])("and her server returns %s first: %d", (condition, status, header) => {
    const bed = new Bed();
    const dialog = called(bed);
    const ref = bed.request("MESSAGE", { dialog, body: plain("hello") });
    bed.returns(condition, { text: "No such\nuser" });
    expect(bed.answerTo(ref)).toMatchObject({ status, reason: "No such user" });
    if (header) expect(headerOf(bed.answerTo(ref)?.headers, header)).toBeDefined();
    bed.taken();
    expect(figures(bed, "sip_to_xmpp")).toEqual({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
  });

  it("and names what may be sent where the status asks for it", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chat("hi");
    const ref = bed.request("MESSAGE", { dialog, body: plain("hello") });
    bed.returns("feature-not-implemented");
    expect(bed.answerTo(ref)?.status).toBe(405);
    expect(headerOf(bed.answerTo(ref)?.headers, "Allow")).toContain("MESSAGE");
  });

  it("and the link breaks: 504, with a time to try again", () => {
    const bed = new Bed();
    const dialog = called(bed);
    const ref = bed.request("MESSAGE", { dialog, body: plain("hello") });
    bed.lost();
    expect(bed.answerTo(ref)?.status).toBe(504);
    expect(headerOf(bed.answerTo(ref)?.headers, "Retry-After")).toBe("10");
    expect(figures(bed, "sip_to_xmpp")).toEqual({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
  });

  it("and it is larger than servers take: 413, and trying again is of no use", () => {
    const bed = new Bed();
    const ref = bed.request("MESSAGE", { dialog: called(bed), body: plain("hello") });
    bed.lost("too-large");
    expect(bed.answerTo(ref)?.status).toBe(413);
    expect(headerOf(bed.answerTo(ref)?.headers, "Retry-After")).toBeUndefined();
    expect(figures(bed, "sip_to_xmpp")).toEqual({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
  });

  it("and it comes back after he was told 200: he is told in words", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.request("MESSAGE", { dialog, body: plain("hello") });
    const id = bed.lastStanza!.attrs.id!;
    bed.taken();
    bed.out();
    bed.returns("recipient-unavailable", {
      id,
      from: ALICE,
      to: "bob@contoso.example/sip",
      text: "gone\r\nhome",
    });
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "[Your message was not delivered: gone home]"`]);
    bed.outcome("MESSAGE", 481);
    expect(bed.out()).toEqual([]);
    expect(bed.account("sip_to_xmpp")).toEqual({
      accepted: 1,
      delivered: 1,
      bounced: 0,
      expired: 0,
      returned: 1,
    });
    expect(bed.account("xmpp_to_sip").accepted).toBe(0);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("and it comes back when he has gone: no call for that", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.request("MESSAGE", { dialog, body: plain("hello") });
    const id = bed.lastStanza!.attrs.id!;
    bed.taken();
    bed.chat("on its way");
    bed.returns("gone", { id, from: ALICE, to: "bob@contoso.example/sip" });
    bed.request("BYE", { dialog });
    bed.out();
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("and an error that somebody else made up is no answer", () => {
    const bed = new Bed();
    const dialog = called(bed);
    const ref = bed.request("MESSAGE", { dialog, body: plain("hello") });
    bed.returns("forbidden", { from: "eve@example.com" });
    bed.returns("forbidden", { from: "eve@evil.example" });
    expect(bed.answerTo(ref)).toBeUndefined();
    bed.returns("forbidden", { from: "example.com" });
    expect(bed.answerTo(ref)?.status).toBe(403);
  });

  it("and she has spoken from her phone: there, on her thread; after that has gone, to all", () => {
    const bed = new Bed();
    const dialog = called(bed);
    const say = () => {
      bed.request("MESSAGE", { dialog, body: plain("hello") });
      bed.taken();
      return [bed.lastStanza?.attrs.to, bed.lastStanza?.getChildText("thread")];
    };
    const [to, thread] = say();
    expect([to, typeof thread]).toEqual([ALICE, "string"]);
    bed.chat("hi", { from: `${ALICE}/phone`, more: "<thread>hers</thread>" });
    expect(say()).toEqual([`${ALICE}/phone`, "hers"]);
    bed.presence("unavailable", "", `${ALICE}/phone`);
    expect(say()).toEqual([ALICE, "hers"]);
  });

  it.each([
    ["application/x-ms-ink", "ink"],
    ["text/x-msmsgsinvite", "Application-Name: File Transfer"],
    ["image/gif", "GIF89a"],
    ["text/plain; charset=x-unknown", "hi"],
  ])("as %s: 415, and what we take", (type, body) => {
    const bed = new Bed();
    const dialog = called(bed);
    const ref = bed.request("MESSAGE", { dialog, body: { type, bytes: bytes(body) } });
    expect(bed.answerTo(ref)?.status).toBe(415);
    expect(headerOf(bed.answerTo(ref)?.headers, "Accept")).toBe(
      "text/plain, multipart/alternative, text/html, text/rtf",
    );
    expect(bed.account("sip_to_xmpp").accepted).toBe(0);
  });

  it("with characters that would break a stream: cleaned, and nothing where nothing is left", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.request("MESSAGE", { dialog, body: plain("a\u0000b\u000bc\rd") });
    expect(bed.out()).toEqual(['xmpp bob/sip>alice chat "abc\\nd"']);
    bed.taken();
    bed.out();
    const ref = bed.request("MESSAGE", { dialog, body: plain("\u0000") });
    expect(bed.out()).toEqual([`200 ${ref}`]);
  });

  it(`${MAX_ARRIVALS_PER_PAIR} times before the server has one, and not once more`, () => {
    const bed = new Bed();
    const dialog = called(bed);
    for (let i = 0; i < MAX_ARRIVALS_PER_PAIR; i++) bed.request("MESSAGE", { dialog, body: plain("x") });
    expect(bed.untaken).toBe(MAX_ARRIVALS_PER_PAIR);
    const ref = bed.request("MESSAGE", { dialog, body: plain("x") });
    expect(bed.answerTo(ref)?.status).toBe(480);
    bed.taken();
    const next = bed.request("MESSAGE", { dialog, body: plain("x") });
    expect(bed.answerTo(next)).toBeUndefined();
  });

  it("outside a session: taken with the status of his profile", () => {
    const bed = new Bed();
    const ref = bed.request("MESSAGE", { body: plain("hello") });
    expect(bed.translator.size).toBe(1);
    bed.taken();
    expect(bed.answerTo(ref)?.status).toBe(202);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });
});

describe("stanzas that are no texts for bob", () => {
  const ns = "urn:ietf:params:xml:ns:xmpp-stanzas";
  const children = (inside: string) => ({ id: "m1", more: inside });

  it.each([
    [
      "encrypted",
      '<encryption xmlns="urn:xmpp:eme:0" namespace="urn:xmpp:omemo:2"/>',
      "modify not-acceptable",
    ],
    ["encrypted, old", '<encrypted xmlns="eu.siacs.conversations.axolotl"/>', "modify not-acceptable"],
    ["an invitation", '<x xmlns="jabber:x:conference" jid="room@rooms.example"/>', "modify not-acceptable"],
    [
      "a room's invitation",
      '<x xmlns="http://jabber.org/protocol/muc#user"><invite from="a@b"/></x>',
      "modify not-acceptable",
    ],
  ])("%s: an error, and its fallback text is not sent", (_, inside, error) => {
    const bed = new Bed();
    bed.chat("I sent you something that you can't read", children(inside));
    expect(bed.out()).toEqual([`xmpp bob>alice/desk error m1 ${error}`]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it.each([
    ["a retraction", '<retract xmlns="urn:xmpp:message-retract:1" id="m0"/><body>fallback</body>'],
    ["a receipt", '<received xmlns="urn:xmpp:receipts" id="m0"/>'],
    ["a marker", '<displayed xmlns="urn:xmpp:chat-markers:0" id="m0"/>'],
    [
      "a carbon",
      '<received xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0"><message><body>x</body></message></forwarded></received>',
    ],
    ["an empty body", "<body/>"],
    ["a subject", "<subject>hi</subject>"],
  ])("%s: nothing", (_, inside) => {
    const bed = new Bed();
    bed.stanza(`<message from="${ALICE}/desk" to="bob@contoso.example" type="chat">${inside}</message>`);
    expect(bed.out()).toEqual([]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it.each([
    ["groupchat", "xmpp bob>alice/desk error m1 cancel service-unavailable"],
    ["headline", undefined],
  ])("type %s", (type, line) => {
    const bed = new Bed();
    bed.chat("hi", { type, id: "m1" });
    expect(bed.out()).toEqual(line ? [line] : []);
  });

  it("an error that answers nothing of ours: nothing", () => {
    const bed = new Bed();
    bed.stanza(
      `<message type="error" id="x" from="${ALICE}" to="bob@contoso.example"><error type="cancel"><gone xmlns="${ns}"/></error></message>`,
    );
    expect(bed.out()).toEqual([]);
  });

  it("a correction: the new text, marked", () => {
    const bed = new Bed();
    bed.chat("right", children('<replace xmlns="urn:xmpp:message-correct:0" id="m0"/>'));
    const dialog = bed.outcome("INVITE", 200)!;
    expect(bed.out().at(-1)).toBe(`MESSAGE ${dialog} "* right"`);
  });

  it("several languages: the stanza's own", () => {
    const bed = new Bed();
    bed.stanza(
      `<message from="${ALICE}/desk" to="bob@contoso.example" xml:lang="en"><body xml:lang="de">Hallo</body><body xml:lang="en">Hello</body></message>`,
    );
    const dialog = bed.outcome("INVITE", 200)!;
    expect(bed.out().at(-1)).toBe(`MESSAGE ${dialog} "Hello"`);
  });
});
