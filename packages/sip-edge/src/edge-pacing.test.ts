import type { SipMessage } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { answerTo, EdgeRig, fromAlice, type Taken, text } from "../test/edge-rig.ts";
import type { EdgeSettings, PacingLimits } from "./index.ts";

const partners = (pacing: PacingLimits | undefined): Partial<EdgeSettings> => ({
  partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict", pacing }],
});

function linked(messagesPerSecond: number, targets?: number): EdgeRig {
  const rig = new EdgeRig(partners({ messagesPerSecond, targets }));
  rig.open("contoso.example", "out");
  return rig;
}

const inDialog = (method: string, callId: string, changes: Record<string, string> = {}) =>
  fromAlice(method, { "Call-ID": callId, To: "<sip:bob@contoso.example>;tag=b", ...changes });
const im = (callId: string) => inDialog("MESSAGE", callId);
const what = (message: SipMessage) => `${message.method} ${message.callId}`;
const sent = (taken: Taken) => taken.sent.map(({ message }) => what(message));
const told = (taken: Taken) =>
  taken.toNode.map(
    ({ message }) => `${message.status} ${what(message)} ${message.get("Retry-After") ?? "-"}`,
  );
const standing = (taken: Taken) => taken.observed.filter(({ kind }) => kind === "pacing");

