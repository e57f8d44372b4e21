/** One measured run: the load's figures with the CPU and memory of the subject. */
import { cpuSeconds, memoryMiB, processTree } from "../../src/process-figures.ts";
import type { Child } from "./child.ts";
import type { Caller, LoadFigures, LoadOrder, LoadReport, LoadRun } from "./load-protocol.ts";
import type { Subject } from "./subjects.ts";

export interface Trial extends LoadFigures {
  /** CPU of the subject's processes for 10,000 transactions, s. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Proportional memory right after the run, MiB. */
  readonly pss: number;
  readonly rss: number;
}

/** Share of failed transactions above which a run says nothing. */
const MAX_FAILED = 0.02;

export async function connectLoad(
  load: Child,
  subject: Subject,
  ca: string,
  callers: readonly Caller[],
): Promise<void> {
  const order: LoadOrder = { kind: "connect", port: subject.port, ca, callers };
  const report = await load.ask<LoadReport>(order);
  if (report.kind === "not-connected") throw new Error(`${subject.kind} takes no connection: ${report.why}`);
}

/** @throws Error where the subject ended or failed too much of the load */
export async function tryOnce(load: Child, subject: Subject, run: LoadRun): Promise<Trial> {
  const tree = processTree(subject.pid);
  const before = cpuSeconds(tree);
  const figures = await load.ask<LoadFigures>({ kind: "run", ...run } satisfies LoadOrder);
  const used = cpuSeconds(tree) - before;
  const name = `${subject.kind} ${subject.transport}`;
  if (!subject.isRunning) throw new Error(`${name} ended by itself`);
  const { transactions, failures, seconds } = figures;
  if (transactions === 0 || failures > transactions * MAX_FAILED) {
    throw new Error(`${name}: ${failures} of ${transactions} transactions failed, e.g. ${figures.example}`);
  }
  return {
    ...figures,
    ...memoryMiB(tree),
    cpu: (used / transactions) * 10_000,
    perSecond: transactions / seconds,
  };
}
