import { describe, expect, it } from "vitest";
import { answerTo, denials, fromAlice, fromBob, type Taken } from "../test/edge-rig.ts";
import { GW1, NodeRig } from "../test/node-rig.ts";
import {
  DIALOG_SLOT_MS,
  type EdgeNode,
  MAX_SUBSCRIPTION_MS,
  PARTNER_BACK_HEADER,
  SUBSCRIPTION_GRACE_MS,
} from "./index.ts";

const GW2: EdgeNode = { ...GW1, name: "gw2", target: { transport: "tls", host: "10.0.0.6", port: 5062 } };
const GW3: EdgeNode = { ...GW1, name: "gw3", target: { transport: "tls", host: "10.0.0.4", port: 5062 } };
const CHECKED = { limits: { healthMs: 10_000 } };

const nodeStates = (taken: Taken) =>
  taken.observed.flatMap((one) => (one.kind === "node" ? [`${one.node} ${one.state}: ${one.why}`] : []));
const probesIn = (taken: Taken) =>
  taken.sent.filter(({ message }) => message.isRequest && message.method === "OPTIONS");
const statuses = (taken: Taken) => taken.sent.map((one) => `${one.connection} ${one.message.status}`);

/** A dialog that began with a SUBSCRIBE of bob: its To tag is `t`. */
function subscribed(rig: NodeRig, callId: string, connection = "in-contoso.example", expires = 3600): string {
  const [request] = rig.outside(fromBob("SUBSCRIBE", { "Call-ID": callId }), connection).sent;
  const ok = answerTo(request!.message, 200, [`Expires: ${expires}`]);
  rig.outside(tagged(ok), request!.connection);
  return request!.connection;
}

function tagged(response: ReturnType<typeof answerTo>) {
  const values = response.headerValues.map((value, i) =>
    response.headerNames[i] === "To" ? `${value};tag=t` : value,
  );
  return new (response.constructor as new (...args: unknown[]) => typeof response)(
    response.start,
    response.headerNames,
    values,
  );
}

const inDialog = (method: string, callId: string, headers: Record<string, string> = {}) =>
  fromBob(method, { "Call-ID": callId, To: "<sip:alice@example.com>;tag=t", ...headers });

describe("health checks", () => {
  it("ask at once and then at each interval; any final answer is good", () => {
    const rig = new NodeRig(CHECKED);
    expect(rig.pass(0).dialled).toEqual(["@gw1", "@cup2", "@cup3"]);
    for (const name of ["gw1", "cup2", "cup3"]) {
      const [probe] = probesIn(rig.openNode(name));
      expect(probe?.message.uri).toMatch(/^sip:.*;transport=t(ls|cp)$/);
      const taken = rig.outside(answerTo(probe!.message, 403), name);
      expect(nodeStates(taken)).toEqual([`${name} up: `]);
      expect(taken.sent).toEqual([]);
    }
    const again = rig.pass(10_000);
    expect(probesIn(again).map((one) => one.connection)).toEqual(["gw1", "cup2", "cup3"]);
    expect(rig.edge.nodes.map((node) => node.health)).toEqual(["up", "up", "up"]);
  });

  it("make a node down after three misses, and up again by one answer", () => {
    const rig = new NodeRig({ ...CHECKED, nodes: [GW1] });
    rig.pass(0);
    rig.openNode("gw1");
    expect(nodeStates(rig.pass(29_999))).toEqual([]);
    const down = rig.pass(1);
    expect(nodeStates(down)).toEqual(["gw1 down: no answer to OPTIONS"]);
    expect(down.closed).toEqual(["gw1"]);
    expect(rig.pass(10_000).dialled).toEqual([]);
    const [probe] = probesIn(rig.openNode("gw1", "out", "new"));
    expect(nodeStates(rig.outside(answerTo(probe!.message, 200), "new"))).toEqual(["gw1 up: "]);
  });

  it("count a refused connection as a miss, and do not wait for the breaker", () => {
    const rig = new NodeRig({ ...CHECKED, nodes: [GW1] });
    for (let miss = 1; miss <= 2; miss++) {
      expect(rig.pass(miss === 1 ? 0 : 10_000).dialled).toEqual(["@gw1"]);
      expect(nodeStates(rig.dialFails("gw1"))).toEqual([]);
    }
    rig.pass(10_000);
    expect(nodeStates(rig.dialFails("gw1"))).toEqual(["gw1 down: ECONNREFUSED"]);
  });

  it("take a connection that ends at once for a refusal, and do not run against it", () => {
    const rig = new NodeRig({ ...CHECKED, nodes: [GW1] });
    for (let miss = 1; miss <= 3; miss++) {
      expect(rig.pass(miss === 1 ? 0 : 10_000).dialled).toEqual(["@gw1"]);
      rig.openNode("gw1");
      expect(nodeStates(rig.closeNode("gw1"))).toEqual(miss < 3 ? [] : ["gw1 down: reset"]);
      expect(rig.pass(0).dialled).toEqual([]);
    }
  });

  it("do not count what another node answers", () => {
    const rig = new NodeRig(CHECKED).linked();
    const probes = probesIn(rig.pass(0));
    const toGw1 = probes.find((one) => one.connection === "gw1")!;
    expect(nodeStates(rig.outside(answerTo(toGw1.message, 200), "cup2"))).toEqual([]);
  });
});

