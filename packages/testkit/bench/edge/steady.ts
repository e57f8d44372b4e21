/** All subjects under the same load in turns: saturated, and paced at half of what each can do. */
import { memoryMiB, processTree } from "../../src/process-figures.ts";
import { type Bench, Standing } from "./bench.ts";
import type { LoadRun } from "./load-protocol.ts";
import type { Kind } from "./subjects.ts";
import { median, printTable, spread } from "./table.ts";
import type { Trial } from "./trial.ts";

/** A rate at which no subject is busy: what a wake-up costs shows here. */
const LOW_RATE = 1_000;

/** Messages before the first run that counts: by then the compilers are done. */
const WARM_UP = 150_000;

/** By round; undefined where a subject did not stand it, as it has said. */
type Trials = Map<Standing, (Trial | undefined)[]>;

export class Steady {
  readonly #bench: Bench;
  readonly #standing: readonly Standing[];
  readonly #idle = new Map<Standing, number>();
  readonly #peak = new Map<Standing, number>();

  constructor(bench: Bench) {
    this.#bench = bench;
    this.#standing = bench.plan.transports.flatMap((transport) =>
      bench.plan.kinds.map((kind) => new Standing(bench, kind, transport)),
    );
  }

  async measure(parts: ReadonlySet<string>): Promise<void> {
    const { messages, sessions, pacedSeconds } = this.#bench.plan;
    try {
      await this.#warmUp();
      for (const one of this.#standing) {
        await one.start();
        this.#idle.set(one, memoryMiB(processTree(one.pid!)).pss);
        await one.try({ scenario: "message", count: WARM_UP });
      }
      const saturated = await this.#turns(() => ({ scenario: "message", count: messages }));
      this.#print(`MESSAGE of 650 bytes, 64 in flight, ${messages} a run`, saturated);
      if (parts.has("session")) {
        const figures = await this.#turns(() => ({ scenario: "session", count: sessions }));
        this.#print(`sessions (INVITE, 10 MESSAGE, BYE), 64 at once, ${sessions} a run`, figures);
      }
      if (parts.has("paced")) {
        const low = await this.#turns(() => paced(LOW_RATE, pacedSeconds));
        this.#print(`MESSAGE, open loop at ${LOW_RATE}/s`, low);
        const half = await this.#turns((one) => {
          const most = median(saturated.get(one)!.flatMap((trial) => (trial ? [trial.perSecond] : [])));
          return paced(Math.round(most / 2), pacedSeconds);
        });
        this.#print("MESSAGE, open loop at half of what each did above", half);
      }
      this.#printMemory();
    } finally {
      for (const one of this.#standing) await one.stop();
    }
  }

  /** Whoever is first would otherwise be warmed up, and shaped, by a load that is not compiled yet. */
  async #warmUp(): Promise<void> {
    const first = new Standing(this.#bench, "mini-proxy", this.#bench.plan.transports[0]!);
    try {
      await first.try({ scenario: "message", count: WARM_UP });
    } finally {
      await first.stop();
    }
  }

  /** One run of each subject in each round, so that all see the same machine. */
  async #turns(runOf: (one: Standing) => LoadRun): Promise<Trials> {
    const trials: Trials = new Map(this.#standing.map((one) => [one, [] as (Trial | undefined)[]]));
    for (let round = 0; round < this.#bench.plan.rounds; round++) {
      for (const one of this.#standing) {
        const trial = await one.try(runOf(one)).catch(() => undefined);
        trials.get(one)!.push(trial);
        if (trial === undefined) continue;
        this.#peak.set(one, Math.max(this.#peak.get(one) ?? 0, trial.pss));
      }
    }
    return trials;
  }

  #print(title: string, trials: Trials): void {
    const rows = this.#standing.map((one) => {
      const runs = trials.get(one)!.filter((trial) => trial !== undefined);
      return [
        one.name,
        spread(
          runs.map(({ cpu }) => cpu),
          3,
        ),
        ...this.#compared.map((kind) => this.#ratio(trials, one, kind)),
        spread(
          runs.map(({ perSecond }) => perSecond),
          0,
        ),
        spread(
          runs.map(({ p50 }) => p50),
          2,
        ),
        spread(
          runs.map(({ p99 }) => p99),
          1,
        ),
      ];
    });
    const ratios = this.#compared.map((kind) => `x ${kind}`);
    const head = ["subject", "CPU s per 10k", ...ratios, "transactions/s", "p50 ms", "p99 ms"];
    printTable(title, head, rows);
  }

  /** Whom the others are compared with. */
  get #compared(): readonly Kind[] {
    return (["kamailio", "mini-proxy", "other-edge"] as const).filter((kind) =>
      this.#bench.plan.kinds.includes(kind),
    );
  }

  /** Ratio of CPU in each round to that of another subject with the same transport in the same round. */
  #ratio(trials: Trials, one: Standing, kind: Kind): string {
    const other = this.#standing.find((each) => each.kind === kind && each.transport === one.transport);
    if (!other || other === one) return "";
    const others = trials.get(other)!;
    const ratios = trials.get(one)!.map((trial, round) => (trial?.cpu ?? 0) / (others[round]?.cpu ?? 0));
    return spread(
      ratios.filter((ratio) => ratio > 0 && Number.isFinite(ratio)),
      2,
    );
  }

  #printMemory(): void {
    const rows = this.#standing.map((one) => [
      one.name,
      this.#idle.get(one)!.toFixed(0),
      this.#peak.get(one)!.toFixed(0),
      String(one.falls),
    ]);
    printTable("memory (PSS, MiB)", ["subject", "before", "highest after a run", "runs that failed"], rows);
  }
}

function paced(rate: number, seconds: number): LoadRun {
  return { scenario: "message", count: rate * seconds, rate };
}
