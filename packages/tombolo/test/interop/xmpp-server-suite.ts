/** What every XMPP server behind the program must do: one body of tests, for each server that there is. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ALICE,
  BOB,
  type Lab,
  PASSWORD,
  Refused,
  type ShownState,
  SIP_DOMAIN,
  statusOf,
  type Watching,
  XmppClient,
  type XmppServerName,
} from "@tombolo/testkit";
import type { Element } from "ltx";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMetrics } from "../real/metrics-page.ts";
import { ROOT, startRealLab } from "../real/real-lab.ts";

const DORA = "dora@example.com";
/** Presence changes are told at most once in five seconds (RFC 3856 6.10). */
const PATIENCE_MS = 9_000;
/** The pause between two tries of a link is any up to a bound that doubles from 1 s; a busy machine starts a server in 10 s. */
const LINK_BACK_MS = 45_000;
/** Texts at once, to a user who is there and to one who is not. */
const CROWD = 40;

const TO_XMPP = { direction: "sip_to_xmpp" };
/** What the SIP user reads when an error comes after the answer. */
const NOT_DELIVERED = /not delivered|could not/i;
/** What a text outside of a session is answered with once the server has it. */
const PAGE_TAKEN = 202;

export interface Expected {
  /** The SIP statuses that the server's own error for a user who does not exist becomes. */
  readonly unknownUser: number;
  /** When the server refuses a text for somebody who blocks its sender: before it answers a ping behind it, or perhaps later. */
  readonly blocking: "at once" | "perhaps afterwards";
  /** `check --online` says so where the server does not know the component's domain. */
  readonly unknownDomain: RegExp;
}

