import type { EngineCommand } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { type PeerProfile, profileByName } from "../src/index.ts";
import { ALICE, Bed, PARTNER } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { bytes, figures, INVITE, offer, plain, rest } from "./talk.ts";

/** bob's partner is one that takes single messages. */
function bedOf(im: Partial<PeerProfile["im"]> = {}): Bed {
  const profile = profileByName("simple");
  return new Bed({ partners: [{ domain: PARTNER, profile: { ...profile, im: { ...profile.im, ...im } } }] });
}

/** The line of a text of alice's outside sessions. */
const page = (text: string) => `MESSAGE sip:${ALICE} > sip:bob@contoso.example ${JSON.stringify(text)}`;

const lastPage = (bed: Bed) => bed.lastRequest as Extract<EngineCommand, { kind: "request" }>;

const composing = (state: string) => ({
  type: "application/im-iscomposing+xml",
  bytes: bytes(
    `<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>${state}</state></isComposing>`,
  ),
});

describe("single messages to bob", () => {
  it("go without a session, one at a time and in order", () => {
    const bed = bedOf();
    for (const text of ["one", "two", "three"]) bed.chat(text);
    expect(bed.out()).toEqual([page("one")]);
    bed.outcome("MESSAGE", 202);
    expect(bed.out()).toEqual([page("two")]);
    bed.outcome("MESSAGE", 200);
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([page("three")]);
    expect(figures(bed, "xmpp_to_sip")).toEqual({ accepted: 3, delivered: 3, bounced: 0, expired: 0 });
    expect(rest(bed).slice(1)).toEqual([0, 0]);
  });

  it("are one row on one thread: one Call-ID and From tag, rising numbers; another thread is another row (C-10)", () => {
    const bed = bedOf();
    const rows = ["a", "a", "b"].map((thread) => {
      bed.chat("x", { more: `<thread>${thread}</thread>` });
      const { call } = lastPage(bed);
      bed.outcome("MESSAGE", 200);
      return call!;
    });
    expect(rows.map(({ cseq }) => cseq)).toEqual([1, 2, 1]);
    expect([rows[1]!.callId, rows[1]!.fromTag]).toEqual([rows[0]!.callId, rows[0]!.fromTag]);
    expect(rows[2]!.callId).not.toBe(rows[0]!.callId);
  });

  it("that answer bob's continue his call", () => {
    const bed = bedOf();
    const ref = bed.request("MESSAGE", { body: plain("hi") });
    const thread = bed.lastStanza!.getChildText("thread");
    expect(thread).toBe(ref);
    bed.taken();
    bed.chat("hello", { more: `<thread>${thread}</thread>` });
    expect(lastPage(bed).call!.callId).toBe(ref);
  });

  it("carry subject, language and at most 1300 bytes", () => {
    const bed = bedOf();
    bed.stanza(
      `<message from="${ALICE}/desk" to="bob@contoso.example" id="m1" xml:lang="cs"><subject>a\nSubject: b</subject><body>x</body></message>`,
    );
    const { headers, maxBytes } = lastPage(bed);
    expect(headerOf(headers, "Subject")).toBe("a Subject: b");
    expect(headerOf(headers, "Content-Language")).toBe("cs");
    // What the edge's Via takes is left free.
    expect(maxBytes).toBe(1300 - 100 - "sip.example.com".length);
  });

  it("that are too long come back and say so; the next goes on", () => {
    const bed = bedOf();
    bed.chat("long", { id: "m1" });
    bed.chat("short");
    bed.out();
    bed.refuse("MESSAGE", "too large");
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error m1 modify policy-violation", page("short")]);
  });

  it.each([
    [404, "service-unavailable"],
    [481, "service-unavailable"],
    [503, "internal-server-error"],
    ["timeout", "remote-server-timeout"],
    ["unreachable", "remote-server-timeout"],
  ] as const)("that meet %s come back, each on its own, and are not sent twice", (result, condition) => {
    const bed = bedOf();
    bed.chat("one", { id: "m1" });
    bed.chat("two", { id: "m2" });
    bed.out();
    bed.outcome("MESSAGE", result);
    expect(bed.out()).toEqual([expect.stringMatching(`error m1 .* ?${condition}$`), page("two")]);
  });

  it("go in bob's session while there is one", () => {
    const bed = bedOf();
    const dialog = `d${bed.request("INVITE", { body: offer() }).slice(1)}`;
    bed.chat("waits for the ACK");
    bed.out();
    bed.confirm(dialog);
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "waits for the ACK"`]);
    bed.outcome("MESSAGE", 200);
    bed.request("BYE", { dialog });
    bed.out();
    bed.chat("alone");
    expect(bed.out()).toEqual([page("alone")]);
  });

  it("are forgotten as a conversation after ten minutes", () => {
    const bed = bedOf();
    bed.chat("one");
    bed.outcome("MESSAGE", 200);
    bed.advance(599_999);
    expect(bed.translator.size).toBe(1);
    bed.advance(1);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });
});

describe("single messages from bob", () => {
  it("are mail until alice writes in a chat window (C-09)", () => {
    const bed = bedOf();
    const type = () => {
      bed.request("MESSAGE", { body: plain("hi") });
      bed.taken();
      return [bed.lastStanza!.attrs.type, bed.lastStanza!.getChild("active") !== undefined];
    };
    expect(type()).toEqual([undefined, false]);
    bed.chat("mail", { type: "normal" });
    bed.outcome("MESSAGE", 200);
    expect(type()).toEqual([undefined, false]);
    bed.chat("chat");
    bed.outcome("MESSAGE", 200);
    expect(type()).toEqual(["chat", true]);
  });

  it("that come twice are shown once: 482 while the first is open, its own answer after", () => {
    const bed = bedOf();
    const copy = () =>
      bed.request("MESSAGE", { body: plain("hi"), callId: "call", headers: [["Subject", "s"]] });
    const first = copy();
    const second = copy();
    expect(bed.answerTo(second)?.status).toBe(482);
    bed.taken();
    const third = copy();
    expect([bed.answerTo(first)?.status, bed.answerTo(third)?.status]).toEqual([202, 202]);
    expect(figures(bed, "sip_to_xmpp").accepted).toBe(1);
    bed.advance(600_000);
    copy();
    expect(figures(bed, "sip_to_xmpp").accepted).toBe(2);
  });

  it("that failed may come again", () => {
    const bed = bedOf();
    const copy = () => bed.request("MESSAGE", { body: plain("hi"), callId: "call" });
    copy();
    bed.lost();
    const again = copy();
    bed.taken();
    expect(bed.answerTo(again)?.status).toBe(202);
  });

  it("bring subject and language", () => {
    const bed = bedOf();
    bed.request("MESSAGE", {
      body: plain("hi"),
      headers: [
        ["Subject", "gr\u00c3\u00bc\u00c3\u009fe"],
        ["Content-Language", "de, en"],
      ],
    });
    expect(bed.lastStanza!.getChildText("subject")).toBe("gr\u00fc\u00dfe");
    expect(bed.lastStanza!.attrs["xml:lang"]).toBe("de");
  });
});

describe("typing outside sessions", () => {
  it("is told to bob once he has written, never beside a text, and left out when texts wait", () => {
    const bed = bedOf();
    bed.chatState("composing");
    expect(bed.out()).toEqual([]);
    bed.request("MESSAGE", { body: plain("hi") });
    bed.taken();
    bed.out();
    bed.chatState("composing");
    expect(bed.out()).toEqual([`MESSAGE sip:${ALICE} > sip:bob@contoso.example typing`]);
    bed.chat("text");
    expect(bed.out()).toEqual([]);
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([page("text")]);
    bed.chatState("composing");
    expect(bed.out()).toEqual([]);
  });

  it("is not told again after 415 (RFC 3994 4)", () => {
    const bed = bedOf();
    bed.request("MESSAGE", { body: plain("hi") });
    bed.taken();
    bed.chatState("composing");
    bed.out();
    bed.outcome("MESSAGE", 415);
    bed.chatState("paused");
    bed.chatState("composing");
    bed.advance(120_000);
    expect(bed.out()).toEqual([]);
  });

  it("of bob is shown in a chat window only", () => {
    const bed = bedOf();
    bed.request("MESSAGE", { body: composing("active") });
    expect(bed.out()).toEqual(["202 r1"]);
    bed.chat("hi", { more: '<active xmlns="http://jabber.org/protocol/chatstates"/>' });
    bed.outcome("MESSAGE", 200);
    bed.out();
    bed.request("MESSAGE", { body: composing("active") });
    expect(bed.out()[0]).toBe("xmpp bob/sip>alice/desk chat composing");
  });
});

describe("a partner that takes no sessions", () => {
  it.each([405, 415, 488, 501, 606])("and says %d: texts go alone for ten minutes (C-01)", (status) => {
    const bed = bedOf({ mode: "session", pageFallback: true });
    bed.chat("one");
    bed.chat("two");
    bed.out();
    bed.outcome("INVITE", status);
    expect(bed.out()).toEqual([page("one")]);
    bed.outcome("MESSAGE", 202);
    bed.outcome("MESSAGE", 202);
    expect(bed.out()).toEqual([page("two")]);
    bed.advance(599_999);
    bed.chat("three");
    expect(bed.out()).toEqual([page("three")]);
    bed.outcome("MESSAGE", 202);
    bed.advance(1);
    bed.chat("four");
    expect(bed.out()).toEqual([INVITE]);
    expect(figures(bed, "xmpp_to_sip").bounced).toBe(0);
  });

  it("but blocks the content: no second try in another dress", () => {
    const bed = bedOf({ mode: "session", pageFallback: true });
    bed.chat("one", { id: "m1" });
    bed.out();
    bed.outcome("INVITE", 606, { headers: [["Warning", '309 x "blocked"']] });
    expect(bed.out()).toEqual(["xmpp bob>alice/desk error m1 modify policy-violation"]);
  });

  it.each([403, 404, 480, 486, 603])("and says %d: that is about bob, and comes back", (status) => {
    const bed = bedOf({ mode: "session", pageFallback: true });
    bed.chat("one", { id: "m1" });
    bed.out();
    bed.outcome("INVITE", status);
    expect(bed.out()).toEqual([expect.stringContaining("error m1 ")]);
  });
});
