import { describe, expect, it } from "vitest";
import { ALICE, Bed } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { subscribe, watched } from "./watches.ts";

describe("bob subscribes to alice", () => {
  it("is answered at once, alice is asked once, and he is told to wait without a word about her", () => {
    const bed = new Bed();
    subscribe(bed);
    expect(bed.out()).toEqual(["200 r1 expires=3600", "xmpp bob>alice subscribe", "NOTIFY d1 pending"]);
  });

  it("asks alice once for all his devices and all his refreshes, and again after a day", () => {
    const bed = new Bed();
    subscribe(bed, { expires: 7200 });
    subscribe(bed, { expires: 7200 });
    subscribe(bed, { expires: 7200, dialog: "d1" });
    const asked = () => bed.out().filter((line) => line.includes("xmpp"));
    expect(asked()).toEqual(["xmpp bob>alice subscribe"]);
    for (let hour = 0; hour < 25; hour++) {
      bed.advance(3_600_000);
      subscribe(bed, { expires: 7200, dialog: "d1" });
    }
    expect(asked()).toEqual(["xmpp bob>alice subscribe"]);
  });

  it("says who asks", () => {
    const bed = new Bed();
    bed.request("SUBSCRIBE", {
      from: '"Bob B." <sip:bob@contoso.example>',
      headers: [["Event", "presence"]],
    });
    expect(bed.lastStanza?.getChildText("nick")).toBe("Bob B.");
  });

  it("shows alice as soon as she accepts and her presence follows", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence("subscribed");
    expect(bed.out()).toEqual([]);
    bed.presence(undefined, "<show>away</show><status>at lunch</status>", `${ALICE}/desk`);
    expect(bed.out()).toEqual(['NOTIFY d1 active open away "at lunch"']);
  });

  it("takes presence that comes before her consent, which is on record, for one device, and asks for all", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.out();
    bed.presence(undefined, "", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
    bed.presence("subscribed");
    bed.presence("subscribed");
    bed.advance(60_000);
    expect(bed.out()).toEqual(["xmpp bob>alice probe"]);
  });

  it("asks for all her devices where her presence does not come right behind her consent", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.out();
    bed.advance(499);
    expect(bed.out()).toEqual([]);
    bed.advance(1);
    expect(bed.out()).toEqual(["xmpp bob>alice probe"]);
    bed.presence(undefined, "", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
    bed.advance(60_000);
    expect(bed.out()).toEqual([]);
  });

  it("does not take one device that leaves for the answer", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.out();
    bed.presence("unavailable", "", `${ALICE}/phone`);
    expect(bed.out()).toEqual([]);
    bed.presence(undefined, "", `${ALICE}/desk`);
    expect(bed.out()).toEqual(["NOTIFY d1 active open"]);
  });

  it("waits 2 s for her presence, then says closed", () => {
    const bed = new Bed();
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.presence("subscribed");
    bed.out();
    bed.advance(1999);
    expect(bed.out()).toEqual(["xmpp bob>alice probe"]);
    bed.advance(1);
    expect(bed.out()).toEqual(["NOTIFY d1 active closed"]);
  });

  it.each([
    ["presence.winfo", 489],
    ["Presence", 489],
    ["", 489],
  ])("refuses event package %j with %d", (event, status) => {
    const bed = new Bed();
    const ref = bed.request("SUBSCRIBE", { headers: [["Event", event]] });
    expect(bed.answerTo(ref)?.status).toBe(status);
    expect(headerOf(bed.answerTo(ref)?.headers, "Allow-Events")).toBe("presence");
    expect(bed.translator.size).toBe(0);
  });

  it("refuses a watcher who takes no PIDF, and knows that no Accept means PIDF", () => {
    const bed = new Bed();
    const picky = subscribe(bed, { headers: [["Accept", "text/xml+msrtc.pidf"]] });
    expect(bed.answerTo(picky)?.status).toBe(406);
    const many = subscribe(bed, { headers: [["Accept", "text/xml+msrtc.pidf, application/pidf+xml;q=0.1"]] });
    expect(bed.answerTo(many)?.status).toBe(200);
  });

  it("refuses addresses and domains that are not ours, and partners who are not who they say", () => {
    const bed = new Bed();
    const status = (options: Parameters<typeof subscribe>[1]) =>
      bed.answerTo(subscribe(bed, options))?.status;
    expect(status({ to: "sip:alice@elsewhere.example" })).toBe(404);
    expect(status({ to: "sip:example.com" })).toBe(404);
    expect(status({ from: "sip:eve@other.example" })).toBe(403);
    expect(status({ partner: "ocs.example" })).toBe(403);
    expect(status({ from: "sip:bob@sub.contoso.example" })).toBe(403);
    expect(bed.out().filter((line) => line.includes("xmpp"))).toEqual([]);
    expect(bed.translator.size).toBe(0);
  });

  it("takes 16 dialogs of one watcher and no more", () => {
    const bed = new Bed();
    const statuses = Array.from({ length: 17 }, () => bed.answerTo(subscribe(bed))?.status);
    expect(statuses.slice(0, 16).every((status) => status === 200)).toBe(true);
    expect(statuses[16]).toBe(480);
  });
});

