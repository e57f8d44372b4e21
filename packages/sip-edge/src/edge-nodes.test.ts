import { describe, expect, it } from "vitest";
import { answerTo, fromAlice, fromBob, sip, text } from "../test/edge-rig.ts";
import { INSIDE, NodeRig } from "../test/node-rig.ts";

describe("a subscription of a partner to somebody behind the routing node", () => {
  const rig = new NodeRig().linked();

  it("goes to the routing node, which sees the inside first and the partner's routes behind it (ASA-02)", () => {
    expect(
      rig.say(
        "in-contoso.example",
        `SUBSCRIBE sip:alice@example.com SIP/2.0
        Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb1
        Via: SIP/2.0/TLS 10.1.4.77:50122
        Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=A>;tag=7
        Max-Forwards: 66
        From: <sip:bob@contoso.example>;tag=b1
        To: <sip:alice@example.com>
        Call-ID: s1
        CSeq: 1 SUBSCRIBE
        Event: presence
        X-Tombolo-Verified: example.com
        Contact: <sip:bob@contoso.example;gruu>`,
      ),
    ).toEqual([
      `gw1: SUBSCRIBE sip:alice@example.com SIP/2.0
Via: SIP/2.0/TLS 10.0.0.5:5062;branch=z9hG4bK0.id1
Record-Route: <sip:10.0.0.5:5062;transport=tls;lr>
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb1;received=192.0.2.7
Via: SIP/2.0/TLS 10.1.4.77:50122
Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=A>;tag=7
Max-Forwards: 65
From: <sip:bob@contoso.example>;tag=b1
To: <sip:alice@example.com>
Call-ID: s1
CSeq: 1 SUBSCRIBE
Event: presence
Contact: <sip:bob@contoso.example;gruu>
X-Tombolo-Verified: contoso.example;name="sip.contoso.example"
Content-Length: 0`,
    ]);
  });

  it("is answered with public addresses only (CLU-06), though a proxy inside stays on the path", () => {
    expect(
      rig.say(
        "gw1",
        `SIP/2.0 200 OK
        Via: SIP/2.0/TLS 10.0.0.5:5062;branch=z9hG4bK0.id1
        Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb1;received=192.0.2.7
        Via: SIP/2.0/TLS 10.1.4.77:50122
        Record-Route: <sip:proxy.inside.test:5060;transport=tcp;lr>, <sip:10.0.0.5:5062;transport=tls;lr>
        Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
        Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=A>;tag=7
        From: <sip:bob@contoso.example>;tag=b1
        To: <sip:alice@example.com>;tag=a1
        Call-ID: s1
        CSeq: 1 SUBSCRIBE
        Expires: 3600
        Warning: 399 gw1.inside.test:5062 "all is well"
        Contact: <sip:alice@10.0.0.6:5080;transport=tcp;ob>;+x="y"`,
      ),
    ).toEqual([
      `in-contoso.example: SIP/2.0 200 OK
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb1;received=192.0.2.7
Via: SIP/2.0/TLS 10.1.4.77:50122
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=A>;tag=7
From: <sip:bob@contoso.example>;tag=b1
To: <sip:alice@example.com>;tag=a1
Call-ID: s1
CSeq: 1 SUBSCRIBE
Expires: 3600
Warning: 399 sip.example.com "all is well"
Contact: <sip:alice@sip.example.com:5061;transport=tls;ob>;+x="y"
Content-Length: 0`,
    ]);
  });

  it("is refreshed at the node's own Contact, by way of the proxy inside", () => {
    expect(
      rig.say(
        "in-contoso.example",
        `SUBSCRIBE sip:alice@sip.example.com:5061;transport=tls;ob SIP/2.0
        Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb2
        Route: <sip:sip.example.com:5061;transport=tls;lr>
        Max-Forwards: 66
        From: <sip:bob@contoso.example>;tag=b1
        To: <sip:alice@example.com>;tag=a1
        Call-ID: s1
        CSeq: 2 SUBSCRIBE
        Event: presence`,
      ),
    ).toEqual([
      `gw1: SUBSCRIBE sip:alice@10.0.0.6:5080;transport=tcp;ob SIP/2.0
Via: SIP/2.0/TLS 10.0.0.5:5062;branch=z9hG4bK0.id2
Record-Route: <sip:10.0.0.5:5062;transport=tls;lr>
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Route: <sip:proxy.inside.test:5060;transport=tcp;lr>
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb2;received=192.0.2.7
Max-Forwards: 65
From: <sip:bob@contoso.example>;tag=b1
To: <sip:alice@example.com>;tag=a1
Call-ID: s1
CSeq: 2 SUBSCRIBE
Event: presence
X-Tombolo-Verified: contoso.example;name="sip.contoso.example"
Content-Length: 0`,
    ]);
  });

  it("has its NOTIFYs go out by our and the partner's routes only", () => {
    expect(
      rig.say(
        "gw1",
        `NOTIFY sip:bob@contoso.example;gruu SIP/2.0
        Via: SIP/2.0/TCP proxy.inside.test;branch=z9hG4bKp1
        Via: SIP/2.0/TCP 10.0.0.6:5080;branch=z9hG4bKn1
        Record-Route: <sip:proxy.inside.test:5060;transport=tcp;lr>
        Route: <sip:10.0.0.5:5062;transport=tls;lr>, <sip:sip.example.com:5061;transport=tls;lr>
        Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=A>;tag=7
        Max-Forwards: 69
        From: <sip:alice@example.com>;tag=a1
        To: <sip:bob@contoso.example>;tag=b1
        Call-ID: s1
        CSeq: 1 NOTIFY
        Subscription-State: active;expires=3600
        Event: presence
        Contact: <sip:alice@10.0.0.6:5080;transport=tcp>`,
      ),
    ).toEqual([
      `out-contoso.example: NOTIFY sip:bob@contoso.example;gruu SIP/2.0
Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK1.id3
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Route: <sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=A>;tag=7
Max-Forwards: 68
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>;tag=b1
Call-ID: s1
CSeq: 1 NOTIFY
Subscription-State: active;expires=3600
Event: presence
Contact: <sip:alice@sip.example.com:5061;transport=tls>
Content-Length: 0`,
    ]);
    expect(
      rig.say(
        "out-contoso.example",
        `SIP/2.0 200 OK
        Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK1.id3;received=203.0.113.5;ms-received-port=5061
        From: <sip:alice@example.com>;tag=a1
        To: <sip:bob@contoso.example>;tag=b1
        Call-ID: s1
        CSeq: 1 NOTIFY`,
      ),
    ).toEqual([
      `gw1: SIP/2.0 200 OK
Via: SIP/2.0/TCP proxy.inside.test;branch=z9hG4bKp1;received=10.0.0.99
Via: SIP/2.0/TCP 10.0.0.6:5080;branch=z9hG4bKn1
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>;tag=b1
Call-ID: s1
CSeq: 1 NOTIFY
X-Tombolo-Verified: contoso.example;name="sip.contoso.example"
Content-Length: 0`,
    ]);
  });
});

