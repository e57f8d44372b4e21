import { describe, expect, it } from "vitest";
import {
  AgentRig,
  ALICE,
  BOB,
  headText,
  NOTHING_HELD,
  request,
  response,
} from "../../test/user-agent-rig.ts";
import { serializeBytes } from "../message/serialize.ts";
import { MAX_FORKS } from "./client-core.ts";
import { TOO_LARGE } from "./port.ts";

const MESSAGE = { kind: "request", ref: "m", method: "MESSAGE", from: ALICE, to: BOB } as const;

describe("a request outside dialogs", () => {
  it("has what RFC 3261 8.1.1 asks for, and no Contact where it makes no dialog", () => {
    const rig = new AgentRig();
    rig.command({
      ...MESSAGE,
      from: { ...ALICE, display: 'Al "Ice" Åse' },
      body: { type: "text/plain", bytes: new TextEncoder().encode("Hi") },
    });
    expect(headText(rig.sentOne())).toBe(
      `MESSAGE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS gw.example:5061;branch=z9hG4bKgw000000003
Max-Forwards: 70
From: "Al \\"Ice\\" \u00c3\u0085se" <sip:alice@example.com>;tag=gw000000001
To: <sip:bob@contoso.example>
Call-ID: gw000000002
CSeq: 1 MESSAGE
User-Agent: Tombolo
Content-Type: text/plain
Content-Length: 2

`,
    );
  });

  it("continues a call that it is given", () => {
    const rig = new AgentRig();
    const sent = rig.command({ ...MESSAGE, call: { callId: "c1", fromTag: "t1", cseq: 7 } }).sentOne();
    expect([sent.callId, sent.fromTag, sent.get("CSeq")]).toEqual(["c1", "t1", "7 MESSAGE"]);
  });

  it("is sent up to the length that it may have, and not a byte over it (RFC 3428 8)", () => {
    const rig = new AgentRig();
    const body = { type: "text/plain", bytes: new TextEncoder().encode("Hi") };
    const length = serializeBytes(rig.command({ ...MESSAGE, body }).sentOne()).length;
    expect(rig.command({ ...MESSAGE, ref: "fits", body, maxBytes: length }).sentKinds()).toEqual(["MESSAGE"]);
    expect(rig.command({ ...MESSAGE, ref: "over", body, maxBytes: length - 1 }).sentKinds()).toEqual([]);
    expect(rig.outcomeOf("over")).toEqual({ kind: "unreachable", why: TOO_LARGE, mayHaveBeenSent: false });
  });

  it("has our Contact where it makes a dialog, or the one it is given", () => {
    const rig = new AgentRig();
    expect(rig.open("INVITE").request.get("Contact")).toBe("<sip:gw.example:5061;transport=tls>");
    const own = rig.open("SUBSCRIBE", [["Contact", "<sip:alice@example.com;gr=x>"]]).request;
    expect(own.lines("Contact")).toEqual(["<sip:alice@example.com;gr=x>"]);
  });

  it("has one outcome, and copies of the answer vanish (TX-09)", () => {
    const rig = new AgentRig();
    const sent = rig.command(MESSAGE).sentOne();
    rig.receive(response(sent, 100)).receive(response(sent, 202));
    const outcome = rig.outcomeOf("m");
    expect(outcome).toMatchObject({ kind: "final", status: 202 });
    rig.receive(response(sent, 202)).receive(response(sent, 480));
    expect(rig.events()).toEqual([]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });

  it("is sent once and times out after 32 s (TX-01)", () => {
    const rig = new AgentRig();
    rig.command(MESSAGE).sentOne();
    expect(rig.advance(31_999).events()).toEqual([]);
    expect(rig.advance(1).outcomeOf("m")).toEqual({ kind: "timeout" });
    expect(rig.takeSent()).toEqual([]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
    expect(rig.agent.nextDeadline()).toBeUndefined();
  });

  it("that does not get out is unreachable", () => {
    const rig = new AgentRig();
    const sent = rig.command(MESSAGE).sentOne();
    expect(rig.undeliverable(sent).outcomeOf("m")).toEqual({
      kind: "unreachable",
      why: "refused",
      mayHaveBeenSent: false,
    });
    expect(rig.undeliverable(sent).events()).toEqual([]);
  });

  it("is not sent with a line break in a header", () => {
    const rig = new AgentRig();
    rig.command({ ...MESSAGE, headers: [["Subject", "a\r\nX: b"]] });
    expect(rig.outcomeOf("m")).toMatchObject({ kind: "unreachable", mayHaveBeenSent: false });
    rig.command({ kind: "open", ref: "o", method: "INVITE", from: ALICE, to: { uri: "sip:b\r\n@c" } });
    expect(rig.outcomeOf("o")).toMatchObject({ kind: "unreachable" });
    expect(rig.takeSent()).toEqual([]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });
});

describe("an INVITE of ours", () => {
  it("times out when nothing comes for 32 s, but waits once something provisional did (TX-02)", () => {
    const rig = new AgentRig();
    const silent = rig.open("INVITE");
    expect(rig.advance(32_000).outcomeOf(silent.ref)).toEqual({ kind: "timeout" });
    const { ref, request: invite } = rig.open("INVITE");
    rig.receive(response(invite, 100)).receive(response(invite, 180));
    expect(rig.eventOne("provisional")).toMatchObject({ ref, status: 180 });
    expect(rig.advance(600_000).events()).toEqual([]);
  });

  it("refused is acknowledged in its transaction: same branch, To of the answer (TX-02)", () => {
    const rig = new AgentRig();
    const { ref, request: invite } = rig.open("INVITE");
    rig.receive(response(invite, 486, { toTag: "busy" }));
    expect(rig.outcomeOf(ref)).toMatchObject({ kind: "final", status: 486 });
    const ack = rig.sentOne();
    expect(ack.get("Via")).toBe(invite.get("Via"));
    expect([ack.method, ack.uri, ack.get("To"), ack.get("CSeq")]).toEqual([
      "ACK",
      invite.uri,
      "<sip:bob@contoso.example>;tag=busy",
      "1 ACK",
    ]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });

  it("accepted is acknowledged on every copy: own branch, same CSeq number, route set (TX-06)", () => {
    const rig = new AgentRig();
    const { ref, request: invite } = rig.open("INVITE");
    const more = ["Record-Route: <sip:a.example;lr;x=1>;y=2", "Record-Route: <sip:b.example;lr>"];
    rig.receive(response(invite, 200, { more }));
    expect(rig.outcomeOf(ref)).toMatchObject({ kind: "final", status: 200, dialog: expect.any(String) });
    const ack = rig.sentOne();
    expect(ack.uri).toBe("sip:bob@10.0.0.7:5061;transport=tls");
    expect(ack.lines("Route")).toEqual(["<sip:b.example;lr>", "<sip:a.example;lr;x=1>;y=2"]);
    expect(ack.get("CSeq")).toBe("1 ACK");
    expect(ack.topVia?.branch).not.toBe(invite.topVia?.branch);
    expect(
      rig
        .receive(response(invite, 200, { more }))
        .sentOne()
        .get("CSeq"),
    ).toBe("1 ACK");
    expect(rig.events()).toEqual([]);
    // Timer M is over: a copy is a stray now.
    rig.advance(32_000).receive(response(invite, 200, { more }));
    expect(rig.takeSent()).toEqual([]);
  });

  it("ends the forks that come after the first: ACK, then BYE (TX-08)", () => {
    const rig = new AgentRig();
    const { request: invite } = rig.open("INVITE");
    rig.receive(response(invite, 200, { toTag: "first" }));
    rig.takeSent();
    rig.events();
    rig.receive(response(invite, 200, { toTag: "second" }));
    const [ack, bye] = rig.takeSent();
    expect([ack?.method, ack?.toTag, bye?.method, bye?.toTag]).toEqual(["ACK", "second", "BYE", "second"]);
    expect(bye?.get("CSeq")).toBe("2 BYE");
    rig.receive(response(bye!, 200));
    expect(rig.events()).toEqual([]);
    expect(rig.agent.counts).toMatchObject({ dialogs: 1, dialogsInMaking: 0 });
    for (let i = 2; i <= MAX_FORKS; i++) rig.receive(response(invite, 200, { toTag: `fork${i}` }));
    expect(rig.sentKinds().filter((kind) => kind === "BYE")).toHaveLength(MAX_FORKS - 2);
  });
});

describe("cancel", () => {
  it("waits for something provisional, and is like the INVITE (TX-12)", () => {
    const rig = new AgentRig();
    const { ref, request: invite } = rig.open("INVITE");
    rig.command({ kind: "cancel", ref });
    expect(rig.takeSent()).toEqual([]);
    const cancel = rig.receive(response(invite, 100)).sentOne();
    expect(cancel.lines("Via")).toEqual(invite.lines("Via"));
    expect([cancel.method, cancel.uri, cancel.get("To"), cancel.get("CSeq"), cancel.get("Contact")]).toEqual([
      "CANCEL",
      invite.uri,
      invite.get("To"),
      "1 CANCEL",
      undefined,
    ]);
    rig.command({ kind: "cancel", ref });
    expect(rig.takeSent()).toEqual([]);
    rig.receive(response(cancel, 200)).receive(response(invite, 487));
    expect(rig.outcomeOf(ref)).toMatchObject({ kind: "final", status: 487 });
    expect(rig.sentKinds()).toEqual(["ACK"]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });

  it("that the 2xx overtakes gives a dialog (RFC 3261 9.1)", () => {
    const rig = new AgentRig();
    const { ref, request: invite } = rig.open("INVITE");
    rig.receive(response(invite, 180)).events();
    rig.command({ kind: "cancel", ref });
    rig.receive(response(invite, 200));
    expect(rig.outcomeOf(ref)).toMatchObject({ kind: "final", status: 200, dialog: expect.any(String) });
    expect(rig.sentKinds()).toEqual(["CANCEL", "ACK"]);
  });

  it("gives up after 32 s without final answer", () => {
    const rig = new AgentRig();
    const { ref, request: invite } = rig.open("INVITE");
    rig.receive(response(invite, 180)).events();
    rig.command({ kind: "cancel", ref });
    expect(rig.advance(32_000).outcomeOf(ref)).toEqual({ kind: "timeout" });
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });

  it("is never sent for a SUBSCRIBE (EV-20)", () => {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE");
    rig.receive(response(subscribe, 100)).command({ kind: "cancel", ref });
    expect(rig.takeSent()).toEqual([]);
  });
});

describe("a request of ours in a dialog", () => {
  it("counts up, goes to the target, and has a Contact only where it moves one (DG-02)", () => {
    const rig = new AgentRig();
    const { dialog, invite } = rig.inviting();
    const message = rig.inDialog(dialog, "MESSAGE").request;
    expect(message.uri).toBe("sip:bob@10.0.0.7:5061;transport=tls");
    expect([message.get("CSeq"), message.callId, message.get("From"), message.get("To")]).toEqual([
      "2 MESSAGE",
      invite.callId,
      invite.get("From"),
      "<sip:bob@contoso.example>;tag=peertag",
    ]);
    expect(message.get("Contact")).toBeUndefined();
    expect(rig.inDialog(dialog, "UPDATE").request.get("Contact")).toBe("<sip:gw.example:5061;transport=tls>");
  });

  it("moves the target by the 2xx to an UPDATE, not to a MESSAGE", () => {
    const rig = new AgentRig();
    const { dialog } = rig.inviting();
    const moved = { contact: "<sip:bob@10.0.0.9>" };
    rig.receive(response(rig.inDialog(dialog, "MESSAGE").request, 200, moved));
    const update = rig.inDialog(dialog, "UPDATE").request;
    expect(update.uri).toBe("sip:bob@10.0.0.7:5061;transport=tls");
    rig.receive(response(update, 200, moved));
    expect(rig.inDialog(dialog, "BYE").request.uri).toBe("sip:bob@10.0.0.9");
  });

  it("that is an INVITE runs alone (DG-07) and is acknowledged", () => {
    const rig = new AgentRig();
    const { dialog } = rig.inviting();
    const { ref, request: again } = rig.inDialog(dialog, "INVITE");
    rig.command({ kind: "dialog-request", ref: "x", dialog, method: "INVITE" });
    expect(rig.outcomeOf("x")).toMatchObject({ kind: "unreachable", mayHaveBeenSent: false });
    rig.receive(response(again, 200));
    expect(rig.outcomeOf(ref)).toMatchObject({ kind: "final", status: 200, dialog: undefined });
    expect(rig.sentOne().get("CSeq")).toBe("2 ACK");
    expect(rig.inDialog(dialog, "INVITE").request.get("CSeq")).toBe("3 INVITE");
  });

  it("of an unknown dialog is unreachable", () => {
    const rig = new AgentRig();
    rig.command({ kind: "dialog-request", ref: "x", dialog: "none", method: "BYE" });
    expect(rig.outcomeOf("x")).toMatchObject({ kind: "unreachable", mayHaveBeenSent: false });
  });

  it("has its outcome also when the dialog is dropped meanwhile", () => {
    const rig = new AgentRig();
    const { dialog } = rig.inviting();
    const { ref, request: bye } = rig.inDialog(dialog, "BYE");
    rig.command({ kind: "drop", dialog });
    expect(rig.receive(response(bye, 200)).outcomeOf(ref)).toMatchObject({ status: 200 });
    expect(rig.advance(32_000).agent.counts).toEqual(NOTHING_HELD);
  });
});

describe("bounds and end", () => {
  it("refuses a command over maxTransactions", () => {
    const rig = new AgentRig({ limits: { maxTransactions: 2 } });
    const first = rig.command({ ...MESSAGE, ref: "a" }).sentOne();
    rig.command({ ...MESSAGE, ref: "b" }).sentOne();
    rig.command({ ...MESSAGE, ref: "c" });
    expect(rig.outcomeOf("c")).toMatchObject({ kind: "unreachable", mayHaveBeenSent: false });
    rig.receive(response(first, 200)).events();
    rig.command({ ...MESSAGE, ref: "d" }).sentOne();
  });

  it("refuses a dialog over maxDialogs, those in the making included", () => {
    const rig = new AgentRig({ limits: { maxDialogs: 2 } });
    rig.inviting();
    const { request: subscribe } = rig.open("SUBSCRIBE");
    rig.command({ kind: "open", ref: "x", method: "INVITE", from: ALICE, to: BOB });
    expect(rig.outcomeOf("x")).toMatchObject({ kind: "unreachable", mayHaveBeenSent: false });
    rig.receive(response(subscribe, 403)).events();
    expect(rig.open("INVITE").request.method).toBe("INVITE");
  });

  it("gives every command its outcome when it stops, and refuses what comes after", () => {
    const rig = new AgentRig();
    rig.inviting();
    const { ref } = rig.open("INVITE");
    rig.command({ ...MESSAGE, ref: "m" }).takeSent();
    rig.stop();
    const stopped = { kind: "unreachable", why: "stopped", mayHaveBeenSent: true };
    expect(rig.events()).toEqual([
      { kind: "outcome", ref, outcome: stopped },
      { kind: "outcome", ref: "m", outcome: stopped },
    ]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
    expect(rig.agent.nextDeadline()).toBeUndefined();
    expect(rig.command({ ...MESSAGE, ref: "n" }).outcomeOf("n")).toMatchObject({ mayHaveBeenSent: false });
    expect(rig.receive(request("MESSAGE")).sentKinds()).toEqual(["480"]);
  });
});