describe("several routing nodes", () => {
  const nodes = [GW1, GW2, GW3];
  const linked = (newDialogs: "spread" | "standby") => {
    const rig = new NodeRig({ nodes, newDialogs, limits: { maxTransactions: 10_000 } });
    rig.open("contoso.example");
    for (const { name } of nodes) rig.openNode(name);
    return rig;
  };
  const firstOf = (rig: NodeRig, callId: string) =>
    rig.outside(fromBob("MESSAGE", { "Call-ID": callId })).sent[0]!.connection;

  it("share new dialogs evenly, and one Call-ID goes to one of them", () => {
    const rig = linked("spread");
    const counts = new Map<string, number>();
    for (let i = 0; i < 3_000; i++) {
      const node = firstOf(rig, `c${i}`);
      counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["gw1", "gw2", "gw3"]);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    expect(firstOf(rig, "c7")).toBe(firstOf(rig, "c7"));
  });

  it("move only the share of the one that goes", () => {
    const rig = linked("spread");
    const before = Array.from({ length: 100 }, (_, i) => firstOf(rig, `c${i}`));
    rig.closeNode("gw2");
    rig.outside(fromBob("MESSAGE", { "Call-ID": callIdOf("gw2", before) }));
    rig.dialFails("gw2");
    const after = Array.from({ length: 100 }, (_, i) => firstOf(rig, `c${i}`));
    expect(after).not.toContain("gw2");
    for (const [i, node] of before.entries()) if (node !== "gw2") expect(after[i]).toBe(node);
  });

  it("stand by for the first where so configured", () => {
    const rig = linked("standby");
    expect(firstOf(rig, "a") + firstOf(rig, "b") + firstOf(rig, "c")).toBe("gw1gw1gw1");
    rig.pass(5_000);
    rig.closeNode("gw1");
    const waits = rig.outside(fromBob("MESSAGE", { "Call-ID": "d" }));
    expect(waits.dialled).toEqual(["@gw1"]);
    const moved = rig.dialFails("gw1");
    expect(moved.sent.map((one) => [one.connection, one.message.method])).toEqual([["gw2", "MESSAGE"]]);
    expect(firstOf(rig, "e")).toBe("gw2");
  });

  const callIdOf = (node: string, of: readonly string[]) => `c${of.indexOf(node)}`;
});