export function xmppServerSuite(server: XmppServerName, expected: Expected): void {
  let lab: Lab;
  let alice: XmppClient;
  let watching: Watching;

  const login = (resource: string, available = true) =>
    XmppClient.login({ jid: ALICE, password: PASSWORD, port: lab.server.c2sPort, resource, available });
  const text = (to: string, body: string) =>
    lab.edge.request({ method: "MESSAGE", to, headers: [["Content-Type", "text/plain"]], body });
  const page = () => readMetrics(lab.adminUrl);

  beforeAll(async () => {
    lab = await startRealLab({ server, serverOptions: { offline: true, blocking: true }, users: [DORA] });
    alice = lab.alice;
  });
  afterAll(() => lab?.stop());

  /** The server goes and comes: the link, presence both ways and texts both ways are back, and the roster is as it was. */
  async function returns(
    how: "killed" | "restarted",
    show: "away" | "dnd",
    shown: ShownState,
  ): Promise<void> {
    const linkUp = async () => (await page()).sum("xmpp_link_up", { domain: SIP_DOMAIN });
    await expect.poll(linkUp).toBe(1);
    const downs = () => lab.log.entries.filter(({ event }) => event === "xmpp-link-down").length;
    const before = downs();
    if (how === "killed") await lab.server.kill();
    else await lab.server.restart();
    await expect.poll(downs).toBeGreaterThan(before);
    if (how === "killed") {
      expect((await fetch(`${lab.adminUrl}/readyz`)).status).toBe(503);
      expect(statusOf(await text(ALICE, "into the void"))).toBe(504);
      await lab.server.restart();
    }
    await expect.poll(linkUp, { timeout: LINK_BACK_MS, interval: 200 }).toBe(1);
    alice = await login(how);
    await alice.waitForPresence({ from: BOB, type: "available", show: "" });
    // What she shows is as before: only a change is sure to be told.
    alice.presence({ show });
    await watching.waitForState(shown, PATIENCE_MS);
    await lab.edge.sendIm(ALICE, `welcome back, ${how}`);
    await alice.waitForMessage({ from: BOB, body: `welcome back, ${how}` });
    alice.message(BOB, `thank you, ${how}`);
    await lab.edge.conversation.waitForText(`thank you, ${how}`);
    await lab.edge.bye();
    expect((await alice.roster()).get(BOB)).toBe("both");
  }

  describe("presence", () => {
    test("bob asks dora, who denies him: he sees somebody who is offline, and no more", async () => {
      const dora = await XmppClient.login({ jid: DORA, password: PASSWORD, port: lab.server.c2sPort });
      const denied = await lab.edge.subscribe(DORA);
      await dora.waitForPresence({ from: BOB, type: "subscribe" });
      dora.sendPresenceType(BOB, "unsubscribed");
      await denied.waitForState("Offline");
      dora.presence({ show: "away" });
      const isShown: Parameters<typeof denied.waitForNotify>[0] = ({ presence }) =>
        presence !== undefined && presence.shown !== "Offline";
      await denied.notifies.expectNone(isShown, { what: "a state of dora", ms: 1_000 });
      expect((await dora.roster()).get(BOB) ?? "none").toBe("none");
      await denied.unsubscribe();
      await dora.stop();
    });

    test("bob asks alice and is accepted: he sees her", async () => {
      const asked = lab.edge.subscribe(ALICE);
      await alice.acceptSubscription(BOB);
      watching = await asked;
      await watching.waitForState("Available", PATIENCE_MS);
      expect((await alice.roster()).get(BOB)).toBe("from");
    });

    test("alice asks, and sees bob's states", async () => {
      alice.subscribe(BOB);
      await alice.waitForPresence({ from: BOB, type: "subscribed" });
      await alice.waitForPresence({ from: BOB, type: "available", show: "" });
      await lab.edge.setPresence("Busy");
      await alice.waitForPresence({ from: BOB, type: "available", show: "away" });
      await lab.edge.setPresence("Offline");
      await alice.waitForPresence({ from: BOB, type: "unavailable" });
      await lab.edge.setPresence("Available");
      await alice.waitForPresence({ from: BOB, type: "available", show: "" });
      expect((await alice.roster()).get(BOB)).toBe("both");
    });

    test("a second client of hers is told of bob, and bob sees the better of both", async () => {
      const phone = await login("phone");
      await phone.waitForPresence({ from: BOB, type: "available", show: "" });
      alice.presence({ show: "dnd", priority: -1 });
      phone.presence({ priority: 5 });
      await phone.stop();
      await watching.waitForState("Busy", PATIENCE_MS);
    });

    // Well before the other outage: after ten seconds up a link tries again sooner.
    test("the server is killed, and all is as it was", () => returns("killed", "away", "Away"), 90_000);

    test("she logs out; a text is kept by her server meanwhile; she logs in", async () => {
      await alice.stop();
      await watching.waitForState("Offline", PATIENCE_MS);
      expect(statusOf(await text(ALICE, "for later"))).toBe(PAGE_TAKEN);
      alice = await login("back");
      await alice.waitForPresence({ from: BOB, type: "available" });
      const kept = await alice.waitForMessage({ from: BOB, body: "for later" });
      expect(kept.getChild("delay", "urn:xmpp:delay")).toBeDefined();
      await watching.waitForState("Available", PATIENCE_MS);
    }, 30_000);
  });

  describe("texts", () => {
    test("go both ways, once each", async () => {
      await lab.edge.sendIm(ALICE, "hello alice");
      await alice.waitForMessage({ from: BOB, body: "hello alice" });
      alice.message(BOB, "hello bob");
      await lab.edge.conversation.waitForText("hello bob");
      const again = ({ name }: Element) => name === "message";
      await alice.expectNone(again, { what: "a second text", ms: 300 });
      await lab.edge.bye();
    });

    test("to somebody who does not exist is refused, outside of a session and in one", async () => {
      expect(statusOf(await text("nobody@example.com", "anybody?"))).toBe(expected.unknownUser);
      const refused = await lab.edge
        .sendIm("nobody@example.com", "anybody?")
        .catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Refused);
      expect(statusOf((refused as Refused).response)).toBe(expected.unknownUser);
    });

    // To dora, who has not written: texts go to her bare JID. One to a full JID some servers drop without a word.
    test("from somebody whom dora blocks come back, and the books say so", async () => {
      const dora = await XmppClient.login({ jid: DORA, password: PASSWORD, port: lab.server.c2sPort });
      const conversation = await lab.edge.sendIm(DORA, "not yet blocked");
      await dora.waitForMessage({ from: BOB, body: "not yet blocked" });
      const before = await page();
      await dora.iq("set", undefined, `<block xmlns="urn:xmpp:blocking"><item jid="${BOB}"/></block>`);
      const status = statusOf(await conversation.send("blocked"));
      await dora.iq("set", undefined, `<unblock xmlns="urn:xmpp:blocking"><item jid="${BOB}"/></unblock>`);
      const after = async (name: string) => (await page()).sum(name, TO_XMPP) - before.sum(name, TO_XMPP);
      if (expected.blocking === "at once" || status >= 300) {
        expect(status).toBe(480);
        expect(await after("im_bounced_total")).toBe(1);
      } else {
        expect(status).toBe(200);
        expect((await conversation.waitForText()).text).toMatch(NOT_DELIVERED);
        expect(await after("im_returned_total")).toBe(1);
      }
      await conversation.send("not blocked any more");
      await dora.waitForMessage({ from: BOB, body: "not blocked any more" });
      await lab.edge.bye();
      expect(await after("im_in_flight")).toBe(0);
      await dora.stop();
    });

    test("by the dozen to her and to nobody: each is answered for itself, hers come in order", async () => {
      const to = (n: number) => (n % 2 === 0 ? ALICE : `nobody${n}@example.com`);
      const all = Array.from({ length: CROWD }, (_, n) => text(to(n), `crowd ${n}`));
      const statuses = (await Promise.all(all)).map(statusOf);
      expect(statuses).toEqual(statuses.map((_, n) => (n % 2 === 0 ? PAGE_TAKEN : expected.unknownUser)));
      await alice.waitForMessage({ from: BOB, body: `crowd ${CROWD - 2}` });
      const bodies = alice.received.map((stanza) => stanza.getChildText("body") ?? "");
      expect(bodies.filter((body) => body.startsWith("crowd"))).toEqual(
        statuses.flatMap((status, n) => (status === PAGE_TAKEN ? [`crowd ${n}`] : [])),
      );
    });
  });

  describe("the server", () => {
    test("is restarted, and all is as it was", () => returns("restarted", "dnd", "Busy"), 90_000);

    test("says what is wrong with a component's secret and domain", async () => {
      const good = readFileSync(lab.config, "utf8");
      const check = (name: string, config: string) => {
        const file = join(lab.dir, `${name}.yaml`);
        writeFileSync(file, config);
        return new Promise<string>((resolve) => {
          const args = ["check", "-c", file, "--online"];
          execFile(join(ROOT, "scripts/tombolo"), args, (_, stdout, stderr) => resolve(stdout + stderr));
        });
      };
      const [secret, domain] = await Promise.all([
        check("secret", good.replace(/secret: secret-/, "secret: wrong-")),
        check("domain", good.replace(/- domain: \S+/, "- domain: stranger.example")),
      ]);
      expect(secret).toMatch(/refused the component's secret/);
      expect(domain).toMatch(expected.unknownDomain);
    }, 30_000);
  });

  test("an end of it: she takes bob off her list, he takes her off his", async () => {
    const watcher = lab.edge.watchers.findLast(({ active }) => active);
    alice.sendPresenceType(BOB, "unsubscribe");
    await expect.poll(() => watcher?.active, { timeout: 5_000 }).toBe(false);
    const ended = await watching.unsubscribe();
    expect(ended.state).toBe("terminated");
    expect((await alice.roster()).get(BOB)).toMatch(/^(none|from)$/);
    const { accepted, delivered, bounced, expired, inFlight } = (await page()).books("sip_to_xmpp");
    expect([accepted, inFlight]).toEqual([delivered + bounced + expired, 0]);
    expect(lab.log.entries.filter(({ event }) => event === "conservation-broken")).toEqual([]);
    expect(lab.edge.faults()).toEqual([]);
  });
}
