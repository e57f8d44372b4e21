import { describe, expect, it } from "vitest";
import { answerTo, denials, EdgeRig, fromAlice, fromBob, type Taken, text } from "../test/edge-rig.ts";
import { CUP2, GW1, NodeRig } from "../test/node-rig.ts";
import { MAX_HOME_PUBLICATIONS } from "./routing/home-publications.ts";
import { type EdgeNode, type EdgePartner, LOCAL_NODE } from "./settings.ts";

function partner(domain: string, more: Partial<EdgePartner> = {}): EdgePartner {
  return { domain, names: [`sip.${domain}`], purpose: "strict", ...more };
}

function rig(more: Partial<EdgePartner> = {}): EdgeRig {
  const made = new EdgeRig({ partners: [partner("contoso.example", more), partner("fabrikam.example")] });
  made.open("contoso.example");
  made.open("contoso.example", "out");
  made.open("fabrikam.example", "out");
  return made;
}

const OWN = { "Request-URI": "sip:bob@contoso.example", To: "<sip:bob@contoso.example>" };

describe("a PUBLISH from outside (RFC 3903 14.1)", () => {
  it("goes inside from who may publish, about a user of their own domain", () => {
    const taken = rig({ mayPublish: true }).outside(fromBob("PUBLISH", OWN));
    expect(taken.toNode.map(({ message }) => [message.method, message.uri])).toEqual([
      ["PUBLISH", OWN["Request-URI"]],
    ]);
    expect(taken.toNode[0]!.message.get("Record-Route")).toBeUndefined();
  });

  it("is answered 405 to others, whoever it is about", () => {
    for (const changes of [OWN, {}]) {
      const taken = rig().outside(fromBob("PUBLISH", changes));
      expect(
        taken.sent.map(({ message }) => [message.status, message.get("Allow")?.includes("PUBLISH")]),
      ).toEqual([[405, false]]);
      expect(denials(taken)).toEqual(["method"]);
      expect(taken.toNode).toEqual([]);
    }
  });

  it.each([
    ["another partner's user", { "Request-URI": "sip:f@fabrikam.example" }, 404, "target"],
    ["another partner's name", { ...OWN, From: "<sip:f@fabrikam.example>;tag=1" }, 403, "from-other-partner"],
  ])("stays outside with %s", (_, changes, status, reason) => {
    const taken = rig({ mayPublish: true }).outside(fromBob("PUBLISH", changes));
    expect(taken.sent.map(({ message }) => message.status)).toEqual([status]);
    expect(denials(taken)).toEqual([reason]);
  });

  it("opens no way to that domain for other methods", () => {
    const taken = rig({ mayPublish: true }).outside(fromBob("MESSAGE", OWN));
    expect(denials(taken)).toEqual(["target"]);
  });
});

describe("a PUBLISH from inside", () => {
  const OURS = { "Request-URI": "sip:alice@example.com", To: "<sip:alice@example.com>" };

  it("about our user goes to the server that its Route names, where that takes publications", () => {
    const taken = rig({ takesPublications: true }).inside(
      fromAlice("PUBLISH", { ...OURS, Route: "<sip:sip.example.com:5061;lr>, <sip:contoso.example;lr>" }),
    );
    expect(taken.sent.map(({ connection, message }) => [connection, message.uri])).toEqual([
      ["out-contoso.example", OURS["Request-URI"]],
    ]);
  });

  it.each([
    ["no Route", {}, undefined],
    ["a partner that does not take publications", { takesPublications: true }, "<sip:fabrikam.example;lr>"],
    ["the same", {}, "<sip:contoso.example;lr>"],
    ["nobody we know", { takesPublications: true }, "<sip:evil.example;lr>, <sip:contoso.example;lr>"],
  ])("goes nowhere with %s", (_, more, Route) => {
    const taken = rig(more).inside(fromAlice("PUBLISH", { ...OURS, Route }));
    expect(taken.toNode.map(({ message }) => message.status)).toEqual([404]);
    expect([taken.sent, taken.dialled]).toEqual([[], []]);
  });

  it("is the only method that a Route leads anywhere", () => {
    const taken = rig({ takesPublications: true }).inside(
      fromAlice("MESSAGE", { ...OURS, Route: "<sip:contoso.example;lr>" }),
    );
    expect(taken.toNode.map(({ message }) => message.status)).toEqual([404]);
  });
});