describe("a session that a TLS node with a port of its own starts (CLU-03, CLU-04)", () => {
  const rig = new NodeRig().linked();
  rig.openThrough("cup2");

  it("shows the public host and that port, in the body, too", () => {
    expect(
      rig.say(
        "cup2",
        `INVITE sip:bob@contoso.example SIP/2.0
        Via: SIP/2.0/TLS 10.0.0.7:5061;branch=z9hG4bKn1
        Record-Route: <sip:10.0.0.7:5061;transport=tls;lr>
        Max-Forwards: 70
        From: <sip:alice@example.com>;tag=a1
        To: <sip:bob@contoso.example>
        Call-ID: 77c1@10.0.0.7
        CSeq: 1 INVITE
        Contact: "10.0.0.7" <sip:alice@10.0.0.7:5080;transport=tls>
        Content-Type: application/sdp

        v=0
        o=- 0 0 IN IP4 10.0.0.7
        s=session
        c=IN IP4 10.0.0.7
        t=0 0
        m=message 5060 sip null`,
      ),
    ).toEqual([
      `cup2: SIP/2.0 100 Trying
Via: SIP/2.0/TLS 10.0.0.7:5061;branch=z9hG4bKn1
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>
Call-ID: 77c1@10.0.0.7
CSeq: 1 INVITE
Content-Length: 0`,
      `out-contoso.example: INVITE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS sip.example.com:45061;branch=z9hG4bK0.id1
Record-Route: <sip:sip.example.com:45061;transport=tls;lr>
Max-Forwards: 69
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>
Call-ID: 77c1@ndd7bf880.sip.example.com
CSeq: 1 INVITE
Contact: "sip.example.com" <sip:alice@sip.example.com:45061;transport=tls>
Content-Type: application/sdp
Content-Length: 104

v=0
o=- 0 0 IN IP4 sip.example.com
s=session
c=IN IP4 sip.example.com
t=0 0
m=message 5060 sip null`,
    ]);
  });

  it("has its answer brought back with everything that was kept behind", () => {
    expect(
      rig.say(
        "out-contoso.example",
        `SIP/2.0 200 OK
        Via: SIP/2.0/TLS sip.example.com:45061;branch=z9hG4bK0.id1;received=203.0.113.5
        Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr>;tag=7
        Record-Route: <sip:sip.example.com:45061;transport=tls;lr>
        From: <sip:alice@example.com>;tag=a1
        To: <sip:bob@contoso.example>;tag=b1
        Call-ID: 77c1@ndd7bf880.sip.example.com
        CSeq: 1 INVITE
        Contact: <sip:bob@contoso.example;gruu>`,
      ),
    ).toEqual([
      `cup2: SIP/2.0 200 OK
Via: SIP/2.0/TLS 10.0.0.7:5061;branch=z9hG4bKn1;received=10.0.0.99
Record-Route: <sip:sip.contoso.example:5061;transport=tls;lr>;tag=7
Record-Route: <sip:sip.example.com:45061;transport=tls;lr>
Record-Route: <sip:10.0.0.5:5062;transport=tls;lr>
Record-Route: <sip:10.0.0.7:5061;transport=tls;lr>
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>;tag=b1
Call-ID: 77c1@10.0.0.7
CSeq: 1 INVITE
Contact: <sip:bob@contoso.example;gruu>
X-Tombolo-Verified: contoso.example;name="sip.contoso.example"
Content-Length: 0`,
    ]);
  });

  it("is acknowledged along the route set", () => {
    expect(
      rig.say(
        "cup2",
        `ACK sip:bob@contoso.example;gruu SIP/2.0
        Via: SIP/2.0/TLS 10.0.0.7:5061;branch=z9hG4bKn2
        Route: <sip:10.0.0.7:5061;transport=tls;lr>, <sip:10.0.0.5:5062;transport=tls;lr>
        Route: <sip:sip.example.com:45061;transport=tls;lr>, <sip:sip.contoso.example:5061;transport=tls;lr>;tag=7
        Max-Forwards: 70
        From: <sip:alice@example.com>;tag=a1
        To: <sip:bob@contoso.example>;tag=b1
        Call-ID: 77c1@10.0.0.7
        CSeq: 1 ACK`,
      ),
    ).toEqual([
      `out-contoso.example: ACK sip:bob@contoso.example;gruu SIP/2.0
Via: SIP/2.0/TLS sip.example.com:45061;branch=z9hG4bK1.id2
Route: <sip:sip.contoso.example:5061;transport=tls;lr>;tag=7
Max-Forwards: 69
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>;tag=b1
Call-ID: 77c1@ndd7bf880.sip.example.com
CSeq: 1 ACK
Content-Length: 0`,
    ]);
  });

  const REPLY = `MESSAGE sip:alice@sip.example.com:45061;transport=tls SIP/2.0
        Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb1
        Route: <sip:sip.example.com:45061;transport=tls;lr>
        Max-Forwards: 70
        From: <sip:bob@contoso.example>;tag=b1
        To: <sip:alice@example.com>;tag=a1
        Call-ID: 77c1@ndd7bf880.sip.example.com
        CSeq: 1 MESSAGE
        Content-Type: text/plain

        10.0.0.7 is a fine address`;
  const seenByCup2 = (id: string) => `cup2: MESSAGE sip:alice@10.0.0.7:5080;transport=tls SIP/2.0
Via: SIP/2.0/TLS 10.0.0.5:5062;branch=z9hG4bK${id}
Route: <sip:10.0.0.7:5061;transport=tls;lr>
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKb1;received=192.0.2.7
Max-Forwards: 69
From: <sip:bob@contoso.example>;tag=b1
To: <sip:alice@example.com>;tag=a1
Call-ID: 77c1@10.0.0.7
CSeq: 1 MESSAGE
Content-Type: text/plain
X-Tombolo-Verified: contoso.example;name="sip.contoso.example"
Content-Length: 26

10.0.0.7 is a fine address`;

  it("gets the partner's texts by its own port", () => {
    expect(rig.say("in-cup2", REPLY)).toEqual([seenByCup2("1.id3")]);
  });

  it("gets them also by the main port without a Route, and that is counted (AOL-08, AOL-09)", () => {
    const bare = REPLY.split("\n").filter((line) => !line.includes("Route:"));
    const taken = rig.outside(fromLines(bare), "in-contoso.example");
    expect(taken.sent.map((one) => `${one.connection}: ${text(one.message)}`)).toEqual([seenByCup2("2.id4")]);
    expect(taken.observed).toContainEqual({ kind: "node-request", node: "cup2", found: "dialog-elsewhere" });
  });

  it("gets them also when they name the user's address", () => {
    const aor = REPLY.replace("sip:alice@sip.example.com:45061;transport=tls", "sip:alice@example.com");
    expect(rig.say("in-contoso.example", aor)).toEqual([seenByCup2("3.id5")]);
  });
});

