/** Whether what a message costs depends on how many partners and dialogs there are. */
import type { Bench } from "./bench.ts";
import type { Caller } from "./load-protocol.ts";
import type { Kind, Subject } from "./subjects.ts";
import { printTable, spread } from "./table.ts";
import type { Trial } from "./trial.ts";

const KINDS: readonly Kind[] = ["edge", "mini-proxy"];
/** Dialogs begun in one second: their INVITE-less beginning costs as much as any request. */
const OPENING_WINDOW = 64;

/** The allow list grows with traffic on four connections; then every partner has a connection and speaks. */
export async function measurePartners(bench: Bench): Promise<void> {
  const rows: string[][] = [];
  const { partners, rounds, messages, kinds } = bench.plan;
  const asked = KINDS.filter((kind) => kinds.includes(kind));
  for (const spreadOut of [false, true]) {
    for (const kind of asked) {
      const subjects: Subject[] = [];
      for (const count of partners) subjects.push(await bench.start(kind, "tls", count));
      const linesOf = (at: number): readonly Caller[] =>
        spreadOut ? bench.callers(Math.max(partners[at]!, 1)) : bench.fewLines;
      const trials = await turns(subjects, rounds, (subject, at) =>
        bench.try(subject, { scenario: "message", count: messages }, linesOf(at)),
      );
      for (const [at, count] of partners.entries()) {
        const where = spreadOut ? `${linesOf(at).length} connections` : "4 connections";
        rows.push(rowOf(`${kind}, ${count} partners, ${where}`, trials[at]!, trials[0]!));
      }
      for (const subject of subjects) await subject.stop();
    }
  }
  printTable("partners, MESSAGE over TLS->TLS, 64 in flight", HEAD, rows);
}

export async function measureDialogs(bench: Bench): Promise<void> {
  const rows: string[][] = [];
  const { dialogs, rounds, messages, kinds } = bench.plan;
  for (const kind of KINDS.filter((one) => kinds.includes(one))) {
    const trials: Trial[][] = dialogs.map(() => []);
    for (const [at, count] of dialogs.entries()) {
      const subject = await bench.start(kind, "tls");
      const opened = await bench.try(subject, { scenario: "open", count, window: OPENING_WINDOW });
      if (opened.failures > 0)
        throw new Error(`${opened.failures} dialogs were not opened: ${opened.example}`);
      for (let round = 0; round < rounds; round++) {
        trials[at]!.push(await bench.again(subject, { scenario: "refresh", count: messages }));
      }
      await subject.stop();
    }
    for (const [at, count] of dialogs.entries()) {
      rows.push(rowOf(`${kind}, ${count} dialogs`, trials[at]!, trials[0]!));
    }
  }
  printTable("SUBSCRIBE within open dialogs, TLS->TLS, 64 in flight", HEAD, rows);
}

const HEAD = ["subject", "CPU s per 10k", "x the first", "p99 ms", "PSS MiB"];

function rowOf(name: string, trials: readonly Trial[], first: readonly Trial[]): string[] {
  return [
    name,
    spread(
      trials.map(({ cpu }) => cpu),
      3,
    ),
    spread(
      trials.map(({ cpu }, round) => cpu / first[round]!.cpu),
      2,
    ),
    spread(
      trials.map(({ p99 }) => p99),
      1,
    ),
    spread(
      trials.map(({ pss }) => pss),
      0,
    ),
  ];
}

/** By subject, one run of each in each round; the first round warms up and does not count. */
async function turns(
  subjects: readonly Subject[],
  rounds: number,
  tryOne: (subject: Subject, at: number) => Promise<Trial>,
): Promise<Trial[][]> {
  const trials: Trial[][] = subjects.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [at, subject] of subjects.entries()) {
      const trial = await tryOne(subject, at);
      if (round > 0) trials[at]!.push(trial);
    }
  }
  return trials;
}
