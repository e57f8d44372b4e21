/**
 * SIP devices of our own users behind the edge: Kamailio, their registrar, publishes who is there and hands on what they
 * publish themselves. A partner who watches sees it, whether the gateway is in the edge's process or in another.
 */
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  ALICE,
  BOB,
  freePorts,
  type Lab,
  type RealProcess,
  startKamailioHome,
  startSipp,
  startTombolo,
  type Watching,
  XMPP_DOMAIN,
} from "@tombolo/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT, startRealLab } from "../real/real-lab.ts";
import { type ScenarioValues, scenario } from "./scenario.ts";
import { AWAY, OPEN, PIDF } from "./user-agent-texts.ts";

const NAME = "home.inside.test";
/** Changes reach the disk within milliseconds; this is plenty, ms. */
const KEPT_MS = 500;
/** A watcher is told at most every five seconds. */
const PATIENCE_MS = 15_000;
const HEAD = `Via: SIP/2.0/TCP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{{user}}>;tag=[call_number]
To: <sip:{{user}}>
Call-ID: [call_id]`;

describe.each(["one", "split"] as const)("edge and gateway, layout %s", (layout) => {
  let lab: Lab;
  let kamailio: RealProcess;
  let phones: number;
  let watch: Watching;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const [tls, tcp] = (await freePorts(2)) as [number, number];
    phones = tcp;
    lab = await startRealLab({ layout, nodes: [{ name: "home", port: tls, certificateName: NAME }] });
    const { authority, port } = lab.inside!;
    kamailio = await startKamailioHome({
      domain: XMPP_DOMAIN,
      credentials: authority.issue({ commonName: NAME, dns: [NAME] }),
      ca: authority.cert,
      edge: { port },
      ports: { tls, tcp },
    });
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await kamailio?.stop();
    await lab?.stop();
  });

  async function play(name: string, values: ScenarioValues): Promise<void> {
    const text = scenario(name, { user: ALICE, domain: XMPP_DOMAIN, ...values });
    const { ok, errors, messages } = await (
      await startSipp({ scenario: text, target: phones, timeoutMs: 30_000 })
    ).result;
    expect(ok, `${errors}\n${messages}\n${kamailio.output()}`).toBe(true);
  }

  function register(expires: number): Promise<void> {
    return play("register", { expires: String(expires) });
  }

  test("bob sees alice offline, who has no XMPP client open", async () => {
    const watching = lab.edge.subscribe(ALICE);
    await lab.alice.waitForPresence({ from: BOB, type: "subscribe" });
    watch = await watching;
    lab.alice.sendPresenceType(BOB, "subscribed");
    await watch.waitForState("Available", PATIENCE_MS);
    lab.alice.unavailable();
    await watch.waitForState("Offline", PATIENCE_MS);
  }, 40_000);

  test("her phone registers: its registrar publishes it, and he sees her", async () => {
    await register(600);
    await watch.waitForState("Available", PATIENCE_MS);
  }, 20_000);

  test("the gateway is killed: what was published goes on under its tag", async () => {
    await pause(KEPT_MS);
    const { child, config } = lab.gateway ?? { child: lab.tombolo, config: lab.config };
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    await startTombolo(ROOT, config, join(lab.dir, "again.log"), (stop) => stops.push(stop));
    await register(0);
    await watch.waitForState("Offline", PATIENCE_MS);
  }, 60_000);

  test("a client publishes by itself: created, modified under its tag and removed", async () => {
    const playing = play("publisher", { head: PIDF, first: OPEN, second: AWAY, pause: "6000" });
    await watch.waitForState("Available", PATIENCE_MS);
    await watch.waitForState("Away", PATIENCE_MS);
    await watch.waitForState("Offline", PATIENCE_MS);
    await playing;
  }, 40_000);

  test("what the gateway refuses is refused to the client", async () => {
    await play("publisher-refused", {
      head: HEAD,
      other: `carol@${XMPP_DOMAIN}`,
      body: `${PIDF}${OPEN}</presence>`,
    });
  }, 20_000);

  test("nothing of the inside was seen outside", () => {
    const seen = lab.edge.transcript.map(({ message }) => JSON.stringify(message)).join("\n");
    expect(seen).toContain("sip.example.com");
    expect(seen).not.toMatch(/inside\.test|X-Tombolo/i);
    expect(lab.edge.faults()).toEqual([]);
  });
});