describe("a subscription that a TCP node starts", () => {
  const rig = new NodeRig().linked();

  it("goes out, and its first NOTIFY may overtake the answer", () => {
    const request = fromAlice("SUBSCRIBE", {
      Via: "SIP/2.0/TCP 10.0.0.8:5060;rport;branch=z9hG4bKn1",
      "Call-ID": "f@10.0.0.8",
      Contact: "<sip:10.0.0.8:5060;transport=tcp>",
    });
    expect(rig.say("cup3", request)).toEqual([
      `out-contoso.example: SUBSCRIBE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS sip.example.com:55061;branch=z9hG4bK0.id1
Record-Route: <sip:sip.example.com:55061;transport=tls;lr>
Max-Forwards: 69
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>
Call-ID: f@n3ab97ec0.sip.example.com
CSeq: 1 SUBSCRIBE
Contact: <sip:sip.example.com:55061;transport=tls>
Content-Length: 0`,
    ]);
    const notify = fromBob("NOTIFY", {
      "Request-URI": "sip:sip.example.com:55061;transport=tls",
      To: "<sip:alice@example.com>;tag=a1",
      "Call-ID": "f@n3ab97ec0.sip.example.com",
      Route: "<sip:sip.example.com:55061;transport=tls;lr>",
    });
    expect(rig.say("in-contoso.example", notify)).toEqual([
      `cup3: NOTIFY sip:10.0.0.8:5060;transport=tcp SIP/2.0
Via: SIP/2.0/TCP 10.0.0.5:5062;branch=z9hG4bK1.id2
Record-Route: <sip:10.0.0.5:5062;transport=tcp;lr>
Record-Route: <sip:sip.example.com:55061;transport=tls;lr>
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKpeer1;received=192.0.2.7
Max-Forwards: 69
From: <sip:bob@contoso.example>;tag=b1
To: <sip:alice@example.com>;tag=a1
Call-ID: f@10.0.0.8
CSeq: 1 NOTIFY
X-Tombolo-Verified: contoso.example;name="sip.contoso.example"
Content-Length: 0`,
    ]);
  });

  it("fills the rport that the node asked for", () => {
    const [answer] = rig.say(
      "out-contoso.example",
      `SIP/2.0 202 Accepted
      Via: SIP/2.0/TLS sip.example.com:55061;branch=z9hG4bK0.id1
      From: <sip:alice@example.com>;tag=a1
      To: <sip:bob@contoso.example>;tag=b1
      Call-ID: f@n3ab97ec0.sip.example.com
      CSeq: 1 SUBSCRIBE
      Expires: 3600`,
    );
    expect(answer).toContain(
      "Via: SIP/2.0/TCP 10.0.0.8:5060;rport=40000;branch=z9hG4bKn1;received=10.0.0.99\n",
    );
  });
});

