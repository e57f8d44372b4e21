/** Partners that come and go in a running program: a file is edited, SIGHUP sent, and nobody is restarted. */

import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { ALICE, BOB, type Lab, SIP_DOMAIN } from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRealLab } from "./real-lab.ts";

const OTHER = "fabrikam.example";

let lab: Lab;
let whole: string;
beforeAll(async () => {
  // Nothing listens on port 9: the other partner is only there to stay.
  lab = await startRealLab({ partners: [{ domain: OTHER, port: 9 }] });
  whole = readFileSync(lab.config, "utf8");
});
afterAll(() => lab?.stop());

/** The file without the partner objects of a domain. */
function without(domain: string): string {
  const [head, ...partners] = whole.split(/(?=^ {2}- domain: )/m);
  const [last, tail] = partners.pop()!.split(/(?=^admin: )/m) as [string, string];
  return [head, ...[...partners, last].filter((one) => !one.includes(`- domain: ${domain}`)), tail].join("");
}

async function reload(file: string): Promise<void> {
  writeFileSync(lab.config, file);
  const heard = lab.log.waitFor(({ event }) => event === "reloaded", {
    what: "the reload",
    timeoutMs: 5_000,
  });
  lab.tombolo.kill("SIGHUP");
  await heard;
}

async function domains(): Promise<string[]> {
  const status = (await (await fetch(`${lab.adminUrl}/api/v1/status`)).json()) as {
    partners: { domain: string }[];
  };
  return status.partners.map(({ domain }) => domain);
}

test("a partner is taken away: each side sees the other go, and nothing passes any more", async () => {
  const watching = lab.edge.subscribe(ALICE);
  await lab.alice.waitForPresence({ from: BOB, type: "subscribe" });
  const watch = await watching;
  lab.alice.sendPresenceType(BOB, "subscribed");
  await watch.waitForState("Available", 9_000);
  lab.alice.subscribe(BOB);
  await lab.alice.waitForPresence({ from: BOB, type: "available" });

  await reload(without(SIP_DOMAIN));
  expect(await domains()).toEqual([OTHER]);
  await lab.alice.waitForPresence({ from: BOB, type: "unavailable" });
  await watch.waitForState("Offline", 3_000);
  const metrics = await (await fetch(`${lab.adminUrl}/metrics`)).text();
  expect(metrics).not.toContain(`domain="${SIP_DOMAIN}"`);
  const id = lab.alice.message(BOB, "are you there?");
  const error = await lab.alice.waitFor((stanza) => stanza.attrs.id === id && stanza.attrs.type === "error", {
    what: "the error for a text to a partner that has gone",
  });
  expect(error.getChild("error")).toBeDefined();
});

test("it is added: its link comes up, and both sides talk", async () => {
  await reload(whole);
  expect(await domains()).toEqual([SIP_DOMAIN, OTHER]);
  await expect.poll(async () => (await fetch(`${lab.adminUrl}/readyz`)).status, { timeout: 5_000 }).toBe(200);
  await lab.edge.sendIm(ALICE, "back again");
  await lab.alice.waitForMessage({ from: BOB, body: "back again" });
  lab.alice.message(BOB, "so am I");
  await lab.edge.conversation.waitForText("so am I");
  await lab.edge.bye();
  lab.alice.subscribe(BOB);
  await lab.alice.waitForPresence({ from: BOB, type: "available" });
});

test("administrators see the partners, the connections, and who was refused with the cure", async () => {
  const ask = async (what: string) =>
    (await (await fetch(`${lab.adminUrl}/api/v1/${what}`)).json()) as unknown;
  // Alice looks for somebody at the partner that nobody listens for.
  lab.alice.subscribe(`carol@${OTHER}`);
  await expect
    .poll(() => ask("partners"), { timeout: 5_000 })
    .toMatchObject({
      partners: [
        { domain: SIP_DOMAIN, profile: "lync", xmppLink: "up", names: [`sip.${SIP_DOMAIN}`] },
        { domain: OTHER, route: "127.0.0.1:9", connections: 0, unreachable: { why: "refused" } },
      ],
    });
  expect(await ask("connections")).toMatchObject({
    connections: [{ side: "outside", partner: SIP_DOMAIN, remote: "127.0.0.1", protocol: "TLSv1.3" }],
  });
  const stranger = connect({ host: "127.0.0.1", port: lab.sipPort, rejectUnauthorized: false });
  await new Promise((resolve) => stranger.once("close", resolve).on("error", () => undefined));
  expect(await ask("decisions")).toMatchObject({
    decisions: [{ gate: "tls", decision: "deny", reason: "no-certificate", remote: "127.0.0.1" }],
  });
  const { decisions } = (await ask("decisions")) as { decisions: { cure: string }[] };
  expect(decisions[0]?.cure).toMatch(/certificate/);
});

test("what needs a restart is named, and the rest is taken over", async () => {
  const moved = whole.replace("node: quickstart", "node: elsewhere").replace("tombolo.db", "other.db");
  await reload(moved);
  expect(lab.log.entries.findLast(({ event }) => event === "restart-needed")).toMatchObject({
    keys: ["node", "store"],
  });
});