describe("a node that dies in the middle of dialogs (HA-03)", () => {
  function died() {
    const rig = new NodeRig({ nodes: [GW1, GW2], newDialogs: "standby", limits: { healthMs: 10_000 } });
    rig.open("contoso.example");
    for (const name of ["gw1", "gw2"]) rig.openNode(name);
    for (const probe of probesIn(rig.pass(0))) rig.outside(answerTo(probe.message, 200), probe.connection);
    expect(subscribed(rig, "s1")).toBe("gw1");
    const pending = rig.outside(inDialog("SUBSCRIBE", "s1"));
    expect(pending.sent[0]!.connection).toBe("gw1");
    const lost = rig.closeNode("gw1");
    expect(statuses(lost)).toEqual(["in-contoso.example 504"]);
    expect(rig.pass(0).dialled).toEqual(["@gw1"]);
    rig.dialFails("gw1");
    return rig;
  }

  it("has its dialogs answered 504 while it may come back, and new ones taken over", () => {
    const rig = died();
    expect(statuses(rig.outside(inDialog("SUBSCRIBE", "s1")))).toEqual(["in-contoso.example 504"]);
    expect(subscribed(rig, "s2")).toBe("gw2");
  });

  it("keeps its dialogs when it does come back", () => {
    const rig = died();
    rig.pass(10_000);
    rig.openNode("gw1", "out", "gw1-again");
    expect(rig.outside(inDialog("SUBSCRIBE", "s1")).sent[0]!.connection).toBe("gw1-again");
  });

  it("has them answered 481 once it has been down for the time of grace", () => {
    const rig = died();
    // The connection lost, the refused dial: one more makes it down.
    for (rig.pass(10_000); rig.edge.nodes[0]!.health !== "down"; rig.pass(10_000)) rig.dialFails("gw1");
    for (let at = 0; at < 50_000; at += 10_000) {
      expect(statuses(rig.outside(inDialog("SUBSCRIBE", "s1")))).toEqual(["in-contoso.example 504"]);
      rig.dialFails("gw1");
      rig.pass(10_000);
    }
    const gone = rig.outside(inDialog("SUBSCRIBE", "s1"));
    expect([statuses(gone), denials(gone)]).toEqual([["in-contoso.example 481"], ["no-dialog"]]);
    expect(rig.edge.dialogs).toBe(0);
  });

  it("is gone for good when it is taken off the list", () => {
    const rig = new NodeRig().linked();
    rig.openThrough("cup2");
    expect(subscribed(rig, "s1", "in-cup2")).toBe("cup2");
    const { closed } = rig.feed({ kind: "settings", settings: { ...BASE, nodes: [GW1] } });
    expect(closed).toEqual(["cup2", "cup3"]);
    expect(statuses(rig.outside(inDialog("SUBSCRIBE", "s1")))).toEqual(["in-contoso.example 481"]);
  });
});

describe("when no routing node is alive", () => {
  function alone() {
    const rig = new NodeRig();
    rig.open("contoso.example");
    rig.outside(fromBob("MESSAGE"));
    return { rig, refused: rig.dialFails("gw1") };
  }

  it("what waited is answered, and so is what comes next: 504, an INVITE 480 with a time (E4)", () => {
    const { rig, refused } = alone();
    expect(statuses(refused)).toEqual(["in-contoso.example 504"]);
    expect(statuses(rig.outside(fromBob("SUBSCRIBE")))).toEqual(["in-contoso.example 504"]);
    const { sent } = rig.outside(fromBob("INVITE"));
    expect(sent.map(({ message }) => [message.status, message.get("Retry-After")])).toEqual([[480, "10"]]);
  });

  it("the node of another port still gets its own", () => {
    const { rig } = alone();
    rig.openThrough("cup2");
    rig.openNode("cup2");
    expect(rig.outside(fromBob("MESSAGE"), "in-cup2").sent[0]!.connection).toBe("cup2");
  });

  it("an INVITE that waits is cancelled before it is sent", () => {
    const rig = new NodeRig();
    rig.open("contoso.example");
    const invite = rig.outside(fromBob("INVITE"));
    expect([statuses(invite), invite.dialled]).toEqual([["in-contoso.example 100"], ["@gw1"]]);
    expect(statuses(rig.outside(fromBob("CANCEL", { CSeq: "1 CANCEL" })))).toEqual([
      "in-contoso.example 200",
      "in-contoso.example 487",
    ]);
    expect(rig.openNode("gw1").sent).toEqual([]);
  });
});

