/** A real client of Communicator's kind, Finch with the SIPE plugin, behind a home server and edge that forwards for it. */
import {
  ALICE,
  type Finch,
  type Lab,
  methodOf,
  type OcsHome,
  startFinch,
  startOcsHome,
  statusOf,
} from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMetrics } from "../real/metrics-page.ts";
import { startRealLab } from "../real/real-lab.ts";

const DOMAIN = "litware.example";
const CAROL = `carol@${DOMAIN}`;
const CHAT_STATES = "http://jabber.org/protocol/chatstates";

let lab: Lab;
let home: OcsHome;
let finch: Finch;

beforeAll(async () => {
  // Nobody listens where the edge would connect to: it uses the connection that the home server has opened.
  lab = await startRealLab({ partners: [{ domain: DOMAIN, profile: "ocs", port: 9 }] });
  home = await startOcsHome({
    domain: DOMAIN,
    credentials: lab.authority.issue({ commonName: `sip.${DOMAIN}`, dns: [`sip.${DOMAIN}`] }),
    ca: lab.authority.cert,
    edge: { port: lab.sipPort, servername: "sip.example.com" },
  });
  finch = await startFinch({ user: CAROL, port: home.port });
});
afterAll(async () => {
  await finch?.stop();
  await home?.stop();
  await lab?.stop();
});

/** The texts that alice has had from carol. */
const had = () =>
  lab.alice.received
    .filter(({ name, attrs }) => name === "message" && attrs.from?.startsWith(CAROL))
    .map((stanza) => stanza.getChildText("body"))
    .filter((body) => body !== null);

const requests = (method: string) =>
  home.seen.filter((message) => statusOf(message) === 0 && methodOf(message) === method);

test("carol writes: her text, which also rides in the INVITE, comes once", async () => {
  await finch.send(ALICE, "hello from Finch");
  await lab.alice.waitForMessage({ from: CAROL, body: "hello from Finch" });
  await finch.send(ALICE, "and again, with ümlauts & <brackets>");
  await expect.poll(had).toEqual(["hello from Finch", "and again, with ümlauts & <brackets>"]);
  expect(requests("INVITE")).toHaveLength(1);
});

test("alice types and answers in the same session", async () => {
  lab.alice.send(`<message to="${CAROL}" type="chat"><composing xmlns="${CHAT_STATES}"/></message>`);
  lab.alice.message(CAROL, "hello Finch & all");
  await expect.poll(() => finch.texts(ALICE)).toEqual([expect.stringContaining("hello Finch &amp; all")]);
  expect(requests("INFO").length).toBeGreaterThan(0);
  expect(requests("INVITE")).toHaveLength(1);
});

test("nothing of it was refused, and the books balance", async () => {
  const { accepted, delivered, bounced, expired, inFlight } = (await readMetrics(lab.adminUrl)).books(
    "xmpp_to_sip",
  );
  expect([accepted, inFlight]).toEqual([delivered + bounced + expired, 0]);
  expect(delivered).toBe(1);
  const refused = home.seen.filter((message) => statusOf(message) >= 300);
  expect(refused.map(({ start }) => start)).toEqual([]);
});