describe("a PUBLISH from a node about its own user", () => {
  const OURS = { "Request-URI": "sip:alice@example.com", To: "<sip:alice@example.com>" };

  function publish(rig: NodeRig, changes: Record<string, string> = {}): Taken {
    return rig.outside(fromAlice("PUBLISH", { ...OURS, ...changes }), "cup2");
  }

  function homeRig(): NodeRig {
    const made = new NodeRig({ nodes: [LOCAL_NODE, CUP2] });
    made.openNode("cup2");
    return made;
  }

  it("goes to the gateway in this process, and its answer back to the node", () => {
    const made = homeRig();
    const { toNode, sent } = publish(made);
    expect(sent).toEqual([]);
    expect(toNode.map(({ node, verified }) => [node, verified])).toEqual([
      ["local", { partner: "example.com", name: "cup2" }],
    ]);
    const answer = answerTo(toNode[0]!.message, 200, ["SIP-ETag: e1", "Expires: 600", "Server: gw"]);
    const [back] = made.inside(answer).sent;
    expect(back!.connection).toBe("cup2");
    expect(back!.message.lines("Via")).toEqual(["SIP/2.0/TLS gateway.invalid;branch=z9hG4bKnode1"]);
    expect(["SIP-ETag", "Expires", "Server"].map((name) => back!.message.get(name))).toEqual([
      "e1",
      "600",
      undefined,
    ]);
    expect(made.inside(answer).sent).toEqual([]);
  });

  it.each([
    ["of nobody of ours", { From: "<sip:a@other.example>;tag=1" }, 403],
    ["about somebody elsewhere", { "Request-URI": "sip:x@third.example" }, 404],
  ])("stays where it is when it is %s", (_, changes, status) => {
    const { toNode, sent } = publish(homeRig(), changes);
    expect(toNode).toEqual([]);
    expect(sent.map(({ message }) => message.status)).toEqual([status]);
  });

  it("waits with so many others and not with one more, and not for ever", () => {
    const made = homeRig();
    for (let n = 0; n < MAX_HOME_PUBLICATIONS; n++) expect(publish(made).toNode).toHaveLength(1);
    expect(publish(made).sent.map(({ message }) => message.status)).toEqual([480]);
    made.pass(32_000);
    expect(publish(made).toNode).toHaveLength(1);
  });

  it("is answered by the gateway alone", () => {
    const made = homeRig();
    const { toNode } = publish(made);
    const answer = answerTo(toNode[0]!.message, 200);
    expect(made.outside(answer, "cup2").sent).toEqual([]);
  });
});

