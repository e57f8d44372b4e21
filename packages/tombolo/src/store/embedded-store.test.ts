import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FileDisk, HandTimers, settled } from "../../test/store/disks.ts";
import { testFolder } from "../../test/store/folder.ts";
import { dialog, message, presence, rule } from "../../test/store/records.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./change-queue.ts";
import { EmbeddedStore } from "./embedded-store.ts";
import {
  COMMIT_DELAY_MS,
  LONG_COMMIT_DELAY_MS,
  MAX_RETRY_MS,
  RETRY_MS,
  SLOW_COMMIT_MS,
} from "./group-commit.ts";
import { DEFAULT_KIND_LIMITS, keyOf } from "./kinds.ts";
import { MemoryStore } from "./memory-store.ts";
import type { StoreRecord } from "./records.ts";
import { MAX_RECORD_CHARS, type Store } from "./store.ts";
import { storeError } from "./store-error.ts";

interface Rig {
  readonly store: EmbeddedStore;
  readonly disk: FileDisk;
  readonly timers: HandTimers;
  /** What the owner was told, in order. */
  readonly told: string[];
}

async function rig(limits: Partial<QueueLimits> = {}, maxBytes?: number): Promise<Rig> {
  const path = join(testFolder(), "t.db");
  const disk = new FileDisk({ path, ...(maxBytes !== undefined && { maxBytes }) });
  onTestFinished(() => disk.close());
  const timers = new HandTimers();
  const told: string[] = [];
  const settings = {
    path,
    limits: { ...DEFAULT_QUEUE_LIMITS, ...limits },
    onTrouble: ({ fault }: { fault: string }) => told.push(`trouble: ${fault}`),
    onHealthy: (missed: number) => told.push(`healthy: ${missed} missed`),
    onUnreadable: (kind: string) => told.push(`unreadable: ${kind}`),
  };
  const store = new EmbeddedStore(settings, disk, timers);
  for await (const _ of store.loadAll());
  return { store, disk, timers, told };
}

async function loadAll(store: Store): Promise<StoreRecord[]> {
  const all: StoreRecord[] = [];
  for await (const records of store.loadAll()) all.push(...records);
  return all;
}

test("what comes within the delay shares a transaction; the next one takes what came while it was on its way", async () => {
  const { store, disk, timers } = await rig();
  store.put(message("m1"));
  store.put(message("m2"));
  await timers.run(COMMIT_DELAY_MS - 1);
  expect(disk.transactions).toEqual([]);
  const open = disk.hold();
  await timers.run(1);
  store.put(message("m3"));
  store.delete("message", "m1");
  store.put(message("m4"));
  await timers.run(COMMIT_DELAY_MS);
  open();
  await settled();
  expect(disk.transactions).toEqual([["+m1", "+m2"]]);
  await timers.run(COMMIT_DELAY_MS);
  expect(disk.transactions.slice(1)).toEqual([["-m1", "+m3", "+m4"]]);
});

test("presence waits for more of it, and leaves with whatever is in a hurry", async () => {
  const { store, disk, timers } = await rig();
  store.put(presence("a"));
  await timers.run(LONG_COMMIT_DELAY_MS - 1);
  store.put(presence("b"));
  store.put(presence("a"));
  expect(disk.transactions).toEqual([]);
  await timers.run(1);
  const keyed = (...users: string[]) => users.map((user) => `+${keyOf(presence(user))}`);
  expect(disk.transactions).toEqual([keyed("a", "b")]);
  store.put(presence("c"));
  await timers.run(COMMIT_DELAY_MS);
  store.put(message("m1"));
  store.put(presence("d"));
  await timers.run(COMMIT_DELAY_MS);
  expect(disk.transactions.slice(1)).toEqual([[...keyed("c", "d"), "+m1"]]);
  await timers.run(2 * LONG_COMMIT_DELAY_MS);
  expect(disk.transactions).toHaveLength(2);
});