describe("what is kept in mind", () => {
  it("is bounded: one more dialog than there is room for is answered 480", () => {
    const rig = new NodeRig({ limits: { maxDialogs: 2 } }).linked();
    for (const callId of ["s1", "s2"]) expect(subscribed(rig, callId)).toBe("gw1");
    expect(rig.edge.dialogs).toBe(2);
    const full = rig.outside(fromBob("SUBSCRIBE", { "Call-ID": "s3" }));
    expect([statuses(full), denials(full)]).toEqual([["in-contoso.example 480"], ["dialogs"]]);
    expect(full.sent[0]!.message.get("Retry-After")).toBe("10");
    // No dialog, no room needed; known dialogs go on.
    expect(rig.outside(fromBob("MESSAGE")).sent[0]!.connection).toBe("gw1");
    expect(rig.outside(inDialog("SUBSCRIBE", "s1")).sent[0]!.connection).toBe("gw1");
  });

  it("never holds more dialogs than there is room for, whatever is answered at once", () => {
    const rig = new NodeRig({ limits: { maxDialogs: 1 } }).linked();
    const requests = ["s1", "s2"].map(
      (callId) => rig.outside(fromBob("SUBSCRIBE", { "Call-ID": callId })).sent[0]!,
    );
    for (const { message } of requests) {
      expect(statuses(rig.outside(tagged(answerTo(message, 200, ["Expires: 60"])), "gw1"))).toEqual([
        "in-contoso.example 200",
      ]);
    }
    expect(rig.edge.dialogs).toBe(1);
  });

  it("is bounded in requests that wait for a node", () => {
    const rig = new NodeRig({ limits: { maxWaiting: 2 } });
    rig.open("contoso.example");
    for (const callId of ["a", "b"]) {
      expect(rig.outside(fromBob("MESSAGE", { "Call-ID": callId })).sent).toEqual([]);
    }
    expect(statuses(rig.outside(fromBob("MESSAGE", { "Call-ID": "c" })))).toEqual(["in-contoso.example 504"]);
    expect(rig.openNode("gw1").sent).toHaveLength(2);
  });

  const after = (rig: NodeRig, ms: number) => {
    rig.pass(ms);
    return rig.edge.dialogs;
  };

  it("ends some time after a subscription has run out without a refresh", () => {
    const rig = new NodeRig().linked();
    subscribed(rig, "s1");
    expect(after(rig, 3_600_000)).toBe(1);
    expect(after(rig, 80_000)).toBe(0);
  });

  it("believes no subscription to run longer than a day", () => {
    const rig = new NodeRig().linked();
    subscribed(rig, "s1", undefined, 2 ** 32 - 1);
    expect(after(rig, MAX_SUBSCRIPTION_MS)).toBe(1);
    expect(after(rig, SUBSCRIPTION_GRACE_MS + DIALOG_SLOT_MS)).toBe(0);
  });

  it("lives on with each refresh", () => {
    const rig = new NodeRig().linked();
    subscribed(rig, "s1");
    rig.pass(3_000_000);
    const { message } = rig.outside(inDialog("SUBSCRIBE", "s1")).sent[0]!;
    rig.outside(answerTo(message, 200, ["Expires: 3600"]), "gw1");
    expect(after(rig, 3_600_000)).toBe(1);
  });

  it.each([
    ["a terminated NOTIFY", "NOTIFY", "Subscription-State: terminated;reason=timeout"],
    ["a refused refresh", "SUBSCRIBE", ""],
  ])("ends soon after %s", (_, method, header) => {
    const rig = new NodeRig().linked();
    subscribed(rig, "s1");
    if (method === "SUBSCRIBE") {
      const { message } = rig.outside(inDialog("SUBSCRIBE", "s1")).sent[0]!;
      rig.outside(answerTo(message, 481), "gw1");
    } else {
      rig.open("contoso.example", "out");
      const notify = fromBob("NOTIFY", {
        "Request-URI": "sip:bob@contoso.example",
        From: "<sip:alice@example.com>;tag=t",
        To: "<sip:bob@contoso.example>;tag=b1",
        "Call-ID": "s1",
        [header.split(": ")[0]!]: header.split(": ")[1]!,
      });
      expect(rig.outside(notify, "gw1").sent).toHaveLength(1);
    }
    expect(rig.edge.dialogs).toBe(1);
    expect(after(rig, 50_000)).toBe(0);
  });

  it("keeps a session until its BYE is answered", () => {
    const rig = new NodeRig().linked();
    const { message } = rig.outside(fromBob("INVITE", { "Call-ID": "i1" })).sent.at(-1)!;
    rig.outside(tagged(answerTo(message, 200)), "gw1");
    expect(after(rig, 11 * 3_600_000)).toBe(1);
    const bye = rig.outside(inDialog("BYE", "i1")).sent[0]!;
    rig.outside(answerTo(bye.message, 200), "gw1");
    expect(after(rig, 50_000)).toBe(0);
  });

  it("is nothing at all where the gateway in this process is all there is", () => {
    const rig = new NodeRig({ nodes: undefined, inside: undefined, limits: { healthMs: 10_000 } });
    rig.open("contoso.example");
    const { message } = rig.outside(fromBob("SUBSCRIBE", { "Call-ID": "s1" })).toNode[0]!;
    rig.inside(tagged(answerTo(message, 200)));
    expect([rig.edge.dialogs, rig.edge.nextDeadline()?.reason]).toEqual([
      0,
      "a transaction may have run out",
    ]);
  });
});

