/** Things break under a running program: connections, the XMPP server, its configuration, and at last itself. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import {
  ALICE,
  BOB,
  type Lab,
  SIP_DOMAIN,
  statusOf,
  type Watching,
  writePki,
  XmppClient,
} from "@tombolo/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readMetrics } from "./metrics-page.ts";
import { startRealLab } from "./real-lab.ts";
import { SipPeer } from "./sip-peer.ts";

/** Presence changes are told at most once in five seconds (RFC 3856 6.10). */
const PATIENCE_MS = 9_000;
/** The pause between two tries of the link is any up to a bound that doubles from 1 s: after four failures up to 16 s. */
const LINK_BACK_MS = 20_000;

let lab: Lab;
let alice: XmppClient;
let watching: Watching;

beforeAll(async () => {
  lab = await startRealLab();
  await logged("xmpp-link-up");
  alice = lab.alice;
  const asked = lab.edge.subscribe(ALICE);
  await alice.acceptSubscription(BOB);
  watching = await asked;
  await watching.waitForState("Available", PATIENCE_MS);
  alice.subscribe(BOB);
  await alice.waitForPresence({ from: BOB, type: "available", show: "" });
});
afterAll(() => lab?.stop());

const metrics = () => readMetrics(lab.adminUrl);

/** The next log line of this event that was not waited for yet. */
const logged = (event: string, timeoutMs?: number) =>
  lab.log.waitFor((line) => line.event === event, { what: `log line ${event}`, timeoutMs });

