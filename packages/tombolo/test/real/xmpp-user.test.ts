/** What an XMPP user's client sees through a real server: discovery, errors instead of silence, and the books. */
import { ALICE, BOB, type Lab, SIP_DOMAIN } from "@tombolo/testkit";
import { createElement, type Element } from "ltx";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokenPromises, readMetrics } from "./metrics-page.ts";
import { startRealLab } from "./real-lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startRealLab();
});
afterAll(() => lab?.stop());

const metrics = () => readMetrics(lab.adminUrl);

/** `type condition` of an error stanza. */
function faultOf(stanza: Element): string {
  const error = stanza.getChild("error");
  return `${error?.attrs.type} ${error?.getChildElements()[0]?.getName()}`;
}

/** Sends a stanza with an id and gives the error that comes back for it. */
async function errorFor(stanza: Element): Promise<Element> {
  const id = stanza.attrs.id ?? lab.alice.nextId();
  stanza.attrs.id = id;
  lab.alice.send(stanza);
  const isAnswer = ({ attrs }: Element) => attrs.id === id && attrs.type === "error";
  return await lab.alice.waitFor(isAnswer, { what: `the error for ${stanza.toString()}` });
}

function chat(to: string, ...children: Element[]): Element {
  return createElement("message", { to, type: "chat" }, ...children);
}

const body = (text: string) => createElement("body", null, text);

describe("the domain of a partner, as a client sees it", () => {
  test("disco#info names a gateway and its features", async () => {
    const answer = await lab.alice.iq(
      "get",
      SIP_DOMAIN,
      `<query xmlns="http://jabber.org/protocol/disco#info"/>`,
    );
    expect(answer.attrs).toMatchObject({ type: "result", from: SIP_DOMAIN });
    const query = answer.getChild("query")!;
    expect(query.getChild("identity")?.attrs).toMatchObject({
      category: "gateway",
      type: "simple",
      name: "Tombolo",
    });
    const features = query.getChildren("feature").map(({ attrs }) => attrs.var);
    expect(features).toEqual(
      expect.arrayContaining([
        "http://jabber.org/protocol/disco#info",
        "urn:xmpp:ping",
        "jabber:iq:version",
        "jid\\20escaping",
      ]),
    );
  });

  test("disco#items is empty: nobody learns who is there", async () => {
    const answer = await lab.alice.iq(
      "get",
      SIP_DOMAIN,
      `<query xmlns="http://jabber.org/protocol/disco#items"/>`,
    );
    expect(answer.attrs.type).toBe("result");
    expect(answer.getChild("query")?.getChildElements()).toEqual([]);
  });

  test("ping and version", async () => {
    const ping = await lab.alice.iq("get", SIP_DOMAIN, `<ping xmlns="urn:xmpp:ping"/>`);
    expect(ping.attrs.type).toBe("result");
    const version = await lab.alice.iq("get", SIP_DOMAIN, `<query xmlns="jabber:iq:version"/>`);
    expect(version.getChild("query")?.getChildText("name")).toBe("Tombolo");
    expect(version.getChild("query")?.getChildText("version")).toMatch(/^\d+\.\d+/);
  });
});

