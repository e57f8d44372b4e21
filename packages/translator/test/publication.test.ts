import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_PUBLICATION_SETTINGS,
  type Partner,
  profileByName,
  type TranslatorSettings,
} from "../src/index.ts";
import { MAX_PUBLISHED_BYTES } from "../src/presence/publish-wire.ts";
import { ALICE, Bed, BOB, PARTNER } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { notify, pidf, subscribe, tuple, watched, watching } from "./watches.ts";

const SIMPLE: Partner = { domain: PARTNER, profile: profileByName("simple"), publish: true };

/** With a partner that may publish and is published to; ids go on over restarts, as random ones do. */
function publicationBed(changes: Partial<TranslatorSettings> = {}): Bed {
  let serial = 0;
  return new Bed({ partners: [SIMPLE], ids: () => `tag${++serial}`, ...changes });
}

interface Publishing {
  readonly from?: string;
  readonly ifMatch?: string | undefined;
  readonly expires?: number;
  readonly document?: string | undefined;
  readonly partner?: string;
}

/** bob publishes himself. Gives status and new tag. */
function publish(
  bed: Bed,
  options: Publishing = {},
): { status: number | undefined; etag: string | undefined } {
  const { from = BOB, ifMatch, expires = 600, document, partner } = options;
  bed.advance(1);
  const ref = bed.request("PUBLISH", {
    from: `sip:${from}`,
    to: `sip:${from}`,
    ...(partner !== undefined && { partner }),
    ...(document !== undefined && { body: pidf(document, `pres:${from}`) }),
    headers: [
      ["Event", "presence"],
      ["Expires", String(expires)],
      ...(ifMatch === undefined ? [] : ([["SIP-If-Match", ifMatch]] as const)),
    ],
  });
  const answer = bed.answerTo(ref);
  return { status: answer?.status, etag: headerOf(answer?.headers, "SIP-ETag") };
}

const OPEN = tuple("open");
const AWAY = `${OPEN}<person xmlns="urn:ietf:params:xml:ns:pidf:data-model" id="p"><activities xmlns="urn:ietf:params:xml:ns:pidf:rpid"><away/></activities></person>`;

const BUSY = AWAY.replace("away", "busy");

function presenceLines(bed: Bed): string[] {
  return bed.out().filter((line) => line.startsWith("xmpp"));
}

