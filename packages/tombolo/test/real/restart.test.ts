/** The program is killed and started again, its partner forgets, and its administrator asks and decides meanwhile. */
import { type ChildProcess, execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ALICE, BOB, type Lab, SIP_DOMAIN, startTombolo, type Watching } from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, startRealLab } from "./real-lab.ts";

/** Presence changes are told at most once in five seconds (RFC 3856 6.10). */
const PATIENCE_MS = 9_000;

let lab: Lab;
let watching: Watching;
let tombolo: ChildProcess;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  lab = await startRealLab();
  tombolo = lab.tombolo;
  const asked = lab.edge.subscribe(ALICE);
  await lab.alice.acceptSubscription(BOB);
  watching = await asked;
  await watching.waitForState("Available", PATIENCE_MS);
  lab.alice.subscribe(BOB);
  await lab.alice.waitForPresence({ from: BOB, type: "available", show: "" });
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await lab?.stop();
});

/** What was decided a moment ago may not be on disk yet: both dialogs are, before something is killed. */
async function kept(): Promise<void> {
  const db = new DatabaseSync(join(lab.dir, "tombolo.db"), { readOnly: true });
  const count = () => db.prepare("SELECT count(*) AS dialogs FROM dialogs").get();
  await expect.poll(count, { timeout: 5_000 }).toEqual({ dialogs: 2 });
  db.close();
}

async function kill(): Promise<void> {
  const ended = once(tombolo, "exit");
  tombolo.kill("SIGKILL");
  await ended;
}

async function start(): Promise<void> {
  const log = join(lab.dir, "again.log");
  const { child } = await startTombolo(ROOT, lab.config, log, (stop) => stops.push(stop));
  tombolo = child;
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(join(ROOT, "scripts/tombolo"), args, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** What a command prints for programs. */
async function asked(...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await command(...args, "-c", lab.config, "--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

test("after a kill both sides see what changed meanwhile and what changes next, and nobody is asked again", async () => {
  await kept();
  await kill();
  lab.alice.presence({ show: "dnd" });
  const since = lab.alice.received.length;
  await start();
  await watching.waitForState("Busy", PATIENCE_MS);
  await lab.edge.setPresence("Away");
  await lab.alice.waitForPresence({ from: BOB, show: "away" });
  lab.alice.presence({});
  await watching.waitForState("Available", PATIENCE_MS);
  const asked = lab.alice.received.slice(since).filter(({ attrs }) => /subscribe/.test(attrs.type ?? ""));
  expect(asked).toEqual([]);
  expect((await lab.alice.roster()).get(BOB)).toBe("both");
  expect(lab.edge.watchers).toHaveLength(1);
  expect(lab.edge.faults()).toEqual([]);
}, 60_000);

test("the administrator sees who watches whom, and why somebody sees what they see", async () => {
  const { total, subscriptions } = await asked("subscriptions");
  expect(total).toBe(2);
  expect(subscriptions).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ watcher: BOB, presentity: ALICE, state: "active", dialogs: 1 }),
      expect.objectContaining({ watcher: ALICE, presentity: BOB, state: "active", dialogs: 1 }),
    ]),
  );
  expect(await asked("links")).toEqual({ links: [{ domain: SIP_DOMAIN, state: "up" }] });
  expect(await asked("sessions")).toEqual({ total: 0, sessions: [] });
  const why = await asked("explain", BOB, ALICE);
  expect(why).toMatchObject({ watcher: BOB, direction: "sip_to_xmpp", sees: "Available" });
  expect(why).toMatchObject({ row: expect.stringMatching(/^1-8\./), dialogs: [{ state: "active" }] });
  expect(await asked("explain", ALICE, BOB)).toMatchObject({
    direction: "xmpp_to_sip",
    sees: "available away",
  });
  const people = await command("explain", BOB, ALICE, "-c", lab.config);
  expect(people.stdout).toMatch(/^bob@contoso\.example sees alice@example\.com as Available: /);
  const table = await command("subscriptions", ALICE, "--admin", lab.adminUrl);
  expect(table.stdout).toMatch(/^WATCHER +PRESENTITY +STATE/);
  const status = await command("status", "-c", lab.config);
  expect(status.stdout).toMatch(/: ready\n/);
}, 30_000);

test("a rule shuts bob out politely, survives a kill, and its end lets him in again", async () => {
  expect(await asked("policy", "block", "alice", BOB)).toMatchObject({
    user: ALICE,
    peer: BOB,
    action: "block",
  });
  await watching.waitForState("Offline", PATIENCE_MS);
  await kill();
  await start();
  expect(await asked("policy", "list")).toEqual({
    unknownWatcher: "ask",
    rules: [{ user: ALICE, peer: BOB, action: "block", source: "admin api" }],
  });
  expect(await asked("explain", BOB, ALICE)).toMatchObject({ sees: "Offline", rule: { action: "block" } });
  expect(await asked("policy", "remove", "alice", BOB)).toMatchObject({ removed: { peer: BOB } });
  await watching.waitForState("Available", PATIENCE_MS);
  const again = await command("policy", "remove", "alice", BOB, "-c", lab.config);
  expect(again).toMatchObject({ status: 1, stdout: "" });
  expect(again.stderr).toMatch(
    /^tombolo: http:\S+ says: there is no rule of alice for bob@contoso\.example\n$/,
  );
}, 60_000);

test("a partner that was restarted and has forgotten us is subscribed to anew", async () => {
  lab.edge.scriptAnswers("SUBSCRIBE", { code: 481 });
  const before = lab.edge.watchers.length;
  await lab.edge.dropConnections();
  await expect.poll(() => lab.edge.watchers.length, { timeout: 20_000 }).toBe(before + 1);
  await lab.edge.setPresence("Busy");
  await lab.alice.waitForPresence({ from: BOB, show: "away" });
  expect((await lab.alice.roster()).get(BOB)).toBe("both");
}, 40_000);

test("a store that is damaged or newer is left as it is, and the program says what to do", async () => {
  await kill();
  const file = join(lab.dir, "tombolo.db");
  const wal = `${file}-wal`;
  writeFileSync(wal, "");
  const good = readFileSync(file);
  for (const [bad, says] of [
    [Buffer.concat([good.subarray(0, 60), Buffer.from([0, 0, 0, 99]), good.subarray(64)]), /newer version/],
    [Buffer.alloc(8192, "x"), /store .*tombolo\.db: .*; /],
  ] as const) {
    writeFileSync(file, bad);
    const { status, stderr } = await command("run", "-c", lab.config);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tombolo: [^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect(readFileSync(file).equals(bad)).toBe(true);
  }
}, 30_000);
