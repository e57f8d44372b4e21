import { describe, expect, it } from "vitest";
import { Bed } from "./bed.ts";
import { xmpp } from "./talk.ts";
import { notify, pidf, tuple, watching } from "./watches.ts";

/** alice has asked, and bob's side lets her in; her server has not taken our word for it yet. */
function allowed(): Bed {
  const bed = new Bed();
  bed.holdsDecisions = true;
  watching(bed);
  return bed;
}

/** The link breaks, and is there again after a while. */
function gap(bed: Bed, isInside: boolean): string[] {
  bed.linkDown();
  while (bed.untaken > 0) {
    if (isInside) bed.lost();
    else bed.taken();
  }
  bed.advance(20_000);
  bed.linkUp();
  return xmpp(bed);
}

describe("what bob's side has decided", () => {
  it("is said again where the link broke with it inside", () => {
    const bed = allowed();
    expect(gap(bed, true)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
    expect(gap(bed, true)).toEqual(["xmpp bob>alice subscribed", "xmpp bob/sip>alice available"]);
    expect(gap(bed, false)).toEqual(["xmpp bob/sip>alice available"]);
  });

  it("is said again after a kill", () => {
    const bed = allowed();
    bed.restart();
    bed.out();
    bed.linkUp();
    expect(xmpp(bed)).toContain("xmpp bob>alice subscribed");
    bed.taken();
    bed.restart();
    bed.linkUp();
    expect(xmpp(bed)).not.toContain("xmpp bob>alice subscribed");
  });

  it.each(["", " after a kill"])("is said again where it was no%s, and she sees nobody", (kill) => {
    const bed = new Bed();
    bed.holdsDecisions = true;
    const dialog = watching(bed);
    bed.taken();
    notify(bed, dialog, "terminated;reason=rejected");
    bed.out();
    if (kill) bed.restart();
    const said = gap(bed, true);
    expect(said).toContain("xmpp bob>alice unsubscribed");
    if (!kill) expect(said).toContain("xmpp bob/sip>alice unavailable");
    gap(bed, false);
    expect(gap(bed, true)).toEqual([]);
  });

  it("counts no more once alice wants something else", () => {
    const bed = allowed();
    bed.presence("unsubscribe");
    bed.out();
    expect(gap(bed, true)).toEqual([]);
    bed.outcome("SUBSCRIBE", 481);
    bed.advance(60_000);
    expect([bed.translator.size, bed.translator.underWay]).toEqual([0, 0]);
  });
});

it("says that bob is gone once more after a kill, which may have lost it", () => {
  const bed = new Bed();
  const dialog = watching(bed);
  notify(bed, dialog, "pending;expires=7000");
  bed.restart();
  bed.out();
  bed.linkUp();
  expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable"]);
});

it("says that bob is gone once more where the link may have lost it, and he has not let alice in again", () => {
  const bed = new Bed();
  const dialog = watching(bed);
  notify(bed, dialog, "active;expires=7000", pidf(tuple("open")));
  bed.linkDown();
  notify(bed, dialog, "pending;expires=7000");
  bed.out();
  bed.linkUp();
  expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice unavailable"]);
});