test("a flush waits for no delay and resolves when all before it is on disk, also what is on its way", async () => {
  const { store, disk, timers } = await rig();
  const steps: string[] = [];
  const openFirst = disk.hold();
  const openSecond = disk.hold();
  store.put(message("m1"));
  const first = store.flush().then(() => steps.push("first"));
  store.put(message("m2"));
  const second = store.flush().then(() => steps.push("second"));
  await settled();
  expect(steps).toEqual([]);
  const late = store.flush().then(() => steps.push("late"));
  openFirst();
  await first;
  await settled();
  expect(steps).toEqual(["first"]);
  expect(disk.transactions).toEqual([["+m1"]]);
  const later = store.flush().then(() => steps.push("later"));
  openSecond();
  await Promise.all([second, late, later]);
  expect(steps).toEqual(["first", "second", "late", "later"]);
  await store.flush();
  await timers.run(SLOW_COMMIT_MS);
  expect(disk.transactions).toHaveLength(2);
});

test("a long message and dialogs that fill many slices are one transaction", async () => {
  const { store, disk } = await rig();
  for (let n = 0; n < 1_000; n += 1) store.put(dialog(`c${n}`));
  store.put(message("m1", "x".repeat(100_000)));
  await store.flush();
  expect(disk.transactions.map((changes) => changes.length)).toEqual([1_001]);
});

test("while the disk fails: memory goes on, nothing is called durable, no promise is taken; then all is written", async () => {
  const { store, disk, timers, told } = await rig();
  store.put(message("before"));
  await store.flush();
  disk.fault = "disk-failed";
  expect(store.put(message("m1"))).toBe("taken");
  await expect(store.flush()).rejects.toMatchObject({ fault: "disk-failed" });
  expect(told).toEqual(["trouble: disk-failed"]);
  expect(store.trouble?.message).toContain("look at the disk and the system's log");
  expect(store.put(message("m2"))).toBe("troubled");
  expect(store.put(dialog("c1", 64))).toBe("taken");
  expect(store.put(dialog("c1", 128))).toBe("taken");
  store.delete("message", "before");
  await expect(store.flush()).rejects.toMatchObject({ fault: "disk-failed" });
  await timers.run(RETRY_MS);
  expect(told).toHaveLength(1);
  disk.fault = undefined;
  await timers.run(2 * RETRY_MS);
  expect(told).toEqual(["trouble: disk-failed", "healthy: 0 missed"]);
  expect(store.trouble).toBeUndefined();
  expect(store.put(message("m2"))).toBe("taken");
  await store.flush();
  expect((await loadAll(store)).map((record) => [keyOf(record), record])).toEqual([
    ["l r c1", dialog("c1", 128)],
    ["m1", message("m1")],
    ["m2", message("m2")],
  ]);
});

test("tries come at growing pauses up to the longest", async () => {
  const { store, disk, timers } = await rig();
  let tries = 0;
  disk.write = async () => {
    tries += 1;
    throw storeError("disk-full", "t.db", "full");
  };
  store.put(dialog("c1"));
  await timers.run(COMMIT_DELAY_MS);
  for (const pause of [1_000, 2_000, 4_000, 8_000, MAX_RETRY_MS, MAX_RETRY_MS]) {
    const before = tries;
    await timers.run(pause - 1);
    expect(tries).toBe(before);
    await timers.run(1);
    expect(tries).toBe(before + 1);
  }
});

test("a file that is full recovers when something is deleted", async () => {
  const { store, told, timers } = await rig({}, 4096 * 64);
  store.put(message("big", "x".repeat(100_000)));
  await store.flush();
  store.put(message("bigger", "x".repeat(150_000)));
  await expect(store.flush()).rejects.toMatchObject({ fault: "disk-full" });
  expect(told).toEqual(["trouble: disk-full"]);
  store.delete("message", "big");
  await timers.run(RETRY_MS);
  expect(told).toEqual(["trouble: disk-full", "healthy: 0 missed"]);
  expect((await loadAll(store)).map(keyOf)).toEqual(["bigger"]);
});