/** The serial number of the certificate that a new connection is shown. */
async function shownSerial(): Promise<string> {
  const { cert, key } = lab.partner;
  const socket = connect({
    port: lab.sipPort,
    cert,
    key,
    ca: lab.authority.cert,
    servername: "sip.example.com",
  });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe("SIGHUP", () => {
  test("a renewed certificate is shown to new connections, and old ones live on", async () => {
    const old = new SipPeer(lab);
    // Left open it would be a way to the partner that nobody answers on.
    onTestFinished(() => old.close());
    expect(statusOf(await old.ask())).toBe(200);
    const before = await shownSerial();
    const connections = lab.edge.connectionCount;
    const names = { commonName: "sip.example.com", dns: ["sip.example.com"] };
    const renewed = lab.authority.issue({ ...names, notAfter: new Date(Date.now() + 200 * 86_400_000) });
    writePki(join(lab.dir, "pki"), lab.authority, { edge: renewed });
    lab.tombolo.kill("SIGHUP");
    await logged("reloaded");
    expect(await shownSerial()).not.toBe(before);
    expect(statusOf(await old.ask())).toBe(200);
    expect(lab.edge.connectionCount).toBe(connections);
    const expiry = (await metrics()).sum("certificate_expiry_timestamp_seconds", { name: "outside" });
    expect(Math.round((expiry * 1000 - Date.now()) / 86_400_000)).toBe(200);
  });

  test("a broken file is refused with its line, and everything goes on", async () => {
    const good = readFileSync(lab.config, "utf8");
    writeFileSync(lab.config, good.replace("profile: lync", "profile: lynk"));
    lab.tombolo.kill("SIGHUP");
    expect(await logged("config-error")).toMatchObject({ path: "partners[0].profile" });
    await logged("reload-refused");
    writeFileSync(lab.config, good);
    await lab.edge.sendIm(ALICE, "still here?");
    await alice.waitForMessage({ from: BOB, body: "still here?" });
    await lab.edge.bye();
    expect(lab.edge.faults()).toEqual([]);
  });
});

/** Breaks all connections and waits until the program has seen it. */
async function breakConnections(): Promise<void> {
  await lab.edge.dropConnections();
  const open = async () => (await metrics()).sum("connections", { partner: SIP_DOMAIN });
  await expect.poll(open, { timeout: 5_000 }).toBe(0);
}

describe("the partner's connections break", () => {
  test("a text sent in that very moment arrives or comes back as an error, never neither", async () => {
    const conversation = await lab.edge.sendIm(ALICE, "careful");
    await alice.waitForMessage({ from: BOB, body: "careful" });
    await lab.edge.dropConnections();
    const id = alice.message(BOB, "did you get this?");
    const isError = (stanza: { attrs: Record<string, unknown> }) =>
      stanza.attrs.id === id && stanza.attrs.type === "error";
    await Promise.any([
      conversation.waitForText("did you get this?"),
      alice.waitFor(isError, { what: "an error for the text" }),
    ]);
    await lab.edge.bye();
    const { accepted, delivered, bounced, expired, inFlight } = (await metrics()).books("xmpp_to_sip");
    expect([accepted, inFlight]).toEqual([delivered + bounced + expired, 0]);
    expect(lab.edge.faults()).toEqual([]);
  });

  test("alice's next text still arrives, in the same session over a new connection", async () => {
    await lab.edge.sendIm(ALICE, "hello");
    await alice.waitForMessage({ from: BOB, body: "hello" });
    await breakConnections();
    alice.message(BOB, "are you still there?");
    await lab.edge.conversation.waitForText("are you still there?");
    await lab.edge.reply("yes");
    await alice.waitForMessage({ from: BOB, body: "yes" });
    await lab.edge.bye();
    expect(lab.edge.faults()).toEqual([]);
  });

  test("and so does the first text of a session, and a change of presence", async () => {
    await breakConnections();
    alice.presence({ show: "dnd" });
    alice.message(BOB, "knock");
    await (await lab.edge.waitForConversation()).waitForText("knock");
    await watching.waitForState("Busy", PATIENCE_MS);
    await lab.edge.bye();
    expect(lab.edge.faults()).toEqual([]);
  });
});

describe("the XMPP server dies", () => {
  test("a text on its way gets an error, is counted, and readiness names the link", async () => {
    const conversation = await lab.edge.sendIm(ALICE, "before");
    await alice.waitForMessage({ from: BOB, body: "before" });
    const before = (await metrics()).books("sip_to_xmpp");
    // Frozen first, so that the text is surely on its way when the server dies.
    process.kill(lab.server.pid!, "SIGSTOP");
    const asked = conversation.send("into the void");
    const inFlightNow = async () => (await metrics()).books("sip_to_xmpp").inFlight;
    await expect.poll(inFlightNow, { timeout: 5_000 }).toBe(1);
    await lab.server.kill();
    expect(statusOf(await asked)).toBe(504);

    const { accepted, delivered, bounced, expired, inFlight } = (await metrics()).books("sip_to_xmpp");
    expect({ accepted, bounced, inFlight }).toEqual({
      accepted: before.accepted + 1,
      bounced: before.bounced + 1,
      inFlight: 0,
    });
    expect(accepted).toBe(delivered + bounced + expired + inFlight);
    const ready = await fetch(`${lab.adminUrl}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false, waitingFor: [`XMPP link ${SIP_DOMAIN}`] });
    expect((await metrics()).sum("xmpp_link_up", { domain: SIP_DOMAIN })).toBe(0);
    expect((await fetch(`${lab.adminUrl}/healthz`)).status).toBe(200);
  });

  test("while it is away a text is not called delivered, and bob's changes are taken", async () => {
    const [answer, statuses] = await Promise.all([
      lab.edge.conversation.send("anybody?"),
      lab.edge.setPresence("Be Right Back"),
    ]);
    expect(statusOf(answer)).toBe(504);
    expect(statuses).toEqual([200]);
    await lab.edge.bye();
  });

  test("it comes back: the link is up, watchers see what is, texts go both ways", async () => {
    await lab.server.restart();
    await logged("xmpp-link-up", LINK_BACK_MS);
    alice = await XmppClient.login({ jid: ALICE, password: "wonderland", port: lab.server.c2sPort });
    await alice.waitForPresence({ from: BOB, type: "available", show: "away" });
    await watching.waitForState("Available", PATIENCE_MS);
    await lab.edge.setPresence("Available");
    await alice.waitForPresence({ from: BOB, type: "available", show: "" });

    await lab.edge.sendIm(ALICE, "welcome back");
    await alice.waitForMessage({ from: BOB, body: "welcome back" });
    alice.message(BOB, "thank you");
    await lab.edge.conversation.waitForText("thank you");
    await lab.edge.bye();
    expect((await fetch(`${lab.adminUrl}/readyz`)).status).toBe(200);
    const page = await metrics();
    for (const direction of ["sip_to_xmpp", "xmpp_to_sip"] as const) {
      const { accepted, delivered, bounced, expired, inFlight } = page.books(direction);
      expect([direction, accepted, inFlight]).toEqual([direction, delivered + bounced + expired, 0]);
    }
    expect(lab.log.entries.filter(({ event }) => event === "conservation-broken")).toEqual([]);
    expect(lab.edge.faults()).toEqual([]);
  }, 45_000);
});

describe("SIGTERM", () => {
  test("running sessions are closed with BYE, the stream with its closing tag, and the exit is clean", async () => {
    const conversation = await lab.edge.sendIm(ALICE, "one moment");
    await alice.waitForMessage({ from: BOB, body: "one moment" });
    const logBefore = lab.server.log().length;
    const exit = once(lab.tombolo, "exit");
    const started = performance.now();
    lab.tombolo.kill("SIGTERM");
    await conversation.waitForBye();
    expect(await exit).toEqual([0, null]);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(lab.log.entries.at(-1)).toMatchObject({ event: "stopped" });
    // The component's stream, not alice's.
    expect(lab.server.log().slice(logBefore)).toMatch(/ jcp\w+\s+debug\s+Received <\/stream:stream>/);
    expect(watching.notifies.entries.at(-1)?.state).toBe("active");
    expect(lab.edge.faults()).toEqual([]);
    await alice.stop();
  });
});
