/**
 * The embedded store: `node packages/tombolo/bench/store.ts [folder] [seconds]`.
 *
 * "steady" puts records at a rate, in bursts of one millisecond, deletes each message 50 ms later, and measures what that
 * costs. "load" opens a file of 120,000 dialogs in a fresh process. A turn is what the event loop does between two looks
 * at the sockets, in processor time: this thread never waits for the disk, and other processes do not count.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../src/store/embedded-store.ts";
import type { DialogRecord, MessageRecord } from "../src/store/records.ts";
import type { Store } from "../src/store/store.ts";

const DIALOGS = 120_000;
const [folder = mkdtempSync(join(tmpdir(), "tombolo-store-")), secondsText = "5", phase = "all"] =
  process.argv.slice(2);
const seconds = Number(secondsText);
const path = join(folder, "bench.db");

const pair = {
  xmppUser: "alice@example.com",
  sipUser: "bob@contoso.example",
  partner: "contoso.example",
  sipUri: "sip:Bob@Contoso.example",
};

function message(n: number): MessageRecord {
  const text = "x".repeat(640);
  const wishes = { receipt: true, marker: false };
  const origin = { from: "alice@example.com/desk", to: pair.sipUser, id: `purple${n}`, type: "chat", wishes };
  const id = `m${n.toString(36)}0000000000`;
  return { kind: "message", v: 1, id, pair, acceptedAt: 1.8e12 + n, state: "sent", text, origin };
}

function dialog(n: number): DialogRecord {
  const user = `user${n}`;
  const localTag = `l${n.toString(36)}xyzxyzxyz`;
  const remoteTag = `${n.toString(16)}a1b2c3d4e5`;
  return {
    kind: "dialog",
    v: 1,
    watcher: "sip",
    pair: { ...pair, sipUser: `${user}@contoso.example`, sipUri: `sip:${user}@contoso.example` },
    state: "active",
    expiresAt: 1.8e12 + n,
    accept: "application/pidf+xml, application/cpim-pidf+xml, application/rlmi+xml, multipart/related",
    snapshot: {
      callId: `${n.toString(16).padStart(8, "0")}4e7d5a6b7c8d9e0f1a2b3c4d`,
      localTag,
      remoteTag,
      local: `<sip:alice@example.com>;tag=${localTag}`,
      remote: `"${user}" <sip:${user}@contoso.example>;tag=${remoteTag};epid=0123456789`,
      target: `sip:sip.contoso.example:5061;transport=tls;ms-fe=pool${n % 8}.contoso.example;opaque=state`,
      routes: [
        `<sip:sip.contoso.example:5061;transport=tls;lr;ms-key-info=${"k".repeat(180)};ms-route-sig=${"s".repeat(60)}>`,
        "<sip:pool.contoso.example:5061;transport=tls;lr;ms-route-sig=aabbccddeeff>",
      ],
      localCSeq: 64,
      remoteCSeq: 2,
      partner: pair.partner,
    },
  };
}

function open(): Promise<Store> {
  const onTrouble = (why: Error) => console.error(why.message);
  return openStore({ path, onTrouble, onHealthy: () => {}, onUnreadable: () => {} });
}

type Target = Pick<Store, "put" | "delete" | "flush">;

/** For the cost of the measurement itself. */
const nowhere: Target = { put: () => "taken", delete: () => {}, flush: () => Promise.resolve() };

