import { describe, expect, it } from "vitest";
import { fromAlice, fromBob } from "../test/edge-rig.ts";
import { CUP2, CUP3, GW1, NodeRig } from "../test/node-rig.ts";

/** cup2 is of an older release: contoso.example is not for it. */
const OLD = { ...CUP2, partners: ["fabrikam.example"] };
const rigWith = (...nodes: NonNullable<ConstructorParameters<typeof NodeRig>[0]>["nodes"] & object) =>
  new NodeRig({ nodes }).linked();
const startLines = (sent: readonly string[]) => sent.map((one) => one.split("\n")[0]);
const NODE_VIA = { Via: "SIP/2.0/TLS 10.0.0.7:5061;branch=z9hG4bKn1" };

describe("a node that has not to do with a partner", () => {
  it.each([
    ["AOL-05: adds none of its contacts", "SUBSCRIBE"],
    ["AOL-04: sends it no texts in sessions", "INVITE"],
    ["AOL-04: sends it no single texts", "MESSAGE"],
  ])("%s", (_, method) => {
    const rig = rigWith(GW1, OLD, CUP3);
    expect(startLines(rig.say("cup2", fromAlice(method, NODE_VIA)))).toEqual(["cup2: SIP/2.0 403 Forbidden"]);
    expect(startLines(rig.say("gw1", fromAlice(method))).at(-1)).toMatch(/^out-contoso\.example: /);
  });

  it("AOL-03, AOL-04: hears nothing from it, by its own port neither", () => {
    const rig = rigWith(GW1, { ...OLD, routing: true }, CUP3);
    rig.openThrough("cup2");
    for (const connection of ["in-contoso.example", "in-cup2"]) {
      for (let call = 0; call < 20; call++) {
        const sent = rig.say(connection, fromBob("MESSAGE", { "Call-ID": `${connection}${call}` }));
        expect(startLines(sent)[0]).toMatch(/^gw1: MESSAGE /);
      }
    }
  });

  it("AOL-03: gets no presence in a dialog that the edge does not know", () => {
    const rig = rigWith(GW1, OLD, CUP3);
    rig.openThrough("cup2");
    const notify = fromBob("NOTIFY", { To: "<sip:alice@example.com>;tag=a1" });
    expect(startLines(rig.say("in-cup2", notify))[0]).toMatch(/^in-cup2: SIP\/2\.0 481 /);
  });

  it("AOL-01: is given none of its new dialogs where it is the only routing node", () => {
    const rig = rigWith({ ...GW1, routing: false }, { ...OLD, routing: true }, CUP3);
    expect(startLines(rig.say("in-contoso.example", fromBob("SUBSCRIBE")))).toEqual([
      "in-contoso.example: SIP/2.0 504 Server Time-out",
    ]);
  });

  it("serves the partners that it lists, and all without a list", () => {
    const listed = rigWith(GW1, { ...CUP2, partners: ["contoso.example"] }, CUP3);
    expect(startLines(listed.say("cup2", fromAlice("SUBSCRIBE", NODE_VIA)))[0]).toMatch(
      /^out-contoso\.example: /,
    );
    expect(startLines(rigWith(GW1, CUP2, CUP3).say("cup2", fromAlice("SUBSCRIBE", NODE_VIA)))[0]).toMatch(
      /^out-contoso\.example: /,
    );
  });
});
