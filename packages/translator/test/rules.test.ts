import { describe, expect, it } from "vitest";
import { parsePeer, profileByName } from "../src/index.ts";
import { ALICE, Bed, BOB, PARTNER } from "./bed.ts";
import { subscribe, watched } from "./watches.ts";

const decisions = (bed: Bed) =>
  bed.observations.flatMap((seen) =>
    seen.what === "decision" && seen.gate === "user" ? [`${seen.decision} ${seen.reason}`] : [],
  );

describe("a rule", () => {
  it.each([
    ["block", BOB, "ask"],
    ["block", PARTNER, "ask"],
    ["block", BOB, "allow"],
  ] as const)(
    "%s %s: bob sees an offline user and nobody is asked, also where the default is %s",
    (action, peer, unknownWatcher) => {
      const bed = new Bed({ unknownWatcher });
      bed.rule(action, peer);
      subscribe(bed);
      bed.outcome("NOTIFY", 200);
      bed.presence("subscribed");
      bed.presence(undefined, "", `${ALICE}/desk`);
      bed.advance(60_000);
      expect(bed.out()).toEqual(["200 r1 expires=3600", "NOTIFY d1 active closed"]);
      expect(decisions(bed)).toEqual([`deny ${peer === BOB ? "user" : "domain"}-rule`]);
    },
  );

  it.each([BOB, PARTNER])("allow %s: goes before the default, and her server decides", (peer) => {
    const bed = new Bed({ unknownWatcher: "deny" });
    bed.rule("allow", peer);
    subscribe(bed);
    expect(bed.out()).toEqual(["200 r1 expires=3600", "xmpp bob>alice subscribe", "NOTIFY d1 pending"]);
  });

  it("for bob goes before one for his domain", () => {
    const bed = new Bed();
    bed.rule("block", PARTNER);
    bed.rule("allow", BOB);
    subscribe(bed);
    subscribe(bed, { from: "sip:carol@contoso.example" });
    expect(bed.out().filter((line) => line.includes("xmpp"))).toEqual(["xmpp bob>alice subscribe"]);
  });

  it("of another user, or for another peer, does not count", () => {
    const bed = new Bed();
    bed.rule("block", BOB, "dave@example.com");
    bed.rule("block", "carol@contoso.example");
    bed.rule("block", "sub.contoso.example");
    subscribe(bed);
    expect(bed.out()).toContain("xmpp bob>alice subscribe");
  });
});

describe("a rule that changes while bob watches", () => {
  it("shuts him out at his next turn, and lets him in again to what she shows by then", () => {
    const bed = new Bed();
    const dialog = watched(bed, "<show>away</show>");
    bed.rule("block");
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active closed`]);
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`);
    bed.advance(60_000);
    subscribe(bed, { dialog });
    expect(bed.out()).toEqual([expect.stringMatching(/^200/), `NOTIFY ${dialog} active closed`]);
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.rule(undefined);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active open busy`]);
  });

  it("for his whole domain turns all its watchers offline", () => {
    const bed = new Bed();
    watched(bed);
    subscribe(bed, { from: "sip:carol@contoso.example" });
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "", `${ALICE}/desk`, "carol@contoso.example");
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.out();
    bed.rule("block", PARTNER);
    expect(bed.out()).toEqual(["NOTIFY d1 active closed", "NOTIFY d2 active closed"]);
  });

  it("while she has not decided: he sees an offline user, and she is asked when it is taken back", () => {
    const bed = new Bed();
    bed.rule("block");
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.advance(60_000);
    bed.out();
    bed.rule("allow");
    expect(bed.out()).toEqual(["xmpp bob>alice subscribe"]);
    bed.presence("subscribed");
    bed.presence(undefined, "", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
  });

  it("while a question to her may be lost with the link: it is put again when the rule is taken back", () => {
    const bed = new Bed();
    bed.linkDown();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.rule("block");
    bed.outcome("NOTIFY", 200);
    bed.linkUp();
    bed.advance(60_000);
    bed.out();
    bed.rule(undefined);
    expect(bed.out()).toEqual(["xmpp bob>alice subscribe"]);
  });

  it("survives a restart", () => {
    const bed = new Bed();
    bed.rule("block");
    bed.restart();
    subscribe(bed);
    expect(bed.out().at(-1)).toMatch(/closed$/);
    bed.rule(undefined);
    expect(bed.kept.rule.size).toBe(0);
  });
});

/** XEP-0191 3.4: the server shows the blocked contact an unavailable user, and the user again after the unblock. */
it("a block in alice's own client shows bob an offline user, and its end what she shows", () => {
  const bed = new Bed();
  const dialog = watched(bed);
  bed.presence("unavailable", "", `${ALICE}/desk`);
  expect(bed.out()).toEqual([`NOTIFY ${dialog} active closed`]);
  bed.outcome("NOTIFY", 200);
  bed.advance(5000);
  bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
  expect(bed.out()).toEqual([`NOTIFY ${dialog} active open away`]);
});

it.each([
  ["bob@contoso.example", "bob@contoso.example"],
  ["sip:Bob@Contoso.Example", "bob@contoso.example"],
  ["Contoso.EXAMPLE", "contoso.example"],
  ["bob@contoso.example/desk", undefined],
  ["", undefined],
  ["a b", undefined],
  ["@contoso.example", undefined],
])("%j is written %j in rules", (text, peer) => {
  expect(parsePeer(text)).toBe(peer);
});

it("for a user named by an e-mail address may be written as the partner writes them (AOL-06)", () => {
  const bed = new Bed({
    partners: [{ domain: "aol.com", profile: profileByName("aol"), emailScreenNames: "translate" }],
  });
  const jid = "user\\40gmail.com@aol.com";
  for (const text of ["sip:user(gmail.com)@aol.com", "User(gmail.com)@AOL.com", jid]) {
    expect(bed.translator.peer(text)).toBe(jid);
  }
  expect(bed.translator.peer("user(gmail.com)@other.example")).toBe("user(gmail.com)@other.example");
  bed.rule("block", bed.translator.peer("user(gmail.com)@aol.com")!);
  subscribe(bed, { from: "sip:user(gmail.com)@aol.com", partner: "aol.com" });
  expect(bed.out()).toEqual(["200 r1 expires=3600", "NOTIFY d1 active closed"]);
});
