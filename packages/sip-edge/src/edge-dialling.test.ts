import { describe, expect, it } from "vitest";
import { answerTo, EdgeRig, fromAlice, type Taken } from "../test/edge-rig.ts";
import { type DialFailure, UNSENT_HEADER } from "./index.ts";

const statuses = (taken: Taken) => taken.toNode.map(({ message }) => message.status);

function failed(rig: EdgeRig, why: DialFailure = "refused"): Taken {
  return rig.feed({ kind: "dial-failed", partner: "contoso.example", why, detail: "" });
}

describe("a partner without a connection", () => {
  it("is dialled once, and gets what waited in order", () => {
    const rig = new EdgeRig();
    const taken = [1, 2, 3].map((n) => rig.inside(fromAlice("MESSAGE", { "Call-ID": `c${n}` })));
    expect(taken.flatMap((one) => one.dialled)).toEqual(["contoso.example"]);
    expect(rig.open("contoso.example", "out").sent.map(({ message }) => message.callId)).toEqual([
      "c1",
      "c2",
      "c3",
    ]);
  });

  it("may come to us while we dial", () => {
    const rig = new EdgeRig();
    rig.inside(fromAlice("MESSAGE"));
    expect(rig.open("contoso.example", "in").sent).toHaveLength(1);
    expect(rig.open("contoso.example", "out").sent).toEqual([]);
  });

  it("gets requests on the newest connection of its own: it may have left an older one behind", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example", "in", "old");
    rig.open("contoso.example", "in", "new");
    expect(rig.inside(fromAlice("MESSAGE")).sent.map(({ connection }) => connection)).toEqual(["new"]);
    rig.feed({ kind: "closed", connection: "new", why: "closed-there" });
    const next = rig.inside(fromAlice("MESSAGE", { "Call-ID": "c2" }));
    expect(next.sent.map(({ connection }) => connection)).toEqual(["old"]);
  });

  it.each([
    ["refused", 504],
    ["dns", 504],
    ["timeout", 504],
    ["certificate", 502],
    ["name-mismatch", 502],
  ] as const)("that can't be reached (%s) is a %i for each that waited", (why, status) => {
    const rig = new EdgeRig();
    rig.inside(fromAlice("MESSAGE"));
    rig.inside(fromAlice("SUBSCRIBE"));
    const taken = failed(rig, why);
    expect(statuses(taken)).toEqual([status, status]);
    for (const { message } of taken.toNode) expect(message.get(UNSENT_HEADER)).toBe("yes");
  });

  it("is not dialled again for a while, longer each time, until it has spoken", () => {
    const rig = new EdgeRig();
    const pauses: number[] = [];
    for (let round = 0; round < 6; round++) {
      expect(rig.inside(fromAlice("MESSAGE")).dialled).toEqual(["contoso.example"]);
      const [breaker] = failed(rig).observed.filter((one) => one.kind === "breaker");
      pauses.push(breaker!.pauseMs);
      rig.pass(breaker!.pauseMs - 1);
      const early = rig.inside(fromAlice("MESSAGE"));
      expect([early.dialled, statuses(early)]).toEqual([[], [504]]);
      rig.pass(1);
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    rig.inside(fromAlice("MESSAGE"));
    const { message } = rig.open("contoso.example", "out").sent[0]!;
    expect(rig.outside(answerTo(message, 200), "out-contoso.example").observed).toContainEqual(
      expect.objectContaining({ kind: "breaker", state: "closed" }),
    );
    rig.feed({ kind: "closed", connection: "out-contoso.example", why: "reset" });
    expect(rig.inside(fromAlice("MESSAGE")).dialled).toEqual(["contoso.example"]);
  });

  it("is left alone for a while when it closes our connection at once: it has refused our certificate", () => {
    const rig = new EdgeRig();
    rig.inside(fromAlice("MESSAGE"));
    rig.open("contoso.example", "out");
    const taken = rig.feed({ kind: "closed", connection: "out-contoso.example", why: "error" });
    expect(statuses(taken)).toEqual([504]);
    const next = rig.inside(fromAlice("MESSAGE"));
    expect([next.dialled, statuses(next)]).toEqual([[], [504]]);
  });

  it("lets the last place of its queue be taken, and refuses the next", () => {
    const rig = new EdgeRig({ limits: { maxWaiting: 2 } });
    expect([1, 2, 3].map(() => statuses(rig.inside(fromAlice("MESSAGE"))))).toEqual([[], [], [504]]);
    expect(rig.open("contoso.example", "out").sent).toHaveLength(2);
  });

  it("does not get what has run out while it was dialled", () => {
    const rig = new EdgeRig();
    rig.inside(fromAlice("MESSAGE"));
    rig.pass(32_000);
    expect(rig.open("contoso.example", "out").sent).toEqual([]);
  });

  it("is told nothing of a connection to another that its certificate could speak for", () => {
    const rig = new EdgeRig();
    rig.feed({
      kind: "opened",
      connection: "c",
      direction: "out",
      partners: ["fabrikam.example", "contoso.example"],
      name: "sip.hoster.example",
      remote: { host: "192.0.2.7", port: 5061 },
    });
    expect(rig.inside(fromAlice("MESSAGE")).dialled).toEqual(["contoso.example"]);
  });
});