describe("who may start what", () => {
  it("lets each of three nodes start a dialog (CLU-03)", () => {
    const rig = new NodeRig().linked();
    for (const node of ["gw1", "cup2", "cup3"]) {
      const sent = rig.say(node, fromAlice("SUBSCRIBE", { "Call-ID": node }));
      expect(sent.map((one) => one.split(":")[0])).toEqual(["out-contoso.example"]);
      expect(sent.join()).not.toMatch(INSIDE);
    }
  });

  it.each([
    ["From of a partner", { From: "<sip:bob@contoso.example>;tag=1" }, 403],
    ["To a domain that is no partner", { "Request-URI": "sip:x@third.example" }, 404],
  ])("refuses a node's request %s", (_, changes, status) => {
    const rig = new NodeRig().linked();
    const taken = rig.outside(fromAlice("MESSAGE", changes), "cup2");
    expect(taken.sent.map((one) => [one.connection, one.message.status])).toEqual([["cup2", status]]);
  });

  it("takes no answer from a node that was not asked", () => {
    const rig = new NodeRig().linked();
    const { message } = rig.outside(fromBob("MESSAGE")).sent[0]!;
    expect(rig.say("cup2", answerTo(message, 200))).toEqual([]);
    expect(rig.say("gw1", answerTo(message, 200))).toHaveLength(1);
  });

  it.each([401, 407, 408, 503, 600])("never lets a node's %i out", (status) => {
    const rig = new NodeRig().linked();
    const { message } = rig.outside(fromBob("MESSAGE")).sent[0]!;
    const [out] = rig.say("gw1", answerTo(message, status, ['WWW-Authenticate: Digest realm="10.0.0.6"']));
    expect(out).not.toMatch(new RegExp(`SIP/2.0 ${status}|WWW-Auth`));
  });
});

describe("an advertised address that is not the bound one (ASA-09)", () => {
  it("is all that partners see, on every port", () => {
    const rig = new NodeRig({ advertise: { host: "nat.example.com", port: 443 } }).linked();
    const seen = ["gw1", "cup2"].flatMap((node) =>
      rig.say(node, fromAlice("SUBSCRIBE", { "Call-ID": node })),
    );
    expect(seen.flatMap((one) => one.match(/^(Via|Record-Route|Contact).*$/gm))).toEqual([
      "Via: SIP/2.0/TLS nat.example.com:443;branch=z9hG4bK0.id1",
      "Record-Route: <sip:nat.example.com:443;transport=tls;lr>",
      "Via: SIP/2.0/TLS nat.example.com:45061;branch=z9hG4bK1.id2",
      "Record-Route: <sip:nat.example.com:45061;transport=tls;lr>",
    ]);
  });
});

function fromLines(lines: readonly string[]) {
  return sip(lines.join("\n"));
}