describe("a paced partner", () => {
  it("gets what it takes: in order of urgency, the rest later, what is pointless never", () => {
    const rig = linked(2);
    rig.pass(1_000);
    expect(sent(rig.inside(im("1")))).toEqual(["MESSAGE 1"]);
    expect(sent(rig.inside(im("2")))).toEqual(["MESSAGE 2"]);
    const notify = (version: number) =>
      inDialog("NOTIFY", "n", {
        CSeq: `${version} NOTIFY`,
        Event: "presence",
        "Subscription-State": "active",
        "Content-Type": "application/pidf+xml",
        Via: `SIP/2.0/TLS gateway.invalid;branch=z9hG4bKn${version}`,
      });
    expect(sent(rig.inside(notify(1)))).toEqual([]);
    const replaced = rig.inside(notify(2));
    expect(text(replaced.toNode[0]!.message)).toBe(`SIP/2.0 500 Server Internal Error
Via: SIP/2.0/TLS gateway.invalid;branch=z9hG4bKn1
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>;tag=b
Call-ID: n
CSeq: 1 NOTIFY
Retry-After: 10
X-Tombolo-Unsent: yes
Content-Length: 0`);
    expect(replaced.observed).toContainEqual({
      kind: "pacing-refused",
      partner: "contoso.example",
      reason: "superseded",
    });
    rig.inside(im("3"));
    const ack = rig.inside(inDialog("ACK", "4"));
    expect(sent(ack)).toEqual(["ACK 4"]);
    expect(sent(rig.pass(999))).toEqual([]);
    expect(sent(rig.pass(1))).toEqual(["MESSAGE 3"]);
    const last = rig.pass(500);
    expect(text(last.sent[0]!.message)).toBe(`NOTIFY sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK3.id4
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Via: SIP/2.0/TLS gateway.invalid;branch=z9hG4bKn2
Max-Forwards: 69
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>;tag=b
Call-ID: n
CSeq: 2 NOTIFY
Event: presence
Subscription-State: active
Content-Type: application/pidf+xml
Content-Length: 0`);
    expect(told(rig.outside(answerTo(last.sent[0]!.message, 200), "out-contoso.example"))).toEqual([
      "200 NOTIFY n -",
    ]);
  });

  it.each([
    [fromAlice("INVITE", { "Call-ID": "late" }), ["480 INVITE late 10"]],
    [fromAlice("MESSAGE", { "Call-ID": "late" }), ["504 MESSAGE late -"]],
    [inDialog("SUBSCRIBE", "late"), ["504 SUBSCRIBE late -"]],
    [inDialog("BENOTIFY", "late"), []],
  ])("what has waited 20 s is answered: %#", (request, answers) => {
    const rig = new EdgeRig(partners({ messagesPerSecond: 1, targets: undefined }));
    rig.inside(im("0"));
    rig.inside(request);
    expect(told(rig.pass(19_999))).toEqual([]);
    const taken = rig.pass(1);
    expect(told(taken)).toEqual(answers);
    expect(taken.observed).toContainEqual({
      kind: "pacing-refused",
      partner: "contoso.example",
      reason: "late",
    });
  });

  it("a new user past the limit is refused, in words that end nothing", () => {
    const rig = linked(1, 1);
    rig.inside(fromAlice("MESSAGE"));
    const to = { "Request-URI": "sip:carol@contoso.example", To: "<sip:carol@contoso.example>" };
    const taken = rig.inside(fromAlice("MESSAGE", { ...to, "Call-ID": "c" }));
    expect(told(taken)).toEqual(["480 MESSAGE c 10"]);
    for (let i = 0; i < 20; i++) rig.inside(im(`t${i}`));
    expect(told(rig.inside(im("full")))).toEqual(["500 MESSAGE full 10"]);
  });

  it("an INVITE that is cancelled while it waits never goes out", () => {
    const rig = linked(1);
    rig.inside(im("0"));
    rig.inside(fromAlice("INVITE", { "Call-ID": "i" }));
    const taken = rig.inside(fromAlice("CANCEL", { "Call-ID": "i", CSeq: "1 CANCEL" }));
    expect(told(taken)).toEqual(["200 CANCEL i -", "487 INVITE i -"]);
    expect(sent(rig.pass(30_000))).toEqual([]);
  });

  it("without a connection one request asks for it, the others keep their turn until it is there", () => {
    const rig = new EdgeRig(partners({ messagesPerSecond: 2, targets: undefined }));
    expect(rig.inside(im("1")).dialled).toEqual(["contoso.example"]);
    rig.inside(inDialog("NOTIFY", "n"));
    for (const id of ["2", "3"]) rig.inside(im(id));
    expect(sent(rig.pass(5_000))).toEqual([]);
    expect(sent(rig.open("contoso.example", "out"))).toEqual(["MESSAGE 1", "MESSAGE 2", "MESSAGE 3"]);
    expect(sent(rig.pass(500))).toEqual(["NOTIFY n"]);
  });

  it("that can't be reached has all that waits answered", () => {
    const rig = new EdgeRig(partners({ messagesPerSecond: 1, targets: undefined }));
    for (const id of ["1", "2", "3"]) rig.inside(im(id));
    const taken = rig.feed({
      kind: "dial-failed",
      partner: "contoso.example",
      why: "refused",
      detail: "ECONNREFUSED",
    });
    expect(told(taken)).toEqual(["504 MESSAGE 1 -", "504 MESSAGE 2 -", "504 MESSAGE 3 -"]);
    expect(rig.edge.unanswered).toBe(0);
  });

  it("tells how it stands once a second while something goes on, and at the end that all is well", () => {
    const rig = linked(2, 10);
    rig.pass(5_000);
    for (const id of ["1", "2", "3", "4"]) rig.inside(im(id));
    const seen = standing(rig.pass(60_000));
    expect(seen.map((one) => one.kind === "pacing" && [one.budget, one.waiting.session])).toEqual([
      [0, 0],
      [2, 0],
    ]);
    expect(rig.edge.pacedAt).toBeUndefined();
  });

  it("is let go when its limit is taken away, and answered for when it is itself", () => {
    const rig = linked(1);
    for (const id of ["1", "2", "3"]) rig.inside(im(id));
    const base = {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: [],
    };
    const settings = { ...base, ...partners({ messagesPerSecond: 1, targets: undefined }) };
    expect(sent(rig.feed({ kind: "settings", settings }))).toEqual([]);
    const free = rig.feed({ kind: "settings", settings: { ...base, ...partners(undefined) } });
    expect(sent(free)).toEqual(["MESSAGE 2", "MESSAGE 3"]);
    expect(standing(free)).toMatchObject([{ budget: undefined, waiting: { session: 0 } }]);
    rig.feed({ kind: "settings", settings });
    for (const id of ["4", "5"]) rig.inside(im(id));
    expect(told(rig.feed({ kind: "settings", settings: base }))).toEqual(["504 MESSAGE 5 -"]);
  });
});

it("a partner without limits gets everything as it came, and nothing is told or due", () => {
  const rig = new EdgeRig();
  rig.open("contoso.example", "out");
  const requests = [
    inDialog("NOTIFY", "a"),
    im("b"),
    inDialog("INFO", "c"),
    im("b"),
    inDialog("NOTIFY", "a"),
  ];
  const taken = requests.map((request) => rig.inside(request));
  expect(taken.flatMap(sent)).toEqual(requests.map(what));
  expect(taken.flatMap(standing)).toEqual([]);
  expect(rig.edge.pacedAt).toBeUndefined();
});
