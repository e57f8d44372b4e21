/**
 * Presence through the real program, beside Kamailio's presence server, in the same run and in turns: changes of SIP users
 * to XMPP watchers, changes of XMPP users to SIP watchers, what a dialog costs to open and to keep, a storm of users who
 * log on, and what comes after `kill -9`. Figures are CPU seconds for 10,000 of the process tree.
 *
 * The XMPP server is one that costs next to nothing. Kamailio's server has the state of a hundred watchers' presentity in
 * one PUBLISH, where an XMPP server tells a component of each watcher by itself: its figure is for the NOTIFY alone.
 *
 * Run: scripts/bench presence [--quick] [--rounds N] [--users N] [--other DIR] [--profile DIR]
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printHotSpots } from "../edge/hot-spots.ts";
import { median, printTable, spread } from "../edge/table.ts";
import { Bench, type Trial } from "./bench.ts";
import { CONTACTS } from "./protocol.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    users: { type: "string" },
    other: { type: "string" },
    profile: { type: "string" },
  },
});
const { quick } = flags;
const rounds = Number(flags.rounds ?? (quick ? 3 : 5));
const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
const users = Number(flags.users ?? (quick ? 1_500 : 15_000));
/** Changes of one run. To SIP watchers no more than there are dialogs: each is told at most every five seconds. */
const CHANGES = 10_000;
/** Under way at once; a storm does not wait. */
const WINDOW = 64;
const STORM_WINDOW = 512;
const NOTIFY_INTERVAL_MS = 5_300;

if (flags.profile !== undefined) mkdirSync(flags.profile, { recursive: true });
const started = performance.now();
const load = () => loadavg()[0]!.toFixed(1);
const dir = mkdtempSync(join(tmpdir(), "tombolo-presence-"));
const bench = new Bench({ store: join(dir, "tombolo.db"), root: flags.other, profileDir: flags.profile });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** When the SIP watchers were told last. */
let toldAt = 0;

type Rows = string[][];
const opened: Rows = [];
const changed: Rows = [];

function noteOpened(what: string, trial: Trial): void {
  const { done, failures, cpu, perSecond, p99, kibEach } = trial;
  opened.push([
    what,
    String(done),
    String(failures),
    cpu.toFixed(2),
    perSecond.toFixed(0),
    (p99 / 1000).toFixed(1),
    kibEach.toFixed(1),
  ]);
}

function noteChanged(what: string, trials: readonly Trial[], others: readonly Trial[] = []): void {
  const all = (key: "cpu" | "perSecond" | "p50" | "p99", digits: number) =>
    spread(
      trials.map((trial) => trial[key]),
      digits,
    );
  const ratios = trials.flatMap(({ cpu }, round) => (others[round] ? [cpu / others[round].cpu] : []));
  changed.push([
    what,
    all("cpu", 3),
    ratios.length > 0 ? spread(ratios, 2) : "",
    all("perSecond", 0),
    all("p50", 2),
    all("p99", 1),
  ]);
}

/** Dialogs of SIP watchers, who are told the present state at once. */
async function openTold(domain: string, size: number, window: number): Promise<Trial> {
  const trial = await bench.open("sip", domain, size, window);
  toldAt = performance.now();
  return trial;
}

/** To SIP watchers, when all may be told again. */
async function tell(domain: string, size: number): Promise<Trial> {
  await pause(Math.max(0, toldAt + NOTIFY_INTERVAL_MS - performance.now()));
  const trial = await bench.change("sip", domain, Math.min(size, CHANGES), WINDOW);
  toldAt = performance.now();
  return trial;
}

async function series(run: () => Promise<Trial>): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (let round = 0; round < rounds; round++) trials.push(await run());
  return trials;
}

/** CPU for each number of dialogs over that for the smallest. */
function flatness(trials: readonly Trial[][]): string {
  const cpu = trials.map((some) => median(some.map((trial) => trial.cpu)));
  return cpu.map((value) => (value / cpu[0]!).toFixed(2)).join(" : ");
}

const toXmpp: Trial[][] = [];
const toSip: Trial[][] = [];
let server: Trial[] = [];
try {
  console.log(`${rounds} rounds; median (lowest-highest); load of the machine before ${load()}`);
  await bench.start();
  await bench.warmUp();
  for (const [step, size] of sizes.entries()) {
    noteOpened(`XMPP watchers, up to ${size}`, await bench.open("xmpp", "watched.example", size, WINDOW));
    toXmpp.push(await series(() => bench.change("xmpp", "watched.example", CHANGES, WINDOW)));
    noteChanged(`NOTIFY -> XMPP presence, ${size} dialogs`, toXmpp.at(-1)!);
    if (step === 2) continue;
    noteOpened(`SIP watchers, up to ${size}`, await openTold("watching.example", size, WINDOW));
    const serverTrials: Trial[] = [];
    const own = await series(async () => {
      if (step === 1) serverTrials.push(await bench.publish(CHANGES));
      return tell("watching.example", size);
    });
    if (step === 1) server = serverTrials;
    toSip.push(own);
    noteChanged(`XMPP presence -> NOTIFY, ${size} dialogs`, own, serverTrials);
  }
  noteChanged("Kamailio presence server, PUBLISH -> 100 NOTIFY", server);

  const dialogs = users * CONTACTS;
  noteOpened(
    `storm: ${users} SIP users with ${CONTACTS} contacts`,
    await openTold("storm.example", dialogs, STORM_WINDOW),
  );
  toSip.push(await series(() => tell("storm.example", dialogs)));
  noteChanged(`XMPP presence -> NOTIFY, ${dialogs + CHANGES} dialogs`, toSip.at(-1)!);

  const opening = ["what", "dialogs", "failed", "CPU s per 10k", "dialogs/s", "p99 s", "KiB each (PSS)"];
  printTable("dialogs opened (SUBSCRIBE, its NOTIFYs and their stanzas)", opening, opened);
  const head = ["what", "CPU s per 10k", "x Kamailio", "changes/s", "p50 ms", "p99 ms"];
  printTable(`changes of state, ${WINDOW} under way`, head, changed);

  const { before, up, asked, all, seconds } = await bench.killAndRestart();
  console.log(
    `\nkill -9 with ${all} dialogs (${before.toFixed(0)} MiB): ports open again after ${up.toFixed(1)} s; ` +
      `asked anew about ${asked} of them within ${seconds.toFixed(1)} s`,
  );
  const ratio = median(toSip[1]!.map(({ cpu }, round) => cpu / server[round]!.cpu));
  const slope = (trials: readonly Trial[][]) => {
    const cpu = trials.map((some) => median(some.map((trial) => trial.cpu)));
    return cpu.at(-1)! / cpu[0]!;
  };
  console.log(
    `\naim "no more CPU per NOTIFY than Kamailio": ${ratio <= 1 ? "MET" : "MISSED"}, ${ratio.toFixed(2)} x`,
  );
  const isFlat = Math.max(slope(toXmpp), slope(toSip)) <= 1.25;
  console.log(
    `aim "flat from the least dialogs to the most": ${isFlat ? "MET" : "MISSED"}, ` +
      `to XMPP ${flatness(toXmpp)}, to SIP ${flatness(toSip)}`,
  );
  console.log(
    `took ${((performance.now() - started) / 1000).toFixed(0)} s; load of the machine now ${load()}`,
  );
} finally {
  await bench.stop();
  rmSync(dir, { recursive: true, force: true });
}
if (flags.profile !== undefined) printHotSpots(flags.profile);
