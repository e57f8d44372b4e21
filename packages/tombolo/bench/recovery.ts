/**
 * Recovery after a kill: `node packages/tombolo/bench/recovery.ts [dialogs]`.
 *
 * One process fills a real SQLite store with so many watches, half in each direction, through the pure gateway. Another
 * opens it and takes everything up again in real time, as the program does, with a partner and an XMPP server that answer
 * at once (in this process, so their work counts as ours). Watchers are right again when ours have been confirmed by a
 * refresh and a NOTIFY, and theirs have been told anew.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Keeper } from "../src/federation/keeper.ts";
import { openStore } from "../src/store/embedded-store.ts";
import type { Store } from "../src/store/store.ts";
import { AnsweringWorld } from "./answering-world.ts";

const [countText = "120000", phase = "all", folder = mkdtempSync(join(tmpdir(), "tombolo-recovery-"))] =
  process.argv.slice(2);
const dialogs = Number(countText);

function open(): Promise<Store> {
  const onTrouble = (why: Error) => process.stderr.write(`${why.message}\n`);
  return openStore({
    path: join(folder, "bench.db"),
    onTrouble,
    onHealthy: () => {},
    onUnreadable: () => {},
  });
}

async function fill(): Promise<void> {
  const world = new AnsweringWorld();
  const store = await open();
  for await (const _ of store.loadAll());
  const keeper = new Keeper(
    store,
    () => ({ wall: Date.now(), now: world.now }),
    (_, answer) => {
      throw new Error(answer);
    },
  );
  world.onOutput = (output) => {
    if (output.kind === "keep") keeper.keep(output.kept, output.snapshot);
  };
  world.linkUp();
  for (let n = 0; n < dialogs; n++) {
    if (n % 2 === 0) world.watchByXmpp(n);
    else world.watchBySip(n);
    if (n % 1000 === 0) await store.flush();
  }
  world.wait(60_000);
  await store.flush();
  await store.close();
}

interface Times {
  readonly openedMs: number;
  readonly restoredMs: number;
  readonly records: number;
  readonly oursMs: number;
  readonly theirsMs: number;
  /** Longest time in which the process could not look at its sockets, ms. */
  readonly longestTurnMs: number;
  readonly cpuS: number;
}

async function recover(): Promise<Times> {
  const world = new AnsweringWorld(1);
  world.answersProbes = true;
  const start = performance.now();
  const since = () => Math.round(performance.now() - start);
  const store = await open();
  const openedMs = since();
  const keeper = new Keeper(
    store,
    () => ({ wall: Date.now(), now: world.now }),
    (_, answer) => {
      throw new Error(answer);
    },
  );
  world.now = performance.now();
  const ours = new Set<string>();
  const theirs = new Set<string>();
  const records = await keeper.restore((input) => {
    world.gateway.handle(input, world.now);
    world.settle();
  });
  const restoredMs = since();
  const done = { ours: 0, theirs: 0 };
  world.onOutput = (output) => {
    if (output.kind === "keep") keeper.keep(output.kept, output.snapshot);
    else if (output.kind === "stanza" && output.stanza.attrs.type === undefined) {
      ours.add(output.stanza.attrs.to ?? "");
      done.ours = since();
    } else if (output.kind === "sip" && output.message.method === "NOTIFY" && output.message.isRequest) {
      theirs.add(output.message.callId);
      done.theirs = since();
    }
  };
  let longestTurnMs = 0;
  const turn = (work: () => void) => {
    world.now = performance.now();
    work();
    longestTurnMs = Math.max(longestTurnMs, performance.now() - world.now);
  };
  turn(() => {
    world.gateway.handle({ kind: "recover" }, world.now);
    world.settle();
  });
  turn(() => world.linkUp());
  const isDone = () => ours.size >= Math.ceil(dialogs / 2) && theirs.size >= Math.floor(dialogs / 2);
  while (!isDone() && since() < 300_000) {
    const next = world.gateway.nextDeadline();
    const pause = Math.min(100, Math.max(0, (next?.at ?? 0) - performance.now()));
    await new Promise((resolve) => setTimeout(resolve, pause));
    turn(() => {
      world.gateway.timeout(world.now);
      world.settle();
    });
  }
  await store.close();
  if (!isDone()) throw new Error(`after five minutes ${ours.size} and ${theirs.size} watches are right`);
  const { user, system } = process.cpuUsage();
  return {
    openedMs,
    restoredMs,
    records,
    oursMs: done.ours,
    theirsMs: done.theirs,
    longestTurnMs: Math.round(longestTurnMs),
    cpuS: Math.round((user + system) / 1e5) / 10,
  };
}

if (phase === "fill") await fill();
else if (phase === "recover") process.stdout.write(`${JSON.stringify(await recover())}\n`);
else {
  const own = [import.meta.filename, countText];
  execFileSync(process.execPath, [...own, "fill", folder], { stdio: "inherit" });
  const times = JSON.parse(execFileSync(process.execPath, [...own, "recover", folder]).toString()) as Times;
  process.stdout.write(
    `${dialogs} watches, ${times.records} records: store open after ${times.openedMs} ms, restored after ${times.restoredMs} ms; ` +
      `ours right after ${times.oursMs} ms, theirs after ${times.theirsMs} ms; longest turn ${times.longestTurnMs} ms, CPU ${times.cpuS} s\n`,
  );
  rmSync(folder, { recursive: true });
}
