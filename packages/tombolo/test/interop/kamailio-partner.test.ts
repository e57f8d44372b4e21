/** A real presence server as partner: the whole program with Prosody on one side and Kamailio, with user agents behind it, on the other. */
import {
  ALICE,
  freePorts,
  type Lab,
  type RealProcess,
  startKamailioPartner,
  startSipp,
} from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMetrics } from "../real/metrics-page.ts";
import { startRealLab } from "../real/real-lab.ts";
import { type ScenarioValues, scenario } from "./scenario.ts";
import { AWAY, OK, OPEN, PIDF } from "./user-agent-texts.ts";

const PARTNER = "fabrikam.example";
const CAROL = `carol@${PARTNER}`;
const DAVE = `dave@${PARTNER}`;
/** Between two changes of carol's. */
const PAUSE_MS = 600;
/** A partner is asked 5 s after its connections broke; what was lost younger than 30 s comes back within 37.5 s more. */
const BACK_MS = 45_000;

const VALUES: ScenarioValues = {
  user: CAROL,
  from: DAVE,
  to: ALICE,
  pause: String(PAUSE_MS),
  head: `Via: SIP/2.0/TCP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{{from}}>;tag=[call_number]d
To: <sip:{{to}}>
Call-ID: [call_id]`,
  "head-inside": `Via: SIP/2.0/TCP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
[routes]
From: <sip:{{from}}>;tag=[call_number]d
To: <sip:{{to}}>[peer_tag_param]
Call-ID: [call_id]`,
  ok: OK,
};
let lab: Lab;
let kamailio: RealProcess;
let ports: { tls: number; tcp: number };

async function startPartner(): Promise<void> {
  kamailio = await startKamailioPartner({
    domain: PARTNER,
    credentials: lab.authority.issue({ commonName: `sip.${PARTNER}`, dns: [`sip.${PARTNER}`] }),
    ca: lab.authority.cert,
    edge: { port: lab.sipPort, host: "sip.example.com" },
    ports,
  });
}

beforeAll(async () => {
  const [tls, tcp] = (await freePorts(2)) as [number, number];
  ports = { tls, tcp };
  lab = await startRealLab({ partners: [{ domain: PARTNER, profile: "simple", port: tls }] });
  await startPartner();
});
afterAll(async () => {
  await kamailio?.stop();
  await lab?.stop();
});

async function play(name: string, values: ScenarioValues = {}): Promise<void> {
  const text = scenario(name, { ...VALUES, ...values });
  const { ok, errors, messages } = await (await startSipp({ scenario: text, target: ports.tcp })).result;
  expect(ok, `${errors}\n${messages}\n${kamailio.output()}`).toBe(true);
}

/** What alice's client shows of carol, in order, since `from`. */
function shownSince(from: number): string[] {
  return lab.alice.received
    .slice(from)
    .filter(({ name, attrs }) => name === "presence" && attrs.from?.startsWith(CAROL))
    .map((one) => [one.attrs.type, one.getChildText("show"), one.getChildText("status")].join(" ").trim());
}

// First: with no other connection the answer and the NOTIFY come by one, in order.
test("dave watches alice through his server: a refresh, and the end", async () => {
  const watching = play("watcher-behind");
  await lab.alice.acceptSubscription(DAVE);
  await watching;
});

test("alice watches carol, whose client publishes, changes and ends", async () => {
  lab.alice.subscribe(CAROL);
  await lab.alice.waitForPresence({ from: CAROL, type: "subscribed" });
  const since = lab.alice.received.length;
  await play("publisher", { head: PIDF, first: OPEN, second: AWAY });
  await lab.alice.waitForPresence({ from: CAROL, type: "unavailable" });
  expect(shownSince(since)).toEqual(["in the garden", "away", "unavailable"]);
});

test("texts go both ways", async () => {
  await play("message-behind", { text: "a page from dave" });
  await lab.alice.waitForMessage({ from: DAVE, body: "a page from dave" });
  const delivered = async () => (await readMetrics(lab.adminUrl)).books("xmpp_to_sip").delivered;
  const before = await delivered();
  lab.alice.message(DAVE, "a page for dave");
  await expect.poll(delivered).toBe(before + 1);
});

test("the server is restarted and has forgotten alice: she is subscribed anew, without asking", async () => {
  await kamailio.stop();
  await startPartner();
  const since = lab.alice.received.length;
  await play("publish", { note: "in the garden" });
  await expect.poll(() => shownSince(since), { timeout: BACK_MS }).toEqual(["in the garden"]);
  expect((await lab.alice.roster()).get(CAROL)).toBe("to");
}, 60_000);

test("alice takes carol off her list: no subscription is left, and she sees no more", async () => {
  const since = lab.alice.received.length;
  lab.alice.sendPresenceType(CAROL, "unsubscribe");
  const active = async () => (await readMetrics(lab.adminUrl)).sum("subscriptions", { state: "active" });
  await expect.poll(active).toBe(0);
  await play("publisher", { head: PIDF, first: OPEN, second: AWAY });
  expect(shownSince(since)).toEqual(["unavailable"]);
});
