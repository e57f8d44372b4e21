/**
 * Instant messages through the real program, beside Kamailio's `xmpp` gateway and beside a component that does nothing but
 * echo, in the same run and in turns. Figures are CPU seconds for 10,000 messages of each process tree: on a machine whose
 * cores are shared with the load, messages a second say little, and less with a real Prosody behind, which has one thread
 * and is the bottleneck of every path through it. So each case is driven twice: before a server that costs next to nothing,
 * where the gateway is the limit, and before Prosody.
 *
 * `--other DIR` measures the program of another checkout beside this one's, to see what a change is worth.
 *
 * Run: scripts/bench im [--quick] [--only tombolo,kamailio-tls] [--servers stub,prosody]
 *      [--cases to-xmpp/session,to-sip/page] [--rounds N] [--profile DIR]
 */
import { mkdirSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { printHotSpots } from "../edge/hot-spots.ts";
import { median, printTable, spread } from "../edge/table.ts";
import { Bench, type Case, type Trial } from "./bench.ts";
import type { Kind } from "./subjects.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    servers: { type: "string" },
    cases: { type: "string" },
    other: { type: "string" },
    rounds: { type: "string" },
    profile: { type: "string" },
  },
});
const { quick } = flags;
const kinds = (flags.only?.split(",") ?? ["tombolo", "kamailio-tls", "kamailio-tcp", "echo"]) as Kind[];
if (flags.other !== undefined) kinds.splice(1, 0, "other-tombolo");
const rounds = Number(flags.rounds ?? (quick ? 2 : 4));
const count = quick ? 6_000 : 12_000;
/** Through a real server, which is slow. */
const countReal = quick ? 3_000 : 6_000;
const WARM_UP = quick ? 10_000 : 20_000;
const pacedSeconds = quick ? 2 : 4;

const CASES: readonly Omit<Case, "kind">[] = [
  { direction: "to-xmpp", mode: "session" },
  { direction: "to-xmpp", mode: "page" },
  { direction: "to-sip", mode: "session" },
  { direction: "to-sip", mode: "page" },
  { direction: "echo", mode: "page" },
];
const NAMES = { "to-xmpp": "SIP -> XMPP", "to-sip": "XMPP -> SIP", echo: "XMPP -> XMPP" } as const;

function casesOf(kind: Kind): Case[] {
  const isTombolo = kind === "tombolo" || kind === "other-tombolo";
  return CASES.filter(
    ({ direction, mode }) => (direction === "echo") === (kind === "echo") && (isTombolo || mode === "page"),
  )
    .filter(({ direction, mode }) => flags.cases?.split(",").includes(`${direction}/${mode}`) ?? true)
    .map((one) => ({ ...one, kind }));
}

type Trials = Map<Case, Trial[]>;

async function turns(bench: Bench, cases: readonly Case[], run: (one: Case) => [number, number?]) {
  const trials: Trials = new Map(cases.map((one) => [one, []]));
  for (let round = 0; round < rounds; round++) {
    for (const one of cases) trials.get(one)!.push(await bench.try(one, ...run(one)));
  }
  return trials;
}

/** CPU in each round over that of Kamailio's single messages the same way in that round, by transport. */
function ratio(trials: Trials, one: Case, kind: Kind): number[] {
  const other = [...trials.keys()].find((each) => each.kind === kind && each.direction === one.direction);
  if (!other || other === one) return [];
  return trials.get(one)!.map(({ cpu }, round) => cpu / trials.get(other)![round]!.cpu);
}

const show = (values: readonly number[], digits: number) =>
  values.length === 0 ? "" : spread(values, digits);