describe("what bob publishes", () => {
  it("is for all whom his side has let in, and for nobody else", () => {
    const bed = publicationBed();
    watching(bed, pidf(OPEN));
    bed.presence("subscribe", "", "carol@example.com", BOB, "c");
    const carol = bed.outcome("SUBSCRIBE", 200)!;
    notify(bed, carol, "pending");
    bed.presence("subscribe", "", "dave@example.com", BOB, "d");
    const dave = bed.outcome("SUBSCRIBE", 200)!;
    notify(bed, dave, "active", pidf(tuple("closed")));
    bed.presence("subscribe", "", "eve@example.com", BOB, "e");
    bed.outcome("SUBSCRIBE", 403);
    bed.out();
    expect(publish(bed, { document: AWAY })).toMatchObject({ status: 200 });
    expect(bed.translator.find(ALICE, BOB)?.watches.xmpp?.published).toEqual({ show: "away" });
    expect(presenceLines(bed)).toEqual([
      "xmpp bob/sip>alice available away",
      "xmpp bob/sip>dave available away",
    ]);
    notify(bed, carol, "active");
    expect(presenceLines(bed)).toContain("xmpp bob/sip>carol available away");
  });

  it("is shown no more to whom his side has shut out since", () => {
    const bed = publicationBed();
    const dialog = watching(bed, pidf(OPEN));
    const { etag } = publish(bed, { document: AWAY });
    bed.out();
    notify(bed, dialog, "terminated;reason=rejected");
    expect(presenceLines(bed)).toEqual(["xmpp bob/sip>alice unavailable", "xmpp bob>alice unsubscribed"]);
    publish(bed, { document: OPEN, ifMatch: etag });
    expect(presenceLines(bed)).toEqual([]);
  });

  it("goes on while his own server is out of reach, when what it said is too old", () => {
    const bed = publicationBed();
    watching(bed, pidf(OPEN));
    publish(bed, { document: AWAY, expires: 3600 });
    bed.partnerBack();
    bed.outcome("SUBSCRIBE", "unreachable");
    bed.out();
    bed.advance(120_000);
    expect(presenceLines(bed)).toEqual([]);
    bed.advance(3_600_000);
    expect(presenceLines(bed)).toEqual(["xmpp bob/sip>alice unavailable"]);
  });

  it("ends with the federation, and with the right to publish", () => {
    const bed = publicationBed();
    watching(bed, pidf(OPEN));
    publish(bed, { document: AWAY });
    bed.out();
    bed.reload({ partners: [{ ...SIMPLE, profile: profileByName("ocs") }] });
    expect(presenceLines(bed)).toEqual(["xmpp bob/sip>alice available"]);
    expect(bed.kept.publication.size).toBe(0);
    expect(publish(bed, { document: AWAY })).toMatchObject({ status: 405 });
  });

  it("may be as long as it may be, and no longer", () => {
    const bed = publicationBed();
    const length = pidf("", `pres:${BOB}`).bytes.length + "<note></note>".length;
    const words = (bytes: number) => `<note>${"x".repeat(bytes - length)}</note>`;
    expect(publish(bed, { document: words(MAX_PUBLISHED_BYTES) })).toMatchObject({ status: 200 });
    expect(publish(bed, { document: words(MAX_PUBLISHED_BYTES + 1) })).toMatchObject({ status: 513 });
  });

  it("has room for so many users and not for one more", () => {
    const bed = publicationBed({ publications: { ...DEFAULT_PUBLICATION_SETTINGS, maxPublishingUsers: 1 } });
    const { etag } = publish(bed, { document: OPEN });
    expect(publish(bed, { from: `eve@${PARTNER}`, document: OPEN })).toMatchObject({ status: 480 });
    expect(publish(bed, { ifMatch: etag, expires: 0 })).toMatchObject({ status: 200 });
    expect(publish(bed, { from: `eve@${PARTNER}`, document: OPEN })).toMatchObject({ status: 200 });
  });

  it("is believed of whom the certificate stands for", () => {
    const bed = publicationBed();
    expect(publish(bed, { document: OPEN, partner: "fabrikam.example" })).toMatchObject({ status: 403 });
  });
});

describe("what bob publishes, after a kill", () => {
  it("and his refused or repeated requests, leave alone what alice sees while his server says nothing new", () => {
    const bed = publicationBed();
    watching(bed, pidf(OPEN));
    bed.restart(30_000);
    bed.linkUp();
    bed.outcome("SUBSCRIBE", 200);
    bed.advance(40_000);
    expect(presenceLines(bed)).toContain("xmpp bob/sip>alice available");
    expect(publish(bed, { ifMatch: "unknown" })).toMatchObject({ status: 412 });
    expect(publish(bed, { document: AWAY, expires: 1 })).toMatchObject({ status: 423 });
    expect(presenceLines(bed)).toEqual([]);
  });

  it("is still what alice sees, and is refreshed under its tag", () => {
    const bed = publicationBed();
    watching(bed, pidf(OPEN));
    const { etag } = publish(bed, { document: AWAY });
    bed.restart(30_000);
    bed.linkUp();
    bed.out();
    const dialog = [...bed.liveDialogs][0]!;
    bed.outcome("SUBSCRIBE", 200, { dialog });
    notify(bed, dialog, "active;expires=7200", pidf(OPEN));
    expect(presenceLines(bed)).toEqual(["xmpp bob/sip>alice available away"]);
    expect(publish(bed, { ifMatch: etag })).toMatchObject({ status: 200 });
    bed.advance(600_000);
    expect(presenceLines(bed)).toEqual(["xmpp bob/sip>alice available"]);
  });

  it("is gone where it lapsed meanwhile", () => {
    const bed = publicationBed();
    const { etag } = publish(bed, { document: AWAY });
    expect(bed.kept.publication.size).toBe(1);
    bed.restart(600_000);
    expect(bed.kept.publication.size).toBe(0);
    expect(publish(bed, { ifMatch: etag })).toMatchObject({ status: 412 });
  });

  it("is kept anew when the store has lost it", () => {
    const bed = publicationBed();
    publish(bed, { document: AWAY });
    bed.kept.publication.clear();
    bed.feed({ kind: "keep-all" });
    expect(bed.kept.publication.size).toBe(1);
  });
});