describe("a PUBLISH from a node about its own user, with the gateway in another process", () => {
  const OURS = { "Request-URI": "sip:alice@example.com", To: "<sip:alice@example.com>" };
  const GW2: EdgeNode = {
    ...GW1,
    name: "gw2",
    target: { transport: "tls", host: "gw2.inside.test", port: 5062 },
  };

  function publish(rig: NodeRig, changes: Record<string, string> = {}, from = "cup2"): Taken {
    return rig.outside(fromAlice("PUBLISH", { ...OURS, ...changes }), from);
  }
  const places = ({ sent }: Taken) => sent.map(({ connection, message }) => [connection, message.status]);

  it("goes to the routing node as a request of this node, and its answer back", () => {
    const made = new NodeRig().linked();
    const Route = "<sip:10.0.0.7;lr>, <sip:10.0.0.5:5062;transport=tls;lr>";
    const { sent } = publish(made, {
      Route,
      "SIP-If-Match": "e1",
      "X-Tombolo-Verified": "contoso.example",
      Via: "SIP/2.0/TCP phone.inside.test;branch=z9hG4bKphone",
    });
    expect(sent.map(({ connection, message }) => `${connection}: ${text(message)}`)).toEqual([
      `gw1: PUBLISH sip:alice@example.com SIP/2.0
Via: SIP/2.0/TLS 10.0.0.5:5062;branch=z9hG4bKid1
Via: SIP/2.0/TCP phone.inside.test;branch=z9hG4bKphone
Max-Forwards: 69
From: <sip:alice@example.com>;tag=a1
To: <sip:alice@example.com>
Call-ID: call-2
CSeq: 1 PUBLISH
SIP-If-Match: e1
X-Tombolo-Verified: example.com;name="cup2"
Content-Length: 0`,
    ]);
    const answer = answerTo(sent[0]!.message, 412, ["Server: gw"]);
    expect(places(made.outside(answer, "cup2"))).toEqual([]);
    expect(made.say("gw1", answer)).toEqual([
      `cup2: SIP/2.0 412 Conditional Request Failed
Via: SIP/2.0/TCP phone.inside.test;branch=z9hG4bKphone
From: <sip:alice@example.com>;tag=a1
To: <sip:alice@example.com>;tag=edge-id2
Call-ID: call-2
CSeq: 1 PUBLISH
Content-Length: 0`,
    ]);
    expect(made.say("gw1", answer)).toEqual([]);
  });

  it.each(["SIP-ETag: e2", "Expires: 600", "Min-Expires: 60", "Allow-Events: presence"])(
    "is told %s by the gateway",
    (header) => {
      const made = new NodeRig().linked();
      const answer = answerTo(publish(made).sent[0]!.message, 423, [header]);
      expect(made.say("gw1", answer)[0]).toContain(`\n${header}\n`);
    },
  );

  it("goes to the gateway in this process where there is one, whoever is a routing node", () => {
    const made = new NodeRig({ nodes: [{ ...LOCAL_NODE, routing: false }, GW1, CUP2] }).linked();
    for (const from of ["gw1", "cup2"]) {
      expect(publish(made, {}, from).toNode.map(({ node }) => node)).toEqual(["local"]);
    }
  });

  it.each([
    ["it is the routing node's", {}, "gw1", 404],
    ["its Route leads to somebody we do not know", { Route: "<sip:gone.example;lr>" }, "cup2", 404],
    ["it has passed too many hops", { "Max-Forwards": "0" }, "cup2", 483],
  ])("stays where it is when %s", (_, changes, from, status) => {
    expect(places(publish(new NodeRig().linked(), changes, from))).toEqual([[from, status]]);
  });

  it("of one user goes to one gateway of several while that is alive", () => {
    const made = new NodeRig({ nodes: [GW1, GW2, CUP2] });
    for (const name of ["gw1", "gw2", "cup2"]) made.openNode(name);
    const gatewayOf = (user: string, callId: string) => {
      const uri = `sip:${user}@example.com`;
      const changes = { "Request-URI": uri, To: `<${uri}>`, From: `<${uri}>;tag=1`, "Call-ID": callId };
      return publish(made, changes).sent[0]!.connection;
    };
    const chosen = ["alice", "bea", "carl", "dora", "emil"].map((user) => gatewayOf(user, "1"));
    expect(new Set(chosen)).toEqual(new Set(["gw1", "gw2"]));
    expect(gatewayOf("alice", "2")).toBe(chosen[0]);
    const other = chosen[0] === "gw1" ? "gw2" : "gw1";
    made.closeNode(chosen[0]!);
    made.dialFails(chosen[0]!);
    expect(gatewayOf("alice", "3")).toBe(other);
  });

  it("waits for a connection to the gateway, over health checks, and is answered 504 where none comes", () => {
    const made = new NodeRig({ limits: { healthMs: 1_000 } });
    made.openNode("cup2");
    publish(made);
    made.pass(1_500);
    const flushed = made.openNode("gw1").sent.map(({ connection, message }) => [connection, message.method]);
    expect(flushed).toContainEqual(["gw1", "PUBLISH"]);

    const late = new NodeRig();
    late.openNode("cup2");
    expect(publish(late).dialled).toEqual(["@gw1"]);
    expect(places(late.dialFails("gw1"))).toEqual([["cup2", 504]]);
    expect(places(publish(late))).toEqual([["cup2", 504]]);
  });

  it("is answered 504 when the gateway's last connection is lost, and not before", () => {
    const made = new NodeRig().linked();
    made.openNode("gw1", "in", "gw1-in");
    publish(made);
    expect(places(made.closeNode("gw1"))).toEqual([]);
    expect(places(made.closeNode("gw1-in"))).toEqual([["cup2", 504]]);
  });

  it("finds no room where so many requests wait for the gateway's connection", () => {
    const made = new NodeRig({ limits: { maxWaiting: 1 } });
    made.openNode("cup2");
    expect(places(publish(made))).toEqual([]);
    expect(places(publish(made))).toEqual([["cup2", 480]]);
  });
});
