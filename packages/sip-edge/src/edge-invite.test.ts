import { describe, expect, it } from "vitest";
import { answerTo, EdgeRig, fromAlice, fromBob, type Taken, text } from "../test/edge-rig.ts";

/** Both directions are one machine: the caller's side and the called side, whichever is the partner. */
interface Sides {
  readonly rig: EdgeRig;
  caller(method: string, changes?: Readonly<Record<string, string>>): Taken;
  called(status: number, extra?: readonly string[]): Taken;
  /** What the caller, or the called, was sent. */
  toCaller(taken: Taken): string[];
  toCalled(taken: Taken): string[];
  readonly invite: ReturnType<typeof fromBob>;
}

function nodeCalls(): Sides {
  const rig = new EdgeRig();
  rig.open("contoso.example", "out");
  const first = rig.inside(fromAlice("INVITE"));
  const invite = first.sent[0]!.message;
  return {
    rig,
    invite,
    caller: (method, changes) => rig.inside(fromAlice(method, changes)),
    called: (status, extra) => rig.outside(answerTo(invite, status, extra), "out-contoso.example"),
    toCaller: (taken) => taken.toNode.map(({ message }) => label(message)),
    toCalled: (taken) => taken.sent.map(({ message }) => label(message)),
  };
}

function partnerCalls(): Sides {
  const rig = new EdgeRig();
  rig.open("contoso.example");
  const invite = rig.outside(fromBob("INVITE")).toNode[0]!.message;
  return {
    rig,
    invite,
    caller: (method, changes) => rig.outside(fromBob(method, changes)),
    called: (status, extra) => rig.inside(answerTo(invite, status, extra)),
    toCaller: (taken) => taken.sent.map(({ message }) => label(message)),
    toCalled: (taken) => taken.toNode.map(({ message }) => label(message)),
  };
}

function label(message: ReturnType<typeof fromBob>): string {
  return message.isRequest ? message.method : `${message.status} ${message.method}`;
}

describe.each([
  ["the node calls", nodeCalls],
  ["a partner calls", partnerCalls],
])("INVITE: %s", (_, start) => {
  it("relays ringing and the 2xx, and each copy of the 2xx", () => {
    const { called, toCaller, toCalled } = start();
    expect(toCaller(called(100))).toEqual([]);
    expect(toCaller(called(180))).toEqual(["180 INVITE"]);
    const answered = called(200);
    expect([toCaller(answered), toCalled(answered)]).toEqual([["200 INVITE"], []]);
    expect(toCaller(called(200))).toEqual(["200 INVITE"]);
    expect(toCaller(called(486))).toEqual([]);
  });

  it("forgets it 64*T1 after the 2xx", () => {
    const { rig, called, toCaller } = start();
    called(200);
    rig.pass(31_999);
    expect(toCaller(called(200))).toEqual(["200 INVITE"]);
    rig.pass(1);
    expect(toCaller(called(200))).toEqual([]);
  });

  it("acknowledges a refusal on its own hop and keeps the caller's ACK", () => {
    const { rig, invite, caller, called, toCaller, toCalled } = start();
    const refused = called(486);
    expect([toCaller(refused), toCalled(refused)]).toEqual([["486 INVITE"], ["ACK"]]);
    const all = [...refused.sent, ...refused.toNode].map(({ message }) => message);
    const ack = all.find((message) => message.method === "ACK" && message.isRequest)!;
    expect([ack.topVia?.branch, ack.uri]).toEqual([invite.topVia?.branch, invite.uri]);
    const taken = caller("ACK", { CSeq: "1 ACK" });
    expect([toCaller(taken), toCalled(taken)]).toEqual([[], []]);
    expect(rig.edge.unanswered).toBe(0);
  });

  it("passes the ACK to a 2xx on", () => {
    const { caller, called, toCalled } = start();
    called(200);
    const domain = start === nodeCalls ? "contoso" : "alice@example.com";
    const changes = {
      Via: "SIP/2.0/TLS sip.contoso.example;branch=z9hG4bKack",
      To: start === nodeCalls ? "<sip:bob@contoso.example>;tag=t" : "<sip:alice@example.com>;tag=t",
    };
    expect(domain).toBeTruthy();
    expect(toCalled(caller("ACK", changes))).toEqual(["ACK"]);
  });

  it("holds a CANCEL back until the called side has said something", () => {
    const { invite, caller, called, toCaller, toCalled } = start();
    const asked = caller("CANCEL");
    expect([toCaller(asked), toCalled(asked)]).toEqual([["200 CANCEL"], []]);
    const rung = called(180);
    expect([toCaller(rung), toCalled(rung)]).toEqual([["180 INVITE"], ["CANCEL"]]);
    const cancel = [...rung.sent, ...rung.toNode].map(({ message }) => message).find((one) => one.isRequest)!;
    expect(cancel.lines("Via")).toEqual([invite.get("Via")]);
    expect(cancel.get("CSeq")).toBe("1 CANCEL");
    const ended = called(487);
    expect([toCaller(ended), toCalled(ended)]).toEqual([["487 INVITE"], ["ACK"]]);
  });

  it("sends a CANCEL on at once while it rings", () => {
    const { caller, called, toCalled } = start();
    called(180);
    expect(toCalled(caller("CANCEL"))).toEqual(["CANCEL"]);
    expect(toCalled(caller("CANCEL"))).toEqual([]);
  });

  it("gives up after 64*T1 when nothing comes back at all", () => {
    const { rig, toCaller } = start();
    expect(toCaller(rig.pass(31_999))).toEqual([]);
    expect(toCaller(rig.pass(1))).toEqual(["408 INVITE"]);
  });

  it("lets it ring for timer C after the last sign, then cancels", () => {
    const { rig, called, toCaller, toCalled } = start();
    called(180);
    rig.pass(180_000);
    called(180);
    expect(toCalled(rig.pass(180_999))).toEqual([]);
    expect(toCalled(rig.pass(1))).toEqual(["CANCEL"]);
    expect(toCaller(rig.pass(32_000))).toEqual(["408 INVITE"]);
    rig.pass(32_000);
    expect(rig.edge.nextDeadline()).toBeUndefined();
  });

  it("does not forward a copy of the INVITE", () => {
    const { caller, toCaller, toCalled } = start();
    const copy = caller("INVITE");
    expect([toCaller(copy), toCalled(copy)]).toEqual([[], []]);
  });

  it("knows no CANCEL for what it has not forwarded", () => {
    const { caller, toCaller, toCalled } = start();
    const taken = caller("CANCEL", { Via: "SIP/2.0/TLS sip.contoso.example;branch=z9hG4bKother" });
    expect([toCaller(taken), toCalled(taken)]).toEqual([["481 CANCEL"], []]);
  });
});