const BASE = {
  advertise: { host: "sip.example.com", port: 5061 },
  ourDomains: ["example.com"],
  partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" as const }],
  inside: { host: "10.0.0.5", port: 5062, transport: "tls" as const },
};

describe("a partner that may have lost its memory", () => {
  const back = { kind: "partner-back", partner: "contoso.example", hungUp: true } as const;
  const told = (taken: Taken) =>
    probesIn(taken).map(({ connection, message }) => [connection, message.get(PARTNER_BACK_HEADER)]);

  it("is told to the nodes that serve it and are connected", () => {
    const rig = new NodeRig({ nodes: [GW1, GW2, { ...GW3, partners: ["fabrikam.example"] }] });
    for (const name of ["gw1", "gw3"]) rig.openNode(name);
    const taken = rig.feed(back);
    expect(told(taken)).toEqual([["gw1", "contoso.example;hung-up"]]);
    expect(taken.dialled).toEqual([]);
    expect(told(rig.feed({ ...back, hungUp: false }))).toEqual([["gw1", "contoso.example"]]);
    const answered = rig.outside(answerTo(taken.sent[0]!.message, 200), "gw1");
    expect([answered.sent, answered.observed]).toEqual([[], []]);
  });

  it("is what nobody else can say", () => {
    const rig = new NodeRig().linked();
    const forged = { [PARTNER_BACK_HEADER]: "contoso.example" };
    const inward = rig.outside(fromBob("MESSAGE", forged)).sent;
    const outward = rig.outside(fromAlice("MESSAGE", forged), "gw1").sent;
    for (const { message } of [...inward, ...outward]) {
      expect(message.get(PARTNER_BACK_HEADER)).toBeUndefined();
    }
    expect([...inward, ...outward]).toHaveLength(2);
  });

  it("does not make or break the health of a node", () => {
    const rig = new NodeRig({ ...CHECKED, nodes: [GW1] });
    rig.pass(0);
    const [probe] = probesIn(rig.openNode("gw1"));
    rig.feed(back);
    expect(nodeStates(rig.outside(answerTo(probe!.message, 200), "gw1"))).toEqual(["gw1 up: "]);
  });
});
