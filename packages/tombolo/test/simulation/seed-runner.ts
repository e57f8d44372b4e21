import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Result } from "./simulation.ts";

/** A seed that was run. */
export interface Ran {
  readonly result: Result;
  readonly cpuMs: number;
}

interface Answer extends Partial<Ran> {
  readonly error?: string;
}

/** Runs seeds one after the other in a process of its own. */
export class SeedRunner {
  private readonly child: ChildProcess;

  constructor() {
    const file = fileURLToPath(new URL("seed-process.ts", import.meta.url));
    this.child = fork(file, { stdio: "inherit", execArgv: [] });
  }

  /** Rejects with what the simulation threw, or when its process ended. */
  run(seed: number, texts: number, isTraced: boolean): Promise<Ran> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) =>
        reject(new Error(`the simulation's process ended with ${code}`));
      child.once("exit", onExit);
      child.once("message", ({ result, cpuMs = 0, error }: Answer) => {
        child.off("exit", onExit);
        if (result) resolve({ result, cpuMs });
        else reject(new Error(error));
      });
      child.send({ seed, texts, isTraced });
    });
  }

  stop(): void {
    this.child.kill();
  }
}
