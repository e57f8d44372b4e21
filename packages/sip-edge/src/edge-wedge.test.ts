import { describe, expect, it } from "vitest";
import { answerTo, EdgeRig, fromAlice } from "../test/edge-rig.ts";
import { DEFAULT_EDGE_LIMITS } from "./settings.ts";

const LINK = "out-contoso.example";
const { maxTimeouts } = DEFAULT_EDGE_LIMITS;

function linked(): EdgeRig {
  const rig = new EdgeRig();
  rig.open("contoso.example", "out");
  return rig;
}

/** Sends requests that nobody answers, one after the other. */
function unanswered(rig: EdgeRig, count: number, method = "MESSAGE") {
  let last = rig.pass(0);
  for (let i = 0; i < count; i++) {
    const id = `u${i}-${rig.now}`;
    rig.inside(fromAlice(method, { "Call-ID": id, Via: `SIP/2.0/TLS gateway.invalid;branch=z9hG4bK${id}` }));
    last = rig.pass(32_000);
  }
  return last;
}

describe("a connection on which requests run out", () => {
  it.each(["MESSAGE", "INVITE"])("is closed with the last of a row of %s, and not before", (method) => {
    const rig = linked();
    expect(unanswered(rig, maxTimeouts - 1, method).closed).toEqual([]);
    expect(unanswered(rig, 1, method).closed).toEqual([LINK]);
  });

  it("is not used for what comes next", () => {
    const rig = linked();
    unanswered(rig, maxTimeouts);
    expect(rig.inside(fromAlice("MESSAGE")).dialled).toEqual(["contoso.example"]);
    expect(rig.open("contoso.example", "out", "fresh").sent).toHaveLength(1);
    expect(rig.feed({ kind: "closed", connection: LINK, why: "wedged" }).toNode).toEqual([]);
  });

  it("gives way to another of the partner", () => {
    const rig = linked();
    rig.open("contoso.example", "in");
    unanswered(rig, maxTimeouts);
    expect(rig.inside(fromAlice("MESSAGE")).sent[0]!.connection).toBe("in-contoso.example");
  });

  it("begins to count anew with any answer", () => {
    const rig = linked();
    unanswered(rig, maxTimeouts - 1);
    const { message } = rig.inside(fromAlice("MESSAGE")).sent[0]!;
    rig.outside(answerTo(message, 480), LINK);
    expect(unanswered(rig, maxTimeouts - 1).closed).toEqual([]);
    expect(unanswered(rig, 1).closed).toEqual([LINK]);
  });
});
