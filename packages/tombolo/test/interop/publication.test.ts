/** PUBLISH both ways with a real presence server as partner: Kamailio, with user agents behind it. */

import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  ALICE,
  freePorts,
  type Lab,
  type RealProcess,
  type Stunnel,
  startKamailioPartner,
  startSipp,
  startStunnel,
  startTombolo,
  XMPP_DOMAIN,
} from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMetrics } from "../real/metrics-page.ts";
import { ROOT, startRealLab } from "../real/real-lab.ts";
import { type ScenarioValues, scenario } from "./scenario.ts";
import { AWAY, OK, OPEN, PIDF } from "./user-agent-texts.ts";

const PARTNER = "fabrikam.example";
const CAROL = `carol@${PARTNER}`;
const DAVE = `dave@${PARTNER}`;
/** So short that a refresh is due within seconds, s. */
const MAX_EXPIRES = 14;
const HOUR = 3_600;
/** Changes reach the disk within milliseconds; this is plenty, ms. */
const KEPT_MS = 500;
/** Changes of one user go out no closer together than 5 s. */
const PATIENCE = { timeout: 20_000, interval: 500 };

const VALUES: ScenarioValues = {
  user: CAROL,
  from: DAVE,
  to: ALICE,
  pause: "600",
  head: `Via: SIP/2.0/TCP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{{from}}>;tag=[call_number]d
To: <sip:{{to}}>
Call-ID: [call_id]`,
  ok: OK,
};
let lab: Lab;
let kamailio: RealProcess;
let tunnel: Stunnel;
const stops: (() => Promise<void>)[] = [];
let ports: { tls: number; tcp: number };

async function startPartner(maxExpires: number): Promise<void> {
  kamailio = await startKamailioPartner({
    domain: PARTNER,
    credentials: lab.authority.issue({ commonName: `sip.${PARTNER}`, dns: [`sip.${PARTNER}`] }),
    ca: lab.authority.cert,
    edge: { port: lab.sipPort, host: "sip.example.com" },
    ports,
    guests: { domain: XMPP_DOMAIN, maxExpires },
  });
}

beforeAll(async () => {
  const [tls, tcp] = (await freePorts(2)) as [number, number];
  ports = { tls, tcp };
  lab = await startRealLab({ partners: [{ domain: PARTNER, profile: "simple", port: tls, publish: true }] });
  await startPartner(MAX_EXPIRES);
  tunnel = await startStunnel({
    credentials: lab.authority.issue({ commonName: `sip.${PARTNER}`, dns: [`sip.${PARTNER}`] }),
    ca: lab.authority.cert,
    client: { port: lab.sipPort, servername: "sip.example.com" },
  });
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await tunnel?.stop();
  await kamailio?.stop();
  await lab?.stop();
});

async function play(name: string, values: ScenarioValues, target: number) {
  const text = scenario(name, { ...VALUES, ...values });
  return (await startSipp({ scenario: text, target })).result;
}

/** What dave, asking his own server, is told of alice. */
async function daveSees(): Promise<string> {
  const { ok, errors, messages } = await play("fetch", {}, ports.tcp);
  expect(ok, `${errors}\n${messages}\n${kamailio.output()}`).toBe(true);
  return messages;
}

async function published(): Promise<number> {
  const page = await readMetrics(lab.adminUrl);
  return page.sum("sip_responses_total", {
    method: "PUBLISH",
    partner: PARTNER,
    side: "outside",
    class: "2xx",
  });
}

test("alice lets the partner's own JID see her: dave sees her at his server", async () => {
  expect(await daveSees()).not.toContain("<basic>open");
  lab.alice.subscribe(PARTNER);
  await lab.alice.waitForPresence({ from: PARTNER, type: "subscribed" });
  await lab.alice.waitForPresence({ from: PARTNER, type: "subscribe" });
  lab.alice.sendPresenceType(PARTNER, "subscribed");
  await expect.poll(daveSees, PATIENCE).toContain("<basic>open");
}, 40_000);

test("she changes: the same publication is modified", async () => {
  lab.alice.presence({ show: "away", status: "in the boat" });
  await expect.poll(daveSees, PATIENCE).toContain("in the boat");
}, 40_000);

test("it is refreshed before it lapses", async () => {
  const before = await published();
  await expect.poll(published, { timeout: MAX_EXPIRES * 2_000 }).toBeGreaterThan(before + 1);
  expect(await daveSees()).toContain("in the boat");
}, 40_000);

test("the server has forgotten it: the tag is refused and the state published anew", async () => {
  await kamailio.stop();
  await startPartner(HOUR);
  await expect.poll(daveSees, PATIENCE).toContain("in the boat");
}, 40_000);

test("the program is killed: the publication goes on under its tag", async () => {
  await pause(KEPT_MS);
  const ended = once(lab.tombolo, "exit");
  lab.tombolo.kill("SIGKILL");
  await ended;
  lab.alice.presence({ show: "away", status: "on the shore" });
  await startTombolo(ROOT, lab.config, join(lab.dir, "again.log"), (stop) => stops.push(stop));
  await expect.poll(daveSees, PATIENCE).toContain("on the shore");
  expect(await daveSees()).not.toContain("in the boat");
  expect(await published()).toBeGreaterThan(0);
  const page = await readMetrics(lab.adminUrl);
  expect(page.sum("sip_responses_total", { method: "PUBLISH", side: "outside", class: "4xx" })).toBe(0);
}, 40_000);

test("she goes: it is removed at once", async () => {
  lab.alice.unavailable();
  await expect.poll(daveSees, { timeout: 5_000, interval: 300 }).not.toContain("<basic>open");
  lab.alice.presence();
}, 40_000);

test("carol's device publishes to us what her server does not know: created, modified and removed", async () => {
  lab.alice.subscribe(CAROL);
  await lab.alice.waitForPresence({ from: CAROL, type: "subscribed" });
  const since = lab.alice.received.length;
  const { ok, errors, messages } = await play(
    "publisher",
    { head: PIDF, first: OPEN, second: AWAY },
    tunnel.tcpPort,
  );
  expect(ok, `${errors}\n${messages}`).toBe(true);
  await lab.alice.waitForPresence({ from: CAROL, type: "unavailable" });
  const shown = lab.alice.received
    .slice(since)
    .filter(({ name, attrs }) => name === "presence" && attrs.from?.startsWith(CAROL))
    .map((one) => [one.attrs.type, one.getChildText("show"), one.getChildText("status")].join(" ").trim());
  expect(shown).toEqual(["in the garden", "away", "unavailable"]);
}, 40_000);
