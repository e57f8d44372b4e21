import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "./end-with-us.ts";
import { freePorts } from "./free-ports.ts";

/** How long a server may take until it accepts on all its ports, ms. */
const START_MS = 15_000;
/** How long an orderly end may take before SIGKILL, ms. */
const STOP_MS = 3_000;
/** Starts tried with new ports, because a free port may be gone when the server asks for it. */
const PORT_ATTEMPTS = 3;
const POLL_MS = 20;
/** What is kept of a server's output, characters. */
const MAX_OUTPUT = 256 * 1024;

/** How a server is called; `awaited` are the ports it must accept on before it counts as started. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly awaited: readonly number[];
  /** How long it may take until it accepts on all of them, ms; default `START_MS`. */
  readonly patience?: number;
}

/** A program that is not ours, in a temporary directory of its own. */
export interface RealProcess {
  readonly pid: number;
  readonly dir: string;
  /** What it wrote to stdout and stderr, the last of it. */
  output(): string;
  /** Settles when it has ended, however: its exit code or signal. */
  readonly ended: Promise<string>;
  readonly isRunning: boolean;
  /** SIGTERM, SIGKILL to its process group after a while; removes its directory. */
  stop(): Promise<void>;
}

/**
 * Starts a server in a new temporary directory on free ports of 127.0.0.1.
 *
 * @param write puts the configuration into `dir` and says how the server is called; asked again, with other ports,
 *   where one was taken meanwhile.
 * @throws Error with the server's output where it does not come up
 */
export async function startServer(
  name: string,
  portCount: number,
  write: (dir: string, ports: readonly number[]) => ServerCommand,
): Promise<{ readonly process: RealProcess; readonly ports: readonly number[] }> {
  for (let attempt = 1; ; attempt++) {
    const dir = mkdtempSync(join(tmpdir(), `testkit-${name}-`));
    const ports = await freePorts(portCount);
    const command = write(dir, ports);
    const started = new Started(command, dir);
    try {
      await started.accepting(command.awaited, command.patience);
      return { process: started, ports };
    } catch (error) {
      const said = started.output();
      await started.stop();
      if (attempt < PORT_ATTEMPTS && /address already in use|cannot bind/i.test(said)) continue;
      throw new Error(`${name} did not start: ${(error as Error).message}\n${said}`);
    }
  }
}

class Started implements RealProcess {
  readonly dir: string;
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #output = "";
  #running = true;

  constructor({ program, args, env }: ServerCommand, dir: string) {
    this.dir = dir;
    // A group of its own, so that the end of a server that hangs takes its workers along.
    this.#child = spawn(program, args, {
      cwd: dir,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...env },
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-MAX_OUTPUT);
    };
    this.#child.stdout!.on("data", keep);
    this.#child.stderr!.on("data", keep);
    const forget = endWithUs(() => this.#kill("SIGKILL"));
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#running = false;
        forget();
        resolve(how);
      };
      this.#child.once("error", (error) => end(error.message));
      this.#child.once("exit", (code, signal) => end(signal ?? `exit ${code}`));
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  output(): string {
    return this.#output;
  }

  async accepting(ports: readonly number[], patience = START_MS): Promise<void> {
    const until = performance.now() + patience;
    for (const port of ports) {
      while (!(await accepts(port))) {
        if (!this.#running) throw new Error(`it ended (${await this.ended})`);
        if (performance.now() > until) throw new Error(`nothing accepts on port ${port}`);
        await new Promise((done) => setTimeout(done, POLL_MS));
      }
    }
    if (!this.#running) throw new Error(`it ended (${await this.ended})`);
  }

  async stop(): Promise<void> {
    if (this.#running) {
      this.#child.kill("SIGTERM");
      const late = setTimeout(() => this.#kill("SIGKILL"), STOP_MS);
      await this.ended;
      clearTimeout(late);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The whole group; it may be gone. */
  #kill(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }
}

/** Whether something accepts TCP connections on a port of 127.0.0.1. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