describe("what alice's SIP device publishes", () => {
  const HOME = { from: ALICE, partner: "example.com" };

  it("counts as one of her devices, for the watchers whom she has let in", () => {
    const bed = publicationBed();
    const dialog = watched(bed, "<show>away</show>");
    subscribe(bed, { from: `sip:eve@${PARTNER}` });
    bed.outcome("NOTIFY", 200);
    bed.out();
    const { status, etag } = publish(bed, { ...HOME, document: BUSY });
    expect(status).toBe(200);
    bed.advance(5_000);
    expect(bed.out().filter((line) => line.startsWith("NOTIFY"))).toEqual([
      `NOTIFY ${dialog} active open busy`,
    ]);
    bed.outcome("NOTIFY", 200);
    expect(publish(bed, { ...HOME, ifMatch: etag, expires: 0 })).toMatchObject({ status: 200 });
    bed.advance(5_000);
    expect(bed.out()).toContain(`NOTIFY ${dialog} active open away`);
  });

  it("is all that there is while she is nowhere else, and stays on through an outage of her server", () => {
    const bed = publicationBed();
    const dialog = watched(bed);
    publish(bed, { ...HOME, document: BUSY });
    bed.outcome("NOTIFY", 200);
    bed.presence("unavailable", "", `${ALICE}/desk`);
    bed.advance(5_000);
    expect(bed.out().at(-1)).toBe(`NOTIFY ${dialog} active open busy`);
    bed.outcome("NOTIFY", 200);
    bed.linkDown();
    bed.advance(120_000);
    expect(bed.out()).toEqual([]);
    bed.advance(600_000);
    expect(bed.out()).toEqual([`NOTIFY ${dialog} active closed`]);
  });

  it("is shown to a watcher who comes later, and to none whom she refuses", () => {
    const bed = publicationBed();
    publish(bed, { ...HOME, document: BUSY });
    subscribe(bed);
    bed.outcome("NOTIFY", 200);
    bed.presence("unsubscribed");
    expect(bed.out().at(-1)).toMatch(/active closed$/);
    const carol = `d${subscribe(bed, { from: `sip:carol@${PARTNER}` }).slice(1)}`;
    bed.outcome("NOTIFY", 200, { dialog: carol });
    bed.presence("subscribed", "", ALICE, `carol@${PARTNER}`);
    bed.advance(5_000);
    expect(bed.out().at(-1)).toBe(`NOTIFY ${carol} active open busy`);
  });

  it("outlives a kill", () => {
    const bed = publicationBed();
    const dialog = watched(bed);
    const { etag } = publish(bed, { ...HOME, document: BUSY });
    bed.restart(30_000);
    bed.linkUp();
    bed.presence("unavailable", "", ALICE);
    bed.out();
    expect(publish(bed, { ...HOME, ifMatch: etag })).toMatchObject({ status: 200 });
    expect(bed.translator.find(ALICE, BOB)?.watches.sip).toMatchObject({
      sees: { state: "Do Not Disturb" },
      resources: [{ resource: "sip", state: "Do Not Disturb", priority: 0 }],
      dialogs: [{ dialog }],
    });
  });

  it("is hers alone to say, and of no partner", () => {
    const bed = publicationBed();
    expect(publish(bed, { ...HOME, from: BOB, document: BUSY })).toMatchObject({ status: 403 });
    expect(publish(bed, { ...HOME, partner: PARTNER, document: BUSY })).toMatchObject({ status: 403 });
  });
});

/** alice shows herself to the partner's own JID, and its server has taken that. */
function publishedAlice(bed: Bed, etag = "e1"): void {
  bed.presence(undefined, "<show>away</show>", `${ALICE}/desk`, PARTNER);
  expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com expires=3600 open away"]);
  bed.outcome("PUBLISH", 200, {
    headers: [
      ["SIP-ETag", etag],
      ["Expires", "3600"],
    ],
  });
}

