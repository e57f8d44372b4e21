import { type ChildProcess, fork } from "node:child_process";

/** A process of ours that is told and answers over Node's channel; ends with its parent. */
export class Child {
  readonly process: ChildProcess;

  /** `file` is a path; `execArgv` goes to Node. */
  constructor(file: string, execArgv: readonly string[] = []) {
    this.process = fork(file, [], {
      execArgv: ["--disable-warning=ExperimentalWarning", ...execArgv],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Its next message after this order. Rejects where it ends instead. */
  ask<T>(order: object): Promise<T> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) =>
        reject(new Error(`${this.process.spawnargs[1]} ended with ${code}`));
      this.process.once("exit", onExit);
      this.process.once("message", (answer) => {
        this.process.off("exit", onExit);
        resolve(answer as T);
      });
      this.process.send(order);
    });
  }

  tell(order: object): void {
    this.process.send(order);
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = new Promise<void>((resolve) => this.process.once("exit", () => resolve()));
    this.process.disconnect();
    await ended;
  }
}
