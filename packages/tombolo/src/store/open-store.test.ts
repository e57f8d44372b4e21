/** The store as the program has it: a file, a thread, and deaths in between. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { FileDisk } from "../../test/store/disks.ts";
import { testFolder } from "../../test/store/folder.ts";
import { dialog, message, PAIR, rule } from "../../test/store/records.ts";
import { EmbeddedStore, openStore } from "./embedded-store.ts";
import { RETRY_MS, SYSTEM_TIMERS } from "./group-commit.ts";
import { KIND_NAMES, keyOf } from "./kinds.ts";
import { MemoryStore } from "./memory-store.ts";
import type { StoreRecord } from "./records.ts";
import type { Store, StoreEvents } from "./store.ts";
import { ThreadDisk } from "./thread-disk.ts";

const QUIET: StoreEvents = { onTrouble: () => {}, onHealthy: () => {}, onUnreadable: () => {} };

async function open(path: string): Promise<Store> {
  const store = await openStore({ path, ...QUIET });
  onTestFinished(() => store.close());
  return store;
}

async function loadAll(store: Store): Promise<StoreRecord[]> {
  const all: StoreRecord[] = [];
  for await (const records of store.loadAll()) all.push(...records);
  return all;
}

const word = fc.string({ unit: "grapheme", maxLength: 8 });
const name = fc.constantFrom("a", "b", "\u00fc", "c c", "'; DROP TABLE rules; --");

const record: fc.Arbitrary<StoreRecord> = fc.oneof(
  fc.record({ id: name, text: word }).map(({ id, text }) => message(id, text)),
  fc.record({ id: name, cseq: fc.nat() }).map(({ id, cseq }) => dialog(id, cseq)),
  fc.record({ user: name, peer: name }).map(({ user, peer }) => rule(user, peer)),
  fc
    .record({ jid: name, uri: word })
    .map(({ jid, uri }): StoreRecord => ({ kind: "address", v: 1, jid, uri, at: 1 })),
  fc.record({ user: name, at: fc.nat() }).map(({ user, at }): StoreRecord => {
    const pair = { ...PAIR, xmppUser: user };
    return {
      kind: "presence",
      v: 1,
      pair,
      watcher: "xmpp",
      at,
      shown: { status: "hi" },
    };
  }),
  fc.record({ user: name, since: fc.nat() }).map(({ user, since }): StoreRecord => {
    const pair = { ...PAIR, xmppUser: user };
    return { kind: "authorization", v: 1, pair, watcher: "sip", state: "active", since };
  }),
  word.map((value): StoreRecord => ({ kind: "meta", v: 1, name: "install-key", value })),
);

const step = fc.oneof(
  { weight: 6, arbitrary: record.map((value) => ({ act: "put" as const, record: value })) },
  { weight: 4, arbitrary: record.map((value) => ({ act: "delete" as const, record: value })) },
  { weight: 2, arbitrary: fc.constant({ act: "flush" as const }) },
  { weight: 1, arbitrary: fc.constant({ act: "reopen" as const }) },
);

const byKey = (records: readonly StoreRecord[]) =>
  new Map(records.map((value) => [`${value.kind} ${keyOf(value)}`, value]));

test("after any puts, deletes, flushes and restarts the file holds what memory holds", async () => {
  const folder = testFolder();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      run += 1;
      const path = join(folder, `t${run}.db`);
      const model = new MemoryStore();
      const reopen = () => new EmbeddedStore({ path, ...QUIET }, new FileDisk({ path }), SYSTEM_TIMERS);
      let store = reopen();
      try {
        for (const next of steps) {
          if (next.act === "put") expect(store.put(next.record)).toBe(model.put(next.record));
          else if (next.act === "delete") {
            store.delete(next.record.kind, keyOf(next.record));
            model.delete(next.record.kind, keyOf(next.record));
          } else if (next.act === "flush") await store.flush();
          else {
            await store.close();
            store = reopen();
            expect(byKey(await loadAll(store))).toEqual(byKey(await loadAll(model)));
          }
        }
        await store.close();
        store = reopen();
        expect(byKey(await loadAll(store))).toEqual(byKey(await loadAll(model)));
      } finally {
        await store.close();
      }
    }),
    { numRuns: 60 },
  );
});

test("kinds load in their order, messages in the order of their first put, more than one portion of them", async () => {
  const path = join(testFolder(), "t.db");
  const store = await open(path);
  const ids = Array.from({ length: 400 }, (_, n) => `m${(n * 7919) % 400}`);
  for (const id of ids) store.put(message(id, "x".repeat(3_000)));
  store.put(dialog("c1"));
  store.put(rule("alice@example.com", "contoso.example"));
  await store.flush();
  store.put(message(ids[5]!, "again"));
  await store.close();
  const all = await loadAll(await open(path));
  expect(all.map(({ kind }) => KIND_NAMES.indexOf(kind)).every((n, i, own) => n >= (own[i - 1] ?? 0))).toBe(
    true,
  );
  expect(all.slice(2).map(keyOf)).toEqual(ids);
  expect(all[7]).toEqual(message(ids[5]!, "again"));
});

test("the store refuses a file that somebody has, and leaves nothing running", async () => {
  const path = join(testFolder(), "t.db");
  await open(path);
  await expect(openStore({ path, busyWaitMs: 20, ...QUIET })).rejects.toMatchObject({ fault: "locked" });
});

test("a thread that dies is trouble, and is replaced with nothing lost", async () => {
  const path = join(testFolder(), "t.db");
  const disk = await ThreadDisk.open({ path });
  const told: string[] = [];
  let recovered = () => {};
  const recovery = new Promise<void>((resolve) => {
    recovered = resolve;
  });
  const store = new EmbeddedStore(
    { path, ...QUIET, onTrouble: ({ message: text }) => told.push(text), onHealthy: () => recovered() },
    disk,
    { after: (ms, action) => SYSTEM_TIMERS.after(ms === RETRY_MS ? 10 : ms, action) },
  );
  onTestFinished(() => store.close());
  await loadAll(store);
  store.put(message("m1"));
  await store.flush();
  for (let n = 0; n < 10_000; n += 1) store.put(dialog(`c${n}`));
  const outcome = store.flush().catch((error) => error);
  await disk.kill();
  expect(await outcome).toMatchObject({ fault: "disk-failed" });
  expect(told).toEqual([expect.stringContaining("its thread ended")]);
  await recovery;
  await store.flush();
  expect(await loadAll(store)).toHaveLength(10_001);
});

test("of a transaction whose thread died, the parts that follow are not written either", async () => {
  const path = join(testFolder(), "t.db");
  const disk = await ThreadDisk.open({ path });
  onTestFinished(() => disk.close());
  const part = { survivesPowerLoss: false };
  await disk.write({ ...part, changes: ["message", "m1", "{}"], isLast: false });
  await disk.kill();
  const rest = { ...part, changes: ["message", "m2", "{}"], isLast: true };
  await expect(disk.write(rest)).rejects.toMatchObject({ fault: "disk-failed" });
  expect((await disk.read("message", 0)).records).toEqual([]);
  await disk.write({ ...part, changes: ["message", "m3", '"3"'], isLast: true });
  expect((await disk.read("message", 0)).records).toEqual(['"3"']);
});

/** Puts messages 0, 1, 2... and prints how many are flushed; every third is settled, none after the last flush. */
const WRITER = (path: string) => `
  import { openStore } from ${JSON.stringify(new URL("./embedded-store.ts", import.meta.url).href)};
  import { message } from ${JSON.stringify(new URL("../../test/store/records.ts", import.meta.url).href)};
  const quiet = { onTrouble: console.error, onHealthy() {}, onUnreadable() {} };
  const store = await openStore({ path: ${JSON.stringify(path)}, ...quiet });
  for await (const _ of store.loadAll());
  for (let n = 0; ; ) {
    for (const end = n + 50; n < end; n += 1) {
      store.put(message(String(n), "x".repeat(1000)));
      if (n % 3 === 2) store.delete("message", String(n - 2));
    }
    const flushed = n;
    store.flush().then(() => process.stdout.write(flushed + "\\n"));
    await new Promise(setImmediate);
  }`;

/** The highest number that a process has printed by the time it is gone. */
async function printedUntilKilled(writer: ChildProcess, after: number): Promise<number> {
  let printed = "";
  writer.stdout!.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (printed.split("\n").length > after) writer.kill("SIGKILL");
  });
  await once(writer, "close");
  return Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1));
}

test("kill -9 in the middle of writing loses nothing that was flushed, and leaves no gap", async () => {
  const folder = testFolder();
  for (const [round, after] of [1, 40, 173].entries()) {
    const path = join(folder, `t${round}.db`);
    const writer = spawn(process.execPath, ["--input-type=module", "-e", WRITER(path)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void writer.kill("SIGKILL"));
    const flushed = await printedUntilKilled(writer, after);
    expect(flushed).toBeGreaterThan(0);
    const found = (await loadAll(await open(path))).map((own) => Number(keyOf(own)));
    const end = found.at(-1)! + 1;
    expect(end).toBeGreaterThanOrEqual(flushed);
    // A transaction is a whole turn of the writer's, so what is there is its state at some turn's end.
    expect(end % 50).toBe(0);
    const expected = Array.from({ length: end }, (_, n) => n).filter((n) => n % 3 !== 0 || n + 2 >= end);
    expect(found).toEqual(expected);
  }
});