function print(title: string, trials: Trials, isReal: boolean): void {
  const compared = (["kamailio-tls", "kamailio-tcp", "other-tombolo"] as const).filter((kind) =>
    kinds.includes(kind),
  );
  const rows = [...trials].map(([one, runs]) => {
    const all = (key: "cpu" | "server" | "ends" | "perSecond" | "p50" | "p99", digits: number) =>
      spread(
        runs.map((trial) => trial[key]),
        digits,
      );
    return [
      `${one.kind} ${NAMES[one.direction]} ${one.direction === "echo" ? "" : one.mode}`.trim(),
      all("cpu", 3),
      ...compared.map((kind) => {
        // Another checkout is compared case by case.
        const isSame = [...trials.keys()].find(
          (each) => each.kind === kind && each.direction === one.direction && each.mode === one.mode,
        );
        if (kind !== "other-tombolo") return show(ratio(trials, one, kind), 2);
        if (one.kind !== "tombolo" || !isSame) return "";
        return show(
          runs.map(({ cpu }, round) => cpu / trials.get(isSame)![round]!.cpu),
          2,
        );
      }),
      all("perSecond", 0),
      all("p50", 2),
      all("p99", 1),
      ...(isReal ? [all("server", 2)] : []),
      all("ends", 2),
    ];
  });
  const ratios = compared.map((kind) => `x ${kind}`);
  const head = ["subject", "CPU s per 10k", ...ratios, "messages/s", "p50 ms", "p99 ms"];
  printTable(title, [...head, ...(isReal ? ["Prosody CPU"] : []), "load CPU"], rows);
}

/** Half of what each case did when it was driven to its limit. */
function half(trials: Trials, one: Case): [number, number] {
  const most = median(trials.get(one)!.map(({ perSecond }) => perSecond));
  const rate = Math.max(100, Math.round(most / 2));
  return [rate * pacedSeconds, rate];
}

function verdicts(trials: Trials, where: string): void {
  for (const [one] of trials) {
    if (one.kind !== "tombolo") continue;
    for (const kind of ["kamailio-tls", "kamailio-tcp"] as const) {
      const values = ratio(trials, one, kind);
      if (values.length === 0) continue;
      const word = median(values) <= 1 ? "MET" : "MISSED";
      console.log(
        `aim "no more CPU than Kamailio", ${where}: ${word}, ${NAMES[one.direction]} ${one.mode} ${spread(values, 2)} x ${kind}`,
      );
    }
  }
}

async function measure(isReal: boolean): Promise<Trials> {
  const { other: otherRoot, profile } = flags;
  const profileDir = profile === undefined || isReal ? undefined : profile;
  const bench = new Bench({ kinds, isReal, otherRoot, profileDir });
  const where = isReal ? "Prosody behind" : "a server that costs next to nothing behind";
  try {
    await bench.start();
    const idle = new Map(kinds.map((kind) => [kind, bench.memory(kind)]));
    const cases = kinds.flatMap(casesOf);
    for (const one of cases) await bench.try(one, isReal ? 1_000 : WARM_UP);
    const n = isReal ? countReal : count;
    const saturated = await turns(bench, cases, () => [n]);
    print(`64 pairs, one text of 300 bytes under way in each, ${n} a run; ${where}`, saturated, isReal);
    const paced = await turns(bench, cases, (one) => half(saturated, one));
    print(`at half of that rate, open loop; ${where}`, paced, isReal);
    const memory = kinds.map((kind) => [
      kind,
      idle.get(kind)!.toFixed(0),
      bench.memory(kind).toFixed(0),
      String(bench.falls.get(kind) ?? 0),
    ]);
    printTable("memory (PSS, MiB)", ["subject", "before", "after", "runs that failed"], memory);
    return saturated;
  } finally {
    await bench.stop();
  }
}

if (flags.profile !== undefined) mkdirSync(flags.profile, { recursive: true });
const started = performance.now();
const load = () => loadavg()[0]!.toFixed(1);
console.log(`${rounds} rounds in turns; median (lowest-highest); load of the machine before ${load()}`);
const servers = flags.servers?.split(",") ?? ["stub", "prosody"];
const first = servers.includes("stub") ? await measure(false) : undefined;
const second = servers.includes("prosody") ? await measure(true) : undefined;
console.log("");
if (first) verdicts(first, "nothing behind");
if (second) verdicts(second, "Prosody behind");
if (flags.profile !== undefined) printHotSpots(flags.profile);
console.log(`took ${((performance.now() - started) / 1000).toFixed(0)} s; load of the machine now ${load()}`);