describe("what can't go over comes back as an error", () => {
  const OMEMO = () => createElement("encrypted", { xmlns: "eu.siacs.conversations.axolotl" });
  const ROOM = () => createElement("x", { xmlns: "jabber:x:conference", jid: "room@rooms.example.com" });
  const iq = (to: string, payload: Element) => createElement("iq", { to, type: "get" }, payload);
  const PING = () => createElement("ping", { xmlns: "urn:xmpp:ping" });
  const STRANGE = () => createElement("query", { xmlns: "urn:example:strange" });

  const rows: readonly [what: string, fault: RegExp, stanza: () => Element][] = [
    ["a text to the domain", /^cancel service-unavailable$/, () => chat(SIP_DOMAIN, body("hello?"))],
    ["an address without a user", /^modify jid-malformed$/, () => chat(`@${SIP_DOMAIN}`, body("hello?"))],
    [
      "a groupchat text",
      /^cancel service-unavailable$/,
      () => createElement("message", { to: BOB, type: "groupchat" }, body("all")),
    ],
    ["an invitation to a room", /^modify not-acceptable$/, () => chat(BOB, ROOM())],
    [
      "a text that only keys can read",
      /^modify not-acceptable$/,
      () => chat(BOB, OMEMO(), body("encrypted")),
    ],
    [
      "a text far too long",
      /^modify (policy-violation|not-acceptable)$/,
      () => chat(BOB, body("x".repeat(200_000))),
    ],
    [
      "a text to a user that bob's side does not know",
      /^cancel \S+$/,
      () => chat(`ghost@${SIP_DOMAIN}`, body("boo")),
    ],
    ["an IQ to a user", /^cancel service-unavailable$/, () => iq(BOB, PING())],
    ["an IQ to a resource of a user", /^cancel service-unavailable$/, () => iq(`${BOB}/desk`, PING())],
    ["an unknown IQ to the domain", /^cancel service-unavailable$/, () => iq(SIP_DOMAIN, STRANGE())],
  ];

  test.each(rows)("%s", async (_, fault, stanza) => {
    expect(faultOf(await errorFor(stanza()))).toMatch(fault);
  });

  test("what the other side says no to comes with a sentence", async () => {
    lab.edge.invitePolicy = { kind: "decline", code: 486 };
    const error = await errorFor(chat(BOB, body("are you there?")));
    lab.edge.invitePolicy = { kind: "accept" };
    expect(error.getChild("error")?.getChildText("text")).toMatch(/\w+ \w+.*\.$/);
    expect(error.getChild("body")).toBeUndefined();
  });

  test("a subscription to the domain, and to a user who is not there, is no silence either", async () => {
    lab.alice.subscribe(SIP_DOMAIN);
    const refused = await lab.alice.waitForPresence({ from: SIP_DOMAIN });
    expect(refused.attrs.type).toBe("unsubscribed");
    lab.alice.subscribe(`ghost@${SIP_DOMAIN}`);
    const answer = await lab.alice.waitForPresence({ from: `ghost@${SIP_DOMAIN}` });
    expect(answer.attrs.type).toMatch(/^(unsubscribed|error)$/);
  });

  test("none of it reached bob", () => {
    expect(lab.edge.conversations).toEqual([]);
    expect(lab.edge.watchers).toEqual([]);
    expect(lab.edge.faults()).toEqual([]);
  });
});

describe("what operations see", () => {
  test("texts both ways, presence both ways, and the books balance", async () => {
    const watching = lab.edge.subscribe(ALICE);
    await lab.alice.acceptSubscription(BOB);
    await (await watching).waitForState("Available");
    lab.alice.subscribe(BOB);
    await lab.alice.waitForPresence({ from: BOB, type: "available" });
    await lab.edge.sendIm(ALICE, "from bob");
    await lab.alice.waitForMessage({ from: BOB, body: "from bob" });
    lab.alice.message(BOB, "from alice");
    await lab.edge.conversation.waitForText("from alice");
    await lab.edge.bye();

    const page = await metrics();
    const toXmpp = page.books("sip_to_xmpp");
    expect(toXmpp).toEqual({ accepted: 1, delivered: 1, bounced: 0, expired: 0, inFlight: 0 });
    // The ghost's and the declined one were accepted and came back; the others were refused before.
    const toSip = page.books("xmpp_to_sip");
    expect(toSip).toEqual({ accepted: 3, delivered: 1, bounced: 2, expired: 0, inFlight: 0 });
    expect(page.sum("subscriptions", { state: "active" })).toBe(2);
    expect(page.sum("im_sessions")).toBe(0);
    expect(page.sum("presence_updates_total", { direction: "sip_to_xmpp" })).toBeGreaterThan(0);
    expect(page.sum("presence_updates_total", { direction: "xmpp_to_sip" })).toBeGreaterThan(0);
    expect(page.sum("xmpp_link_up", { domain: SIP_DOMAIN })).toBe(1);
  });

  test("metrics have the promised names and labels, and values from the configuration only", async () => {
    const page = await metrics();
    expect(brokenPromises(page, [SIP_DOMAIN])).toEqual([]);
    expect(page.text).toMatch(/^process_resident_memory_bytes \d+/m);
    const expiry = page.sum("certificate_expiry_timestamp_seconds", { name: "outside" }) * 1000 - Date.now();
    expect(expiry / 86_400_000).toSatisfy((days: number) => days > 364 && days < 366);
  });

  test("health, readiness, status and console", async () => {
    const get = async (path: string) => {
      const answer = await fetch(`${lab.adminUrl}${path}`);
      return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
    };
    expect(await get("/healthz")).toMatchObject({ status: 200 });
    expect(await get("/readyz")).toMatchObject({ status: 200 });
    const status = await get("/api/v1/status");
    expect(JSON.parse(status.text)).toMatchObject({
      node: "quickstart",
      ready: true,
      partners: [
        {
          domain: SIP_DOMAIN,
          xmppLink: "up",
          sipToXmpp: { accepted: 1, delivered: 1 },
          xmppToSip: { accepted: 3, bounced: 2 },
        },
      ],
    });
    const page = await get("/");
    expect(page).toMatchObject({ status: 200, type: expect.stringMatching(/^text\/html/) as string });
    expect(page.text).toContain(SIP_DOMAIN);
    expect(await get("/nothing")).toMatchObject({ status: 404 });
    expect(lab.edge.faults()).toEqual([]);
  });
});