describe("what is published of alice", () => {
  it("goes on after a kill under its tag, when her server has said what she shows now", () => {
    const bed = publicationBed();
    publishedAlice(bed);
    bed.restart(30_000);
    expect(bed.out()).toEqual([]);
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp contoso.example>alice probe"]);
    bed.presence(undefined, "", `${ALICE}/desk`, PARTNER);
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com if=e1 expires=3600 open"]);
  });

  it.each([
    ["says nothing", true, 9_999],
    ["is out of reach", false, 59_999],
  ])("is taken back after a kill when her server %s", (_, isUp, silence) => {
    const bed = publicationBed();
    publishedAlice(bed);
    bed.restart();
    if (isUp) bed.linkUp();
    bed.out();
    bed.advance(silence);
    expect(bed.out()).toEqual([]);
    bed.advance(DEFAULT_PUBLICATION_SETTINGS.spread);
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com if=e1 expires=0"]);
  });

  it("is asked for after a kill even where the publication has lapsed", () => {
    const bed = publicationBed();
    publishedAlice(bed);
    bed.restart(3_600_000);
    bed.linkUp();
    expect(bed.out()).toEqual(["xmpp contoso.example>alice probe"]);
    bed.presence(undefined, "", `${ALICE}/desk`, PARTNER);
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com expires=3600 open"]);
  });

  it("is composed with what her SIP device publishes here, while she shows herself", () => {
    const bed = publicationBed();
    publishedAlice(bed);
    const home = { from: ALICE, partner: "example.com" };
    const { etag } = publish(bed, { ...home, document: BUSY });
    bed.advance(5_000);
    expect(bed.out()).toContain("PUBLISH sip:alice@example.com if=e1 expires=3600 open busy");
    bed.outcome("PUBLISH", 200, { headers: [["SIP-ETag", "e2"]] });
    bed.presence("unavailable", "", `${ALICE}/desk`, PARTNER);
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com if=e2 expires=0"]);
    bed.outcome("PUBLISH", 200);
    publish(bed, { ...home, ifMatch: etag, document: OPEN });
    expect(bed.out().filter((line) => line.startsWith("PUBLISH"))).toEqual([]);
  });

  it("is refreshed at once when the partner may have lost its memory", () => {
    const bed = publicationBed();
    publishedAlice(bed);
    expect(bed.translator.publicationAt(ALICE, PARTNER)).toBe("published");
    bed.partnerBack();
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com if=e1 expires=3600"]);
    bed.outcome("PUBLISH", 412);
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com expires=3600 open away"]);
  });

  it("is taken back when the partner is published to no more", () => {
    const bed = publicationBed();
    publishedAlice(bed);
    bed.reload({ partners: [{ ...SIMPLE, publish: false }] });
    expect(bed.out()).toEqual(["PUBLISH sip:alice@example.com if=e1 expires=0"]);
    bed.outcome("PUBLISH", 200);
    expect(bed.kept.publication.size).toBe(0);
    bed.presence(undefined, "", `${ALICE}/desk`, PARTNER);
    expect(bed.out()).toEqual([]);
  });

  it("has room for so many users and not for one more", () => {
    const bed = publicationBed({ publications: { ...DEFAULT_PUBLICATION_SETTINGS, maxPublishedUsers: 1 } });
    publishedAlice(bed);
    bed.presence(undefined, "", "carol@example.com/desk", PARTNER);
    expect(bed.out()).toEqual([]);
    bed.presence("unavailable", "", `${ALICE}/desk`, PARTNER);
    bed.outcome("PUBLISH", 200);
    bed.out();
    bed.presence(undefined, "", "carol@example.com/desk", PARTNER);
    expect(bed.out()).toEqual(["PUBLISH sip:carol@example.com expires=3600 open"]);
  });

  it("is what she shows the partner's own JID, whatever she shows its users", () => {
    const target = fc.constantFrom(PARTNER, BOB, `carol@${PARTNER}`);
    const step = fc.record({
      to: target,
      show: fc.constantFrom("away", "dnd", "xa", "chat", "gone"),
      wait: fc.nat(9_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const bed = publicationBed();
        let serial = 0;
        const shown = new Set<string>();
        for (const { to, show, wait } of steps) {
          const note = `to ${to} ${++serial}`;
          if (to === PARTNER) shown.add(note);
          const words = `<show>${show}</show><status>${note}</status>`;
          if (show === "gone") bed.presence("unavailable", "", `${ALICE}/desk`, to);
          else bed.presence(undefined, words, `${ALICE}/desk`, to);
          bed.advance(wait);
          for (const line of bed.out()) {
            const said = /"(to .*)"$/.exec(line)?.[1];
            if (line.startsWith("PUBLISH") && said !== undefined) expect(shown).toContain(said);
          }
          if (bed.pending.includes("PUBLISH"))
            bed.outcome("PUBLISH", 200, { headers: [["SIP-ETag", `e${serial}`]] });
        }
      }),
    );
  });
});