describe("what bob sees", () => {
  it.each([
    ["", "open"],
    ["<show>chat</show>", "open"],
    ["<show>away</show>", "open away"],
    ["<show>xa</show>", "open away"],
    ["<show>dnd</show>", "open busy"],
    ["<show>online</show>", "open"],
    ["<show>dnd</show><status>in a call</status>", 'open busy "in a call"'],
  ])("%s is %s to partners of tables 1-4 and 1-8", (presence, seen) => {
    for (const partner of ["contoso.example", "ocs.example"]) {
      const bed = new Bed();
      subscribe(bed, { from: `sip:bob@${partner}`, partner });
      bed.outcome("NOTIFY", 200);
      bed.out();
      bed.presence(undefined, presence, `${ALICE}/desk`, `bob@${partner}`);
      expect(bed.out()).toEqual([`NOTIFY d1 active ${seen}`]);
    }
  });

  it("is her most important device, then the most reachable, and closed when the last has left", () => {
    const bed = new Bed();
    const dialog = watched(bed, "<show>away</show>");
    const change = (type: string | undefined, children: string, resource: string) => {
      bed.presence(type, children, `${ALICE}${resource}`);
      if (bed.pending.includes("NOTIFY")) bed.outcome("NOTIFY", 200);
      bed.advance(5000);
      return bed.out();
    };
    expect(change(undefined, "", "/phone")).toEqual([`NOTIFY ${dialog} active open`]);
    expect(change(undefined, "<show>dnd</show><priority>5</priority>", "/desk")).toEqual([
      `NOTIFY ${dialog} active open busy`,
    ]);
    expect(change("unavailable", "", "/desk")).toEqual([`NOTIFY ${dialog} active open`]);
    expect(change("unavailable", "", "/phone")).toEqual([`NOTIFY ${dialog} active closed`]);
    expect(change(undefined, "", "/desk")).toEqual([`NOTIFY ${dialog} active open`]);
    expect(change(undefined, "", "/phone")).toEqual([]);
    // From the bare address it is true of all.
    expect(change("unavailable", "", "")).toEqual([`NOTIFY ${dialog} active closed`]);
  });

  it("comes in one NOTIFY for a burst, the last state, within 5 s", () => {
    const bed = new Bed();
    const dialog = watched(bed);
    for (let i = 0; i < 20; i++) bed.presence(undefined, `<status>${i}</status>`, `${ALICE}/desk`);
    bed.outcome("NOTIFY", 200);
    bed.advance(5000);
    bed.outcome("NOTIFY", 200);
    bed.advance(60_000);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active open "0"`, `NOTIFY ${dialog} active open "19"`]);
    const ages = bed.observations.flatMap((seen) => (seen.what === "presence" ? [seen.age] : []));
    expect(ages.slice(-2)).toEqual([0, 5000]);
  });

  it("is told to each of his devices, each with its own age", () => {
    const bed = new Bed();
    watched(bed);
    const second = `d${subscribe(bed).slice(1)}`;
    expect(bed.out()).toEqual(["200 r2 expires=3600", `NOTIFY ${second} active open`]);
    bed.outcome("NOTIFY", 200);
    bed.advance(1000);
    bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`);
    bed.advance(10_000);
    expect(bed.out()).toEqual(["NOTIFY d1 active open away", "NOTIFY d2 active open away"]);
    const ages = bed.observations.flatMap((seen) => (seen.what === "presence" ? [seen.age] : []));
    expect(ages.slice(-2)).toEqual([0, 4000]);
  });

  it("is the same document for partners that follow RFC 3863 to the letter, with their scheme and a contact", () => {
    const bed = new Bed();
    bed.request("SUBSCRIBE", {
      from: "sip:bob@simple.example",
      partner: "simple.example",
      headers: [["Event", "presence"]],
    });
    bed.outcome("NOTIFY", 200);
    bed.presence(undefined, "<show>dnd</show>", `${ALICE}/desk`, "bob@simple.example");
    const body = new TextDecoder().decode(bed.lastBody);
    expect(body).toContain('entity="pres:alice@example.com"');
    expect(body).toContain('<contact priority="0">sip:alice@example.com</contact>');
  });
});
