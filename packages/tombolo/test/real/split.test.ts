/** Edge and gateway in processes of their own: everything that one process does, over mutual TLS between them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ALICE, BOB, type Lab } from "@tombolo/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMetrics } from "./metrics-page.ts";
import { ROOT, startRealLab } from "./real-lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startRealLab({ layout: "split" });
});
afterAll(() => lab?.stop());

async function readiness(adminUrl: string): Promise<{ status: number; waitingFor: string[] }> {
  const answer = await fetch(`${adminUrl}/readyz`);
  const { waitingFor } = (await answer.json()) as { waitingFor: string[] };
  return { status: answer.status, waitingFor };
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > limit) throw new Error(`not seen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a command prints. */
async function command(name: string, config: string): Promise<string> {
  return (await promisify(execFile)(join(ROOT, "scripts/tombolo"), [name, "-c", config])).stdout;
}

/** What the gateway's admin API answers. */
async function ask(path: string, request: RequestInit = {}): Promise<unknown> {
  return (await fetch(`${lab.gateway!.adminUrl}/api/v1/${path}`, request)).json();
}

const ready = (adminUrl: string) =>
  until(async () => (await readiness(adminUrl)).status === 200, "readiness");

test("both say that they are ready", async () => {
  await ready(lab.adminUrl);
  await ready(lab.gateway!.adminUrl);
});

describe("a federation over two processes", () => {
  test("bob watches alice", async () => {
    const watching = lab.edge.subscribe(ALICE);
    await lab.alice.waitForPresence({ from: BOB, type: "subscribe" });
    const watch = await watching;
    lab.alice.sendPresenceType(BOB, "subscribed");
    await watch.waitForState("Available", 9_000);
    lab.alice.presence({ show: "away" });
    await watch.waitForState("Away", 9_000);
  });

  test("alice watches bob", async () => {
    lab.alice.subscribe(BOB);
    await lab.edge.waitForWatcher();
    await lab.alice.waitForPresence({ from: BOB, type: "subscribed" });
    await lab.alice.waitForPresence({ from: BOB, type: "available", show: "" });
    await lab.edge.setPresence("Busy");
    await lab.alice.waitForPresence({ from: BOB, show: "away" });
  });

  test("bob writes, and alice answers in his session", async () => {
    await lab.edge.sendIm(ALICE, "Got a minute?");
    await lab.alice.waitForMessage({ from: BOB, body: "Got a minute?" });
    lab.alice.message(BOB, "Two.");
    await lab.edge.conversation.waitForText("Two.");
    await lab.edge.bye();
  });

  test("alice writes, and bob answers in hers", async () => {
    lab.alice.message(BOB, "Lunch?");
    const conversation = await lab.edge.waitForConversation();
    await conversation.waitForText("Lunch?");
    await lab.edge.reply("Sounds good!");
    await lab.alice.waitForMessage({ from: BOB, body: "Sounds good!" });
    await lab.edge.bye();
  });

  test("with no fault that the partner's edge could find", () => {
    expect(lab.edge.faults()).toEqual([]);
  });

  test("nothing of the inside was seen outside", () => {
    const seen = lab.edge.transcript
      .filter(({ direction }) => direction === "received")
      .map(({ message }) => JSON.stringify(message))
      .join("\n");
    expect(seen).toContain("sip.example.com");
    expect(seen).not.toMatch(/inside\.test|gateway\.invalid|X-Tombolo/i);
  });

  test("is counted on the inside, too, by both", async () => {
    const partner = "contoso.example";
    for (const [adminUrl, connections] of [
      [lab.adminUrl, "gw1"],
      [lab.gateway!.adminUrl, "edge"],
    ] as const) {
      const page = await readMetrics(adminUrl);
      for (const direction of ["in", "out"]) {
        expect(page.sum("sip_requests_total", { side: "inside", partner, direction })).toBeGreaterThan(2);
        expect(page.sum("sip_responses_total", { side: "inside", partner, direction })).toBeGreaterThan(2);
      }
      expect(page.sum("connections", { side: "inside", partner: connections })).toBeGreaterThan(0);
      expect(page.sum("tls_handshakes_total", { side: "inside", outcome: "ok" })).toBeGreaterThan(0);
    }
    const edge = await readMetrics(lab.adminUrl);
    expect(edge.sum("node_up", { node: "gw1" })).toBe(1);
    expect(edge.sum("node_requests_total", { node: "gw1", found: "new" })).toBe(2);
    expect(edge.sum("node_requests_total", { node: "gw1", found: "dialog" })).toBeGreaterThan(2);
  });
});

test("a partner that was restarted and has forgotten us is subscribed to anew", async () => {
  lab.edge.scriptAnswers("SUBSCRIBE", { code: 481 });
  const before = lab.edge.watchers.length;
  await lab.edge.dropConnections();
  await expect.poll(() => lab.edge.watchers.length, { timeout: 20_000 }).toBe(before + 1);
  await lab.edge.setPresence("Available");
  await lab.alice.waitForPresence({ from: BOB, type: "available", show: "" });
}, 40_000);

describe("administrators", () => {
  test("see what each process knows, and nothing in place of what it does not", async () => {
    const edge = await command("status", lab.config);
    expect(edge).toMatch(/^INSIDE +HEALTH +CONNECTIONS\nnode gw1 +up +[1-9]\n/m);
    expect(edge).toMatch(/^contoso\.example +lync +- +[1-9] +- +- +-$/m);
    const gateway = await command("status", lab.gateway!.config);
    expect(gateway).toMatch(/^edge 127\.0\.0\.1:\d+ +up +[1-9]$/m);
    expect(gateway).toMatch(/^contoso\.example +lync +up +- +2 +0 +0$/m);
  });

  test("are told by which way presence goes", async () => {
    const query = new URLSearchParams({ watcher: BOB, presentity: ALICE });
    const { steps } = (await ask(`explain?${query}`)) as { steps: { what: string; says: string }[] };
    expect(steps.find(({ what }) => what === "link")?.says).toMatch(/SIP goes by the edge .*is connected$/);
    expect(
      await ask(`explain?${new URLSearchParams({ watcher: ALICE, presentity: "x@no.example" })}`),
    ).toEqual({
      error: expect.stringContaining(
        "nor x@no.example is a partner's user; partners are contoso.example",
      ) as string,
    });
  });

  test("are warned of a rule that does nothing", async () => {
    const rule = (peer: string, user = "alice") =>
      ask(`policy/users/${user}/rules/${peer}`, { method: "PUT", body: '{"action":"allow"}' });
    expect(await rule("contoso.example")).not.toHaveProperty("doubt");
    expect(await rule("bob@contoso.exampel")).toMatchObject({ doubt: expect.stringContaining("no partner") });
    expect(await rule(BOB, "alice@exampel.com")).toMatchObject({ doubt: expect.stringContaining("domains") });
  });
});

describe("a gateway that is killed", () => {
  test("is missed by the edge, which answers for it and stays up", async () => {
    lab.gateway!.child.kill("SIGKILL");
    await until(
      async () => (await readiness(lab.adminUrl)).waitingFor.includes("node gw1"),
      "readyz without the gateway",
    );
    const body = { headers: [["Content-Type", "text/plain"]] as [string, string][], body: "anybody?" };
    const answer = await lab.edge.request({ method: "MESSAGE", to: ALICE, ...body });
    expect(answer.start).toMatch(/^SIP\/2.0 504 /);
    expect(lab.edge.faults()).toEqual([]);
  });
});