const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MiB`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends of turns of the event loop, in ms of this thread's processor time. */
function watchTurns(): () => number[] {
  const turns: number[] = [];
  let last = process.threadCpuUsage();
  let timer: NodeJS.Immediate;
  const turn = () => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    turns.push((user + system) / 1000);
    timer = setImmediate(turn).unref();
  };
  timer = setImmediate(turn).unref();
  return () => {
    clearImmediate(timer);
    return turns.sort((a, b) => a - b);
  };
}

/** Runs `work` twice: for what it costs the processor (all threads, this one alone), and for its longest turns. */
async function measure(name: string, work: () => Promise<number>): Promise<void> {
  const cpu = process.cpuUsage();
  const own = process.threadCpuUsage();
  const from = performance.now();
  const puts = await work();
  const took = (performance.now() - from) / 1000;
  const all = process.cpuUsage(cpu);
  const main = process.threadCpuUsage(own);
  const stop = watchTurns();
  await work();
  const turns = stop();
  const ms = (part: number) => turns[Math.floor(part * (turns.length - 1))]!.toFixed(2);
  console.log(
    `${name.padEnd(32)} ${String(Math.round(puts / took)).padStart(6)}/s, CPU us/put ` +
      `${((all.user + all.system) / puts).toFixed(1)} (main ${((main.user + main.system) / puts).toFixed(1)}), ` +
      `turn ms p99 ${ms(0.99)} p99.9 ${ms(0.999)} max ${ms(1)}`,
  );
}

/** @param settled ms after which a message is deleted */
function steadyMessages(store: Target, perSecond: number, settled: number): () => Promise<number> {
  return async () => {
    const from = performance.now();
    let put = 0;
    let gone = 0;
    for (let at = 0; at < seconds * 1000; at = performance.now() - from) {
      for (; put < (at * perSecond) / 1000; put += 1) store.put(message(put));
      for (; gone < ((at - settled) * perSecond) / 1000; gone += 1) store.delete("message", message(gone).id);
      await pause(1);
    }
    for (; gone < put; gone += 1) store.delete("message", message(gone).id);
    await store.flush();
    return put;
  };
}

async function steadyDialogs(store: Store, perSecond: number): Promise<number> {
  const from = performance.now();
  let put = 0;
  for (let at = 0; at < seconds * 1000; at = performance.now() - from) {
    for (; put < (at * perSecond) / 1000; put += 1) store.put(dialog((put * 7919) % DIALOGS));
    await pause(1);
  }
  await store.flush();
  return put;
}

/** Flushes after each `group`: the store's own speed, one transaction behind the other. */
async function flood(store: Store, count: number, group: number): Promise<number> {
  for (let n = 0; n < count; ) {
    for (let i = 0; i < group && n < count; i++, n++) store.put(dialog(n));
    await store.flush();
  }
  return count;
}

async function writing(): Promise<void> {
  const store = await open();
  for await (const _ of store.loadAll());
  console.log(
    `a message is ${JSON.stringify(message(1)).length} bytes, a dialog ${JSON.stringify(dialog(1)).length}`,
  );
  await measure("messages 2000/s, no store", steadyMessages(nowhere, 2000, 50));
  await measure(`${DIALOGS} new dialogs, by 500`, () => flood(store, DIALOGS, 500));
  await measure("messages 2000/s, settle 50 ms", steadyMessages(store, 2000, 50));
  await measure("messages 10000/s, settle 50 ms", steadyMessages(store, 10_000, 50));
  await measure("messages 10000/s, settle 1 ms", steadyMessages(store, 10_000, 1));
  await measure("dialogs 2000/s", () => steadyDialogs(store, 2000));
  await measure("one put, one flush, each", () => flood(store, 2000, 1));
  await store.close();
  console.log(`file ${mib(statSync(path).size)}, process ${mib(process.memoryUsage.rss())}`);
}

async function loading(): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const from = performance.now();
  const store = await open();
  const opened = performance.now();
  const kept: unknown[] = [];
  for await (const records of store.loadAll()) kept.push(...records);
  const loaded = performance.now();
  globalThis.gc?.();
  const full = process.memoryUsage();
  const held = kept.length;
  kept.length = 0;
  globalThis.gc?.();
  const empty = process.memoryUsage();
  console.log(
    `${held} records: opened and checked in ${(opened - from).toFixed(0)} ms, loaded in ${(loaded - opened).toFixed(0)} ms; ` +
      `heap with the records ${mib(full.heapUsed - before.heapUsed)}, the store's own ${mib(empty.heapUsed - before.heapUsed)}, ` +
      `process ${mib(full.rss)} (before ${mib(before.rss)})`,
  );
  await store.close();
}

if (phase === "load") await loading();
else {
  await writing();
  const again = ["--expose-gc", import.meta.filename, folder, secondsText, "load"];
  process.stdout.write(execFileSync(process.execPath, again));
  if (process.argv[2] === undefined) rmSync(folder, { recursive: true });
}
