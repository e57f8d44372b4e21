import { describe, expect, it } from "vitest";
import { ALICE, Bed } from "./bed.ts";
import { subscribe, watched } from "./watches.ts";

describe("the link to alice's server is down", () => {
  it("for less than a minute: bob sees no change, and her server is asked", () => {
    const bed = new Bed();
    watched(bed, "<show>away</show>");
    bed.linkDown();
    bed.advance(59_000);
    bed.linkUp();
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.advance(60_000);
    expect(bed.out()).toEqual(["xmpp bob>alice probe"]);
  });

  it("for longer: bob sees an offline user, and what she shows when it is back", () => {
    const bed = new Bed();
    const dialog = watched(bed, "<show>away</show>");
    bed.linkDown();
    bed.linkDown();
    bed.advance(59_999);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active closed`]);
    bed.outcome("NOTIFY", 200);
    subscribe(bed, { dialog });
    expect(bed.out()).toEqual([expect.stringMatching(/^200/), `NOTIFY ${dialog} active closed`]);
    bed.outcome("NOTIFY", 200);
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp bob>alice probe"]);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.advance(5_000);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active open away`]);
  });

  it("and back without an answer: she stays offline, and is seen with her next word", () => {
    const bed = new Bed();
    const dialog = watched(bed);
    bed.linkDown();
    bed.advance(60_000);
    bed.outcome("NOTIFY", 200);
    bed.linkUp();
    bed.out();
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
    bed.presence(undefined, "", `${ALICE}/desk`);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active open`]);
  });

  it("takes devices along that have left meanwhile", () => {
    const bed = new Bed();
    const dialog = watched(bed);
    bed.presence(undefined, "<priority>9</priority><status>old</status>", `${ALICE}/phone`);
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.out();
    bed.linkDown();
    bed.advance(1000);
    bed.linkUp();
    bed.presence(undefined, "", `${ALICE}/desk`);
    bed.advance(5000);
    expect(bed.out().at(-1)).toBe(`NOTIFY ${dialog} active open`);
  });

  it("says nothing to those who were refused; a question that may have been answered meanwhile is put again", () => {
    const bed = new Bed();
    watched(bed);
    bed.presence("unsubscribed");
    bed.outcome("NOTIFY", 200);
    subscribe(bed, { from: "sip:carol@contoso.example" });
    bed.outcome("NOTIFY", 200);
    bed.advance(120_000);
    bed.out();
    bed.linkDown();
    bed.advance(120_000);
    bed.linkUp();
    bed.advance(120_000);
    expect(bed.out()).toEqual(["xmpp carol>alice subscribe"]);
  });

  it("while bob's question goes under, and with it his watch: his next one asks it again", () => {
    const bed = new Bed();
    bed.linkDown();
    subscribe(bed);
    bed.outcome("NOTIFY", 481);
    bed.advance(60_000);
    bed.linkUp();
    bed.out();
    subscribe(bed);
    expect(bed.out()).toContain("xmpp bob>alice subscribe");
  });
});
