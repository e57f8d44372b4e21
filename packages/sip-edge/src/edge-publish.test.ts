import { describe, expect, it } from "vitest";
import { denials, EdgeRig, fromAlice, fromBob } from "../test/edge-rig.ts";
import type { EdgePartner } from "./settings.ts";

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
