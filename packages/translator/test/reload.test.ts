import { describe, expect, it } from "vitest";
import { ALICE, Bed, BOB } from "./bed.ts";
import { xmpp } from "./talk.ts";
import { notify, pidf, subscribe, tuple, watched, watching } from "./watches.ts";

describe("a partner that is taken away", () => {
  it("ends bob's watch with an offline user, without waiting for its turn", () => {
    const bed = new Bed();
    const dialog = watched(bed);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.reload({ partners: [] });
    expect(bed.out()).toEqual([`NOTIFY ${dialog} terminated;reason=noresource closed`]);
    bed.outcome("NOTIFY", 200);
    expect(bed.translator.size).toBe(0);
    expect([...bed.kept.authorization, ...bed.kept.dialog, ...bed.kept.presence]).toEqual([]);
  });

  it("shows bob to alice as unavailable, ends our subscription, and leaves her roster alone", () => {
    const bed = new Bed();
    const dialog = watching(bed);
    bed.reload({ partners: [] });
    expect(bed.out()).toEqual([
      `xmpp bob/sip>alice unavailable "contoso.example is not federated with any more."`,
      `SUBSCRIBE ${dialog} expires=0`,
    ]);
    bed.outcome("SUBSCRIBE", 403);
    expect(bed.translator.size).toBe(0);
  });

  it("is refused by both gates from then on, and let in again when it is back", () => {
    const bed = new Bed();
    bed.reload({ partners: [] });
    subscribe(bed);
    expect(bed.out()).toEqual(["403 r1"]);
    bed.reload({});
    subscribe(bed);
    expect(bed.out()).toContain("xmpp bob>alice subscribe");
  });

  it("loses no text: what was accepted comes back when it cannot go", () => {
    const bed = new Bed();
    bed.stanza(`<message from='${ALICE}/desk' to='${BOB}' id='m1' type='chat'><body>hello?</body></message>`);
    bed.reload({ partners: [] });
    bed.outcome("INVITE", 403);
    bed.advance(200_000);
    expect(bed.account("xmpp_to_sip")).toMatchObject({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
    expect(bed.lastError?.attrs.id).toBe("m1");
  });
});

it("is not waited for when its link was down: nothing is owed for ever", () => {
  const bed = new Bed();
  bed.stanza(`<message from='${ALICE}/desk' to='${BOB}' id='m1' type='chat'><body>hello?</body></message>`);
  bed.linkDown();
  bed.outcome("INVITE", 403);
  expect(bed.account("xmpp_to_sip")).toMatchObject({ accepted: 1 });
  bed.reload({ partners: [] });
  bed.advance(200_000);
  expect(bed.account("xmpp_to_sip")).toMatchObject({ accepted: 1, delivered: 0, bounced: 1, expired: 0 });
  expect(bed.translator.size).toBe(0);
});

describe("a policy that changes", () => {
  it("shuts out an XMPP domain that is excepted no more: its users are parted from, ours are not", () => {
    const exception = { domain: "partner.example", direction: "both" } as const;
    const bed = new Bed({ xmppPolicy: { default: "deny", exceptions: [exception] } });
    const ours = watched(bed);
    subscribe(bed, { to: "sip:dave@partner.example" });
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.reload({ xmppPolicy: { default: "deny", exceptions: [] } });
    const [line, ...more] = bed.out();
    expect(line).toMatch(/^NOTIFY d\d+ terminated;reason=noresource$/);
    expect(line).not.toContain(ours);
    expect(more).toEqual([]);
  });

  it("of unknown watchers counts for those who watch: to deny and back", () => {
    const bed = new Bed();
    const dialog = watched(bed);
    bed.reload({ unknownWatcher: "deny" });
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active closed`]);
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.reload({});
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active open`]);
  });
});

it("overridden cells count in watches that run", () => {
  const bed = new Bed();
  const dialog = watching(bed);
  bed.reload({ overrides: { "1-5.busy": { "xmpp-third-party": "Do Not Disturb" } } });
  bed.out();
  notify(bed, dialog, "active;expires=7200", pidf(tuple("open", "busy")));
  expect(xmpp(bed)).toEqual(["xmpp bob/sip>alice available dnd"]);
});
