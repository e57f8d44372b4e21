import { describe, expect, it } from "vitest";
import { answerTo, EdgeRig, fromAlice, fromBob, sip, text } from "../test/edge-rig.ts";
import { UNSENT_HEADER } from "./index.ts";

function linked(direction: "in" | "out" = "in"): EdgeRig {
  const rig = new EdgeRig();
  rig.open("contoso.example", direction);
  return rig;
}

describe("from a partner to the node and back", () => {
  const subscribe = sip(`SUBSCRIBE sip:alice@example.com SIP/2.0
    VIA: SIP/2.0/tls sip.contoso.example:5061;branch=z9hG4bKF00.1;branched=FALSE;ms-internal-info="a;b"
    Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=AAE>;tag=0F3C
    Via: SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122
    FROM: "Bob" <sip:bob@contoso.example>;tag=b1;epid=01ab
    To: <sip:alice@example.com>
    Call-ID: 0b1c
    CSEQ: 1 SUBSCRIBE
    MAX-FORWARDS: 66
    Event: presence
    ms-edge-proxy-message-trust: ms-source-type=AutoFederation
    P-ASSERTED-IDENTITY: "Bob"<sip:ceo@contoso.example>
    ms-user-data: ms-federation=true
    Proxy-Require: ms-benotify
    Contact: <sip:bob@contoso.example;opaque=user:epid:Vm9k;gruu>
    Content-Type: text/plain

    body`);

  it("changes what RFC 3261 16.6 says, takes private headers off, and nothing else", () => {
    const taken = linked().outside(subscribe);
    expect(text(taken.toNode[0]!.message)).toBe(
      `SUBSCRIBE sip:alice@example.com SIP/2.0
Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK0.id1
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Via: SIP/2.0/tls sip.contoso.example:5061;branch=z9hG4bKF00.1;branched=FALSE;ms-internal-info="a;b";received=192.0.2.7
Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=AAE>;tag=0F3C
Via: SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122
From: "Bob" <sip:bob@contoso.example>;tag=b1;epid=01ab
To: <sip:alice@example.com>
Call-ID: 0b1c
CSeq: 1 SUBSCRIBE
Max-Forwards: 65
Event: presence
ms-user-data: ms-federation=true
Proxy-Require: ms-benotify
Contact: <sip:bob@contoso.example;opaque=user:epid:Vm9k;gruu>
Content-Type: text/plain
Content-Length: 4

body`,
    );
    expect(taken.toNode[0]!.verified).toEqual({ partner: "contoso.example", name: "sip.contoso.example" });
    expect(taken.sent).toEqual([]);
    expect(taken.observed).toEqual([
      { kind: "request", side: "outside", partner: "contoso.example", direction: "in", method: "SUBSCRIBE" },
      {
        kind: "decision",
        gate: "edge",
        decision: "allow",
        reason: "partner",
        partner: "contoso.example",
        direction: "in",
      },
    ]);
  });

  it("brings the answer back on the same connection without our Via", () => {
    const rig = linked();
    const { message } = rig.outside(subscribe).toNode[0]!;
    const taken = rig.inside(
      answerTo(message, 200, ["P-Asserted-Identity: <sip:alice@example.com>", "Expires: 3600"]),
    );
    expect(taken.sent[0]!.connection).toBe("in-contoso.example");
    expect(text(taken.sent[0]!.message)).toBe(
      `SIP/2.0 200 Some Reason
Via: SIP/2.0/tls sip.contoso.example:5061;branch=z9hG4bKF00.1;branched=FALSE;ms-internal-info="a;b";received=192.0.2.7
Via: SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122
From: "Bob" <sip:bob@contoso.example>;tag=b1;epid=01ab
To: <sip:alice@example.com>
Call-ID: 0b1c
CSeq: 1 SUBSCRIBE
Expires: 3600
Content-Length: 0`,
    );
    expect(taken.observed).toEqual([
      {
        kind: "response",
        side: "outside",
        partner: "contoso.example",
        direction: "out",
        method: "SUBSCRIBE",
        status: 200,
      },
    ]);
  });

  it("answers once: what comes after the final answer is dropped", () => {
    const rig = linked();
    const { message } = rig.outside(subscribe).toNode[0]!;
    rig.inside(answerTo(message, 200));
    const late = rig.inside(answerTo(message, 500));
    expect(late.sent).toEqual([]);
    expect(late.observed).toEqual([
      { kind: "dropped", reason: "stray-response", partner: "", direction: "out" },
    ]);
  });

  it("uses another connection of the partner when the first is gone, and no other partner's", () => {
    const rig = linked();
    rig.open("fabrikam.example");
    const first = rig.outside(fromBob("MESSAGE")).toNode[0]!.message;
    const second = rig.outside(fromBob("MESSAGE")).toNode[0]!.message;
    rig.feed({ kind: "closed", connection: "in-contoso.example", why: "reset" });
    const dropped = rig.inside(answerTo(first, 200));
    expect(dropped.sent).toEqual([]);
    expect(dropped.observed).toContainEqual({
      kind: "dropped",
      reason: "no-connection",
      partner: "contoso.example",
      direction: "out",
    });
    rig.open("contoso.example", "in", "again");
    expect(rig.inside(answerTo(second, 200)).sent.map(({ connection }) => connection)).toEqual(["again"]);
  });

  it.each([
    ["MESSAGE", 401, 403],
    ["MESSAGE", 407, 403],
    ["MESSAGE", 408, 504],
    ["INVITE", 408, 408],
    ["MESSAGE", 503, 500],
    ["INVITE", 600, 486],
    ["MESSAGE", 404, 404],
  ])("%s: a node's %i goes out as %i", (method, status, seen) => {
    const rig = linked();
    const { message } = rig.outside(fromBob(method)).toNode[0]!;
    const taken = rig.inside(answerTo(message, status, ['WWW-Authenticate: Digest realm="x"']));
    const answer = taken.sent.find((one) => one.message.status >= 200)!.message;
    expect([answer.status, answer.get("WWW-Authenticate")]).toEqual([seen, undefined]);
  });

  it("says 100 to a slow request only when the node does, and no other provisional answer", () => {
    const rig = linked();
    const { message } = rig.outside(fromBob("MESSAGE")).toNode[0]!;
    expect(rig.inside(answerTo(message, 100)).sent[0]!.message.status).toBe(100);
    expect(rig.inside(answerTo(message, 183)).sent).toEqual([]);
  });

  it("gives a request without Max-Forwards 70 hops, and stays off the path of what makes no dialog", () => {
    const { message } = linked().outside(fromBob("MESSAGE", { "Max-Forwards": undefined })).toNode[0]!;
    expect(message.get("Max-Forwards")).toBe("70");
    expect(message.get("Record-Route")).toBeUndefined();
  });

  it.each(["INVITE", "SUBSCRIBE", "NOTIFY", "BENOTIFY", "REFER", "FOO"])(
    "stays on the path of %s",
    (method) => {
      const { message } = linked().outside(fromBob(method)).toNode[0]!;
      expect(message.lines("Record-Route")).toEqual(["<sip:sip.example.com:5061;transport=tls;lr>"]);
    },
  );

  it.each([
    ["<sip:sip.example.com:5061;transport=tls;lr>", []],
    ["<sip:SIP.example.com;lr>;tag=x, <sip:in.example;lr>", ["<sip:in.example;lr>"]],
    ["<sip:third.example;lr>", ["<sip:third.example;lr>"]],
    ["<sip:sip.example.com:5999;lr>", ["<sip:sip.example.com:5999;lr>"]],
  ])("takes its own Route %s off, and lets none lead elsewhere", (route, left) => {
    const taken = linked().outside(
      fromBob("BYE", {
        "Request-URI": "sip:sip.example.com:5061;transport=tls",
        To: "<sip:alice@example.com>;tag=a",
        Route: route,
      }),
    );
    expect(taken.toNode[0]!.message.lines("Route")).toEqual(left);
    expect(taken.sent).toEqual([]);
    expect(taken.dialled).toEqual([]);
  });

  it("undoes strict routing", () => {
    const taken = linked().outside(
      fromBob("BYE", {
        "Request-URI": "sip:sip.example.com:5061;transport=tls;lr",
        To: "<sip:alice@example.com>;tag=a",
        Route: "<sip:alice@example.com;gr=1>",
      }),
    );
    expect(taken.toNode[0]!.message.uri).toBe("sip:alice@example.com;gr=1");
    expect(taken.toNode[0]!.message.get("Route")).toBeUndefined();
  });

  it("fills rport and does not believe a received that the sender wrote", () => {
    const via = "SIP/2.0/TLS 192.0.2.7:5061;rport;received=10.0.0.1;branch=z9hG4bKx, SIP/2.0/TLS in.example";
    const { message } = linked().outside(fromBob("MESSAGE", { Via: via })).toNode[0]!;
    expect(message.lines("Via")[1]).toBe(
      "SIP/2.0/TLS 192.0.2.7:5061;rport=41000;branch=z9hG4bKx;received=192.0.2.7, SIP/2.0/TLS in.example",
    );
  });
});