test("more changes than may wait: said, counted, and the owner is asked to put again", async () => {
  const { store, told, timers } = await rig({ unwritten: 2 });
  expect(store.put(dialog("c1"))).toBe("taken");
  expect(store.put(dialog("c2"))).toBe("taken");
  expect(store.put(dialog("c3"))).toBe("queue-full");
  expect(store.put(dialog("c4"))).toBe("queue-full");
  expect(told).toEqual(["trouble: behind"]);
  await timers.run(COMMIT_DELAY_MS);
  expect(told).toEqual(["trouble: behind", "healthy: 2 missed"]);
  expect(store.put(dialog("c3"))).toBe("taken");
});

test("a disk that does not answer is trouble until it does", async () => {
  const { store, disk, told, timers } = await rig();
  const open = disk.hold();
  store.put(dialog("c1"));
  await timers.run(COMMIT_DELAY_MS + SLOW_COMMIT_MS - 1);
  expect(told).toEqual([]);
  await timers.run(1);
  expect(told).toEqual(["trouble: behind"]);
  open();
  await settled();
  expect(told).toEqual(["trouble: behind", "healthy: 0 missed"]);
});

test("the end writes what waits, says when it could not, and nothing is taken after it", async () => {
  const good = await rig();
  good.store.put(message("m1"));
  await good.store.close();
  expect(good.disk.transactions).toEqual([["+m1"]]);
  expect(() => good.store.put(message("m2"))).toThrow(/the store is closed/);
  const bad = await rig();
  bad.disk.fault = "disk-full";
  bad.store.put(message("m1"));
  await expect(bad.store.close()).rejects.toMatchObject({ fault: "disk-full" });
  await bad.timers.run(10 * MAX_RETRY_MS);
  expect(bad.disk.transactions).toEqual([]);
});

test("a record that cannot be understood stays on disk and does not keep the others from loading", async () => {
  const { store, disk, told } = await rig();
  store.put(rule("alice@example.com", "contoso.example"));
  await store.flush();
  const changes = ["rule", "later", '{"kind":"rule","v":2}', "rule", "broken", "{", "rule", "null", "null"];
  disk.file.write({ changes, survivesPowerLoss: true, isLast: true });
  expect(await loadAll(store)).toEqual([rule("alice@example.com", "contoso.example")]);
  expect(told).toEqual(["unreadable: rule", "unreadable: rule", "unreadable: rule"]);
  expect(disk.file.read("rule", 0).records).toHaveLength(4);
});

const room = JSON.stringify(message("m1", "")).length;
const limits = { ...DEFAULT_KIND_LIMITS, rule: 1 };

test.each<[name: string, make: () => Promise<Store>]>([
  ["embedded", async () => (await rig({ records: limits })).store],
  ["in memory", async () => new MemoryStore(limits)],
])("the store %s holds its bounds", async (_, make) => {
  const store = await make();
  expect(store.put(message("m1", "x".repeat(MAX_RECORD_CHARS - room)))).toBe("taken");
  expect(store.put(message("m1", "x".repeat(MAX_RECORD_CHARS - room + 1)))).toBe("too-large");
  expect(store.put(rule("alice@example.com", "contoso.example"))).toBe("taken");
  expect(store.put(rule("carol@example.com", "contoso.example"))).toBe("too-many");
});

test("where there should be a disk and is none, memory takes what is no promise", async () => {
  const store = new MemoryStore(limits, storeError("forbidden", "t.db", "no"));
  expect(store.put(message("m1"))).toBe("troubled");
  expect(store.put(dialog("c1"))).toBe("taken");
  await expect(store.flush()).rejects.toMatchObject({ fault: "forbidden" });
});
