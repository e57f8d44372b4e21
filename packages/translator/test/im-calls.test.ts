import type { HeaderFields } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { MAX_LEGS_PER_PAIR } from "../src/im/sessions.ts";
import { Bed } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { bytes, called, calling, INVITE, offer, plain, rest } from "./talk.ts";

describe("bob calls alice", () => {
  it("is accepted at once, and she sees nothing until he writes", () => {
    const bed = new Bed();
    const ref = bed.request("INVITE", { body: offer() });
    expect(bed.out()).toEqual([`200 ${ref}`]);
    expect(new TextDecoder().decode(bed.lastBody)).toContain(
      "m=message 5060 sip sip:alice@example.com\r\na=accept-types:text/plain multipart/alternative text/html text/rtf\r\n",
    );
    bed.confirm("d1");
    expect(bed.out()).toEqual([]);
    expect(bed.translator.size).toBe(1);
  });

  it("and she answers in his session", () => {
    const bed = new Bed();
    const dialog = called(bed);
    bed.chat("hi");
    expect(bed.out()).toEqual([`MESSAGE ${dialog} "hi"`]);
  });

  it("and she answers before his ACK: her text waits for it", () => {
    const bed = new Bed();
    bed.request("INVITE", { body: offer() });
    bed.out();
    bed.chat("hi");
    expect(bed.out()).toEqual([]);
    bed.confirm("d1");
    expect(bed.out()).toEqual(['MESSAGE d1 "hi"']);
  });

  it("and his ACK never comes: her text goes by a session of ours", () => {
    const bed = new Bed();
    bed.request("INVITE", { body: offer() });
    bed.chat("hi");
    bed.out();
    bed.event({ kind: "unconfirmed", dialog: "d1" });
    expect(bed.out()).toEqual([INVITE]);
  });

  it("and gives up before our answer is out: her text goes by a session of ours", () => {
    const bed = new Bed();
    bed.holdsDialogs = true;
    const ref = bed.request("INVITE", { body: offer() });
    bed.chat("hi");
    bed.out();
    bed.event({ kind: "cancelled", request: ref });
    expect(bed.out()).toEqual([INVITE]);
  });

  it("and his text that overtakes his ACK confirms the session", () => {
    const bed = new Bed();
    bed.request("INVITE", { body: offer() });
    const ref = bed.request("MESSAGE", { dialog: "d1", body: plain("hello") });
    bed.taken();
    expect(bed.out()).toEqual(["200 r1", 'xmpp bob/sip>alice chat "hello"', `200 ${ref}`]);
    bed.chat("hi");
    expect(bed.out()).toEqual(['MESSAGE d1 "hi"']);
  });

  it("while we call him: both sessions live, texts go by the one that is confirmed first", () => {
    const bed = new Bed();
    bed.chat("hi", { id: "m1" });
    bed.request("INVITE", { body: offer() });
    bed.out();
    const [theirs] = bed.liveDialogs;
    bed.confirm(theirs!);
    expect(bed.out()).toEqual([`MESSAGE ${theirs} "hi"`]);
    const ours = bed.outcome("INVITE", 200)!;
    bed.outcome("MESSAGE", 200);
    bed.chat("again");
    bed.outcome("MESSAGE", 200);
    expect(bed.out()).toEqual([`MESSAGE ${theirs} "again"`]);
    const ref = bed.request("MESSAGE", { dialog: ours, body: plain("here, too") });
    bed.taken();
    expect(bed.out()).toEqual(['xmpp bob/sip>alice/desk chat "here, too"', `200 ${ref}`]);
  });

  it("while we call him, ours first: no quick BYE to either, which from both ends would kill both", () => {
    const bed = new Bed();
    bed.chat("hi");
    bed.request("INVITE", { body: offer() });
    const [theirs] = bed.liveDialogs;
    const ours = bed.outcome("INVITE", 200)!;
    bed.confirm(theirs!);
    bed.outcome("MESSAGE", 200);
    bed.chat("again");
    expect(bed.out().slice(2)).toEqual([`MESSAGE ${ours} "hi"`, `MESSAGE ${ours} "again"`]);
  });

  it.each([486, 487, 491, "timeout"] as const)(
    "while we call him and get %s: her texts go by his session",
    (result) => {
      const bed = new Bed();
      bed.chat("hi");
      bed.request("INVITE", { body: offer() });
      bed.outcome("INVITE", result);
      const [theirs] = bed.liveDialogs;
      bed.out();
      bed.confirm(theirs!);
      expect(bed.out()).toEqual([`MESSAGE ${theirs} "hi"`]);
    },
  );

  it("anew: his new session takes the place of the old one", () => {
    const bed = new Bed();
    const old = calling(bed);
    const fresh = `d${bed.request("INVITE", { body: offer() }).slice(1)}`;
    bed.out();
    bed.confirm(fresh);
    expect(bed.out()).toEqual([`BYE ${old}`]);
    bed.chat("hi");
    expect(bed.out()).toEqual([`MESSAGE ${fresh} "hi"`]);
    bed.outcome("BYE", 200);
    expect(bed.liveDialogs).toEqual([fresh]);
  });

  it("twice before an ACK: the newer session stays", () => {
    const bed = new Bed();
    const [older, newer] = [1, 2].map(() => `d${bed.request("INVITE", { body: offer() }).slice(1)}`) as [
      string,
      string,
    ];
    bed.confirm(newer);
    bed.out();
    bed.confirm(older);
    expect(bed.out()).toEqual([`BYE ${older}`]);
    bed.chat("hi");
    expect(bed.out()).toEqual([`MESSAGE ${newer} "hi"`]);
  });

  it("more often than he needs: the ninth session at once is refused", () => {
    const bed = new Bed();
    const statuses = Array.from({ length: MAX_LEGS_PER_PAIR + 1 }, () => {
      return bed.answerTo(bed.request("INVITE", { body: offer() }))?.status;
    });
    expect(statuses).toEqual([...Array(MAX_LEGS_PER_PAIR).fill(200), 480]);
  });

  it.each([
    ["audio", { body: offer("m=audio 49170 RTP/AVP 0\r\n") }],
    ["another protocol", { body: offer("m=message 5060 TCP/MSRP *\r\n") }],
    [
      "something that is no description",
      { body: { type: "application/ms-conf-invite+xml", bytes: bytes("<x/>") } },
    ],
    [
      "a conference",
      { body: offer(), headers: [["Contact", "<sip:room@contoso.example>;isfocus"]] as HeaderFields },
    ],
    ["three", { body: offer(), headers: [["EndPoints", "<sip:a@x>, <sip:b@x>, <sip:c@x>"]] as HeaderFields }],
    ["a triggered invitation", { body: offer(), headers: [["TriggeredInvite", "TRUE"]] as HeaderFields }],
  ])("for %s: 488", (_, options) => {
    const bed = new Bed();
    const ref = bed.request("INVITE", options);
    expect(bed.answerTo(ref)?.status).toBe(488);
    expect(headerOf(bed.answerTo(ref)?.headers, "Warning")).toMatch(/^\d{3} /);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("for audio and text: the text line alone is accepted", () => {
    const bed = new Bed();
    bed.request("INVITE", { body: offer("m=audio 49170 RTP/AVP 0\r\nm=message 5060 sip null\r\n") });
    expect(new TextDecoder().decode(bed.lastBody)).toContain(
      "m=audio 0 RTP/AVP 0\r\nm=message 5060 sip sip:alice@example.com\r\n",
    );
  });

  it("without an offer: ours is in the answer", () => {
    const bed = new Bed();
    bed.request("INVITE", {});
    expect(new TextDecoder().decode(bed.lastBody)).toContain("m=message 5060 sip null\r\n");
  });

  it.each([
    ["UPDATE", undefined, 200],
    ["UPDATE", offer(), 200],
    ["INVITE", offer(), 200],
    ["INVITE", offer("m=audio 49170 RTP/AVP 0\r\n"), 488],
    ["OPTIONS", undefined, 200],
    ["REFER", undefined, 405],
    ["SUBSCRIBE", undefined, 405],
  ])("and sends %s in the session: %#", (method, body, status) => {
    const bed = new Bed();
    const dialog = called(bed);
    const ref = bed.request(method, { dialog, ...(body && { body }) });
    expect(bed.answerTo(ref)?.status).toBe(status);
    bed.chat("still there");
    expect(bed.out().at(-1)).toBe(`MESSAGE ${dialog} "still there"`);
  });
});