describe("from the node to a partner and back", () => {
  it("changes what RFC 3261 16.6 says and takes private headers off", () => {
    const taken = linked("out").inside(
      fromAlice("SUBSCRIBE", {
        Route:
          "<sip:sip.example.com:5061;transport=tls;lr>, <sip:sip.contoso.example;lr;ms-route-sig=x>;tag=1",
        "P-Asserted-Identity": "<sip:alice@example.com>",
        Contact: "<sip:alice@example.com;gr=1>",
      }),
    );
    expect(taken.sent[0]!.connection).toBe("out-contoso.example");
    expect(text(taken.sent[0]!.message)).toBe(
      `SUBSCRIBE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK0.id1
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Via: SIP/2.0/TLS gateway.invalid;branch=z9hG4bKnode1
Max-Forwards: 69
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>
Call-ID: call-2
CSeq: 1 SUBSCRIBE
Route: <sip:sip.contoso.example;lr;ms-route-sig=x>;tag=1
Contact: <sip:alice@example.com;gr=1>
Content-Length: 0`,
    );
  });

  it("matches the answer by its branch, whatever the partner stamped on our Via", () => {
    const rig = linked("out");
    const { message } = rig.inside(fromAlice("MESSAGE")).sent[0]!;
    const answer = sip(
      text(answerTo(message, 202, ["ms-edge-proxy-message-trust: x"])).replace(
        "z9hG4bK0.id1",
        "z9hG4bK0.id1;received=203.0.113.5;ms-received-port=5061;ms-received-cid=3E8A00",
      ),
    );
    const taken = rig.outside(answer, "out-contoso.example");
    expect(taken.toNode[0]!.message.lines("Via")).toEqual([
      "SIP/2.0/TLS gateway.invalid;branch=z9hG4bKnode1",
    ]);
    expect(taken.toNode[0]!.message.get("ms-edge-proxy-message-trust")).toBeUndefined();
    expect(taken.toNode[0]!.verified?.partner).toBe("contoso.example");
  });

  it("takes an answer over another connection of that partner, and from no other partner", () => {
    const rig = linked("out");
    rig.open("fabrikam.example");
    rig.open("contoso.example");
    const { message } = rig.inside(fromAlice("MESSAGE")).sent[0]!;
    expect(rig.outside(answerTo(message, 200), "in-fabrikam.example").toNode).toEqual([]);
    expect(rig.outside(answerTo(message, 200), "in-contoso.example").toNode).toHaveLength(1);
  });

  it.each([
    ["another sent-by", "SIP/2.0/TLS sip.evil.example:5061;branch=z9hG4bK0.id1"],
    ["another branch", "SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK0.id9"],
    ["no branch", "SIP/2.0/TLS sip.example.com:5061"],
  ])("drops an answer with %s", (_, via) => {
    const rig = linked("out");
    const { message } = rig.inside(fromAlice("MESSAGE")).sent[0]!;
    const answer = sip(text(answerTo(message, 200)).replace(/Via: .*/, `Via: ${via}`));
    expect(rig.outside(answer, "out-contoso.example").toNode).toEqual([]);
  });

  it("prefers our own connection, then the partner's", () => {
    const rig = linked("in");
    expect(rig.inside(fromAlice("MESSAGE")).sent[0]!.connection).toBe("in-contoso.example");
    rig.open("contoso.example", "out");
    expect(rig.inside(fromAlice("MESSAGE")).sent[0]!.connection).toBe("out-contoso.example");
    rig.feed({ kind: "closed", connection: "out-contoso.example", why: "closed-there" });
    expect(rig.inside(fromAlice("MESSAGE")).sent[0]!.connection).toBe("in-contoso.example");
  });

  it("goes to the partner of the dialog and never where a Contact or Route points", () => {
    const rig = linked("out");
    rig.open("fabrikam.example", "out");
    const taken = rig.inside(
      fromAlice("NOTIFY", {
        "Request-URI": "sip:bob@fabrikam.example",
        To: "<sip:bob@contoso.example>;tag=b",
        Route: "<sip:third.example;lr>",
      }),
    );
    expect(taken.sent.map(({ connection }) => connection)).toEqual(["out-contoso.example"]);
    expect(taken.dialled).toEqual([]);
  });

  it.each([
    ["a domain that is no partner", { "Request-URI": "sip:x@third.example" }, 404],
    ["From that is not ours", { From: "<sip:alice@other.example>;tag=1" }, 403],
    ["its last hop", { "Max-Forwards": "0" }, 483],
  ])("refuses a node's request with %s", (_, changes, status) => {
    const taken = linked("out").inside(fromAlice("MESSAGE", changes));
    expect(taken.toNode.map(({ message, verified }) => [message.status, verified])).toEqual([
      [status, undefined],
    ]);
    expect(taken.sent).toEqual([]);
    expect(taken.dialled).toEqual([]);
  });

  it("says 504 for what is pending when the connection breaks", () => {
    const rig = linked("out");
    rig.inside(fromAlice("MESSAGE"));
    const answered = rig.inside(fromAlice("MESSAGE", { "Call-ID": "other" })).sent[0]!.message;
    rig.outside(answerTo(answered, 200), "out-contoso.example");
    const taken = rig.feed({ kind: "closed", connection: "out-contoso.example", why: "reset" });
    expect(taken.toNode.map(({ message }) => [message.status, message.callId])).toEqual([[504, "call-2"]]);
    expect(taken.toNode[0]!.message.get(UNSENT_HEADER)).toBeUndefined();
  });

  it("forgets what nobody answers after 64*T1, without a 408", () => {
    const rig = linked("out");
    const { message } = rig.inside(fromAlice("MESSAGE")).sent[0]!;
    expect(rig.pass(32_000).toNode).toEqual([]);
    expect(rig.edge.unanswered).toBe(0);
    expect(rig.outside(answerTo(message, 200), "out-contoso.example").toNode).toEqual([]);
  });
});