describe("INVITE at the edges of a connection", () => {
  it("is taken on with a 100 of our own", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const { message } = rig.outside(fromBob("INVITE")).sent[0]!;
    expect(text(message)).toBe(`SIP/2.0 100 Trying
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKpeer1
From: <sip:bob@contoso.example>;tag=b1
To: <sip:alice@example.com>
Call-ID: call-1
CSeq: 1 INVITE
Content-Length: 0`);
  });

  it("that waits for a connection can be cancelled, and is not sent then", () => {
    const rig = new EdgeRig();
    rig.inside(fromAlice("INVITE"));
    const taken = rig.inside(fromAlice("CANCEL"));
    expect(taken.toNode.map(({ message }) => label(message))).toEqual(["200 CANCEL", "487 INVITE"]);
    expect(rig.open("contoso.example", "out").sent).toEqual([]);
    expect(rig.inside(fromAlice("ACK")).sent).toEqual([]);
  });

  it("is a 504 when the connection breaks before any sign, and goes on when it rang", () => {
    const silent = nodeCalls();
    const lost = silent.rig.feed({ kind: "closed", connection: "out-contoso.example", why: "reset" });
    expect(silent.toCaller(lost)).toEqual(["504 INVITE"]);
    const ringing = nodeCalls();
    ringing.called(180);
    const kept = ringing.rig.feed({ kind: "closed", connection: "out-contoso.example", why: "reset" });
    expect(ringing.toCaller(kept)).toEqual([]);
    ringing.rig.open("contoso.example", "in");
    const answer = ringing.rig.outside(answerTo(ringing.invite, 200));
    expect(ringing.toCaller(answer)).toEqual(["200 INVITE"]);
  });

  it("of one partner can't be cancelled or acknowledged by another", () => {
    const { rig, toCalled } = partnerCalls();
    rig.open("fabrikam.example");
    const taken = rig.outside(
      fromBob("CANCEL", { From: "<sip:f@fabrikam.example>;tag=b1" }),
      "in-fabrikam.example",
    );
    expect([taken.sent[0]!.message.status, toCalled(taken)]).toEqual([481, []]);
    const forged = rig.outside(fromBob("CANCEL"), "in-fabrikam.example");
    expect([forged.sent[0]!.message.status, toCalled(forged)]).toEqual([403, []]);
  });
});
