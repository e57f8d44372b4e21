import { describe, expect, it } from "vitest";
import { answerTo, denials, EdgeRig, fromAlice, fromBob, type Taken } from "../test/edge-rig.ts";
import { CUP2, NodeRig } from "../test/node-rig.ts";
import { MAX_HOME_PUBLICATIONS } from "./routing/home-publications.ts";
import { type EdgePartner, LOCAL_NODE } from "./settings.ts";

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

  it("has nowhere to go where the gateway is elsewhere", () => {
    const made = new NodeRig().linked();
    expect(publish(made).sent.map(({ message }) => message.status)).toEqual([404]);
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
