import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "./end-with-us.ts";
import { freePorts } from "./free-ports.ts";
import type { ServerCommand } from "./real-process.ts";

/** What every XMPP server of the tests can be told. */
export interface XmppServerOptions {
  readonly domains: readonly string[];
  /** `jid` is bare, its domain one of `domains`. */
  readonly users: readonly { readonly jid: string; readonly password: string }[];
  /** External components (XEP-0114). */
  readonly components: readonly { readonly domain: string; readonly secret: string }[];
  /** c2s takes this port and components the next; left out, two free ports are chosen. */
  readonly portBase?: number;
  /** Store messages for users who are away; off by default, so that they bounce at once. */
  readonly offline?: boolean;
  /** Let users block others (XEP-0191); off by default. */
  readonly blocking?: boolean;
}

/** A running XMPP server on loopback, with a directory of its own. */
export interface XmppServer {
  readonly name: string;
  /** Plain c2s on 127.0.0.1, SASL PLAIN allowed without TLS. */
  readonly c2sPort: number;
  /** XEP-0114 on 127.0.0.1; closed when there are no components. */
  readonly componentPort: number;
  /** Of the running process; undefined while it is down. */
  readonly pid: number | undefined;
  /** Ends it (SIGTERM, SIGKILL after `STOP_MS`) and removes its directory. */
  stop(): Promise<void>;
  /** SIGKILL. Data and ports are kept for `restart`. */
  kill(): Promise<void>;
  /** Ends it if it runs and starts it again with the same data and ports. */
  restart(): Promise<void>;
  /** Its log so far. */
  log(): string;
}

/** One product: how its configuration is written and how its log reads. */
export interface XmppServerKind {
  readonly name: string;
  /** File in the server's directory that it logs to. */
  readonly logFile: string;
  /** In the log when a port is somebody else's. */
  readonly portTaken: RegExp;
  /** In the log since the start when it is ready; left out, open ports are enough. */
  readonly ready?: RegExp;
  /** Writes the configuration into `dir` and says how the server is called. */
  write(dir: string, ports: readonly [c2s: number, components: number]): Omit<ServerCommand, "awaited">;
}

/** How long a start may take, ms. */
const START_MS = 30_000;
/** How long an orderly end may take before SIGKILL, ms. */
const STOP_MS = 3000;
/** Starts tried with new ports, because a free port may be gone when the server asks for it. */
const PORT_ATTEMPTS = 3;
const POLL_MS = 20;
/** Lines of the log that a failed start shows. */
const SHOWN_LINES = 15;

/** Starts a server; resolves when its ports accept connections. */
export async function startXmppServer(kind: XmppServerKind, options: XmppServerOptions): Promise<XmppServer> {
  for (const { jid } of options.users) {
    if (!options.domains.includes(jid.split("@")[1] ?? "")) {
      throw new Error(`user ${jid} is of no domain of this server: ${options.domains.join(", ")}`);
    }
  }
  const base = options.portBase;
  for (let attempt = 1; ; attempt += 1) {
    const ports = base === undefined ? await freePorts(2) : [base, base + 1];
    const launched = new Launched(kind, ports as [number, number], options.components.length > 0);
    try {
      await launched.start();
      return launched;
    } catch (error) {
      await launched.stop();
      const again = error instanceof PortTaken && base === undefined && attempt < PORT_ATTEMPTS;
      if (!again) throw error;
    }
  }
}

class PortTaken extends Error {}

class Launched implements XmppServer {
  readonly name: string;
  readonly c2sPort: number;
  readonly componentPort: number;
  readonly #kind: XmppServerKind;
  readonly #command: Omit<ServerCommand, "awaited">;
  /** A server opens the component port only when it has a component. */
  readonly #awaited: readonly number[];
  readonly #dir: string;
  #child: ChildProcess | undefined;

  constructor(kind: XmppServerKind, ports: readonly [number, number], hasComponents: boolean) {
    [this.c2sPort, this.componentPort] = ports;
    this.name = kind.name;
    this.#kind = kind;
    this.#awaited = hasComponents ? ports : [this.c2sPort];
    this.#dir = mkdtempSync(join(tmpdir(), `testkit-${kind.name}-`));
    this.#command = kind.write(this.#dir, ports);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  log(): string {
    try {
      return readFileSync(join(this.#dir, this.#kind.logFile), "utf8");
    } catch {
      return "";
    }
  }

  async start(): Promise<void> {
    const { program, args, env } = this.#command;
    const logBefore = this.log().length;
    const child = spawn(program, args, {
      cwd: this.#dir,
      stdio: "ignore",
      env: { ...process.env, ...env },
    });
    this.#child = child;
    const forget = endWithUs(() => child.kill("SIGKILL"));
    let failure: string | undefined;
    child.once("error", (error) => {
      failure = error.message;
      forget();
    });
    child.once("exit", (code, signal) => {
      failure = `it ended with ${signal ?? code}`;
      if (this.#child === child) this.#child = undefined;
      forget();
    });
    const { ready = /^/, portTaken, name } = this.#kind;
    const giveUpAt = performance.now() + START_MS;
    const isUp = async () =>
      (await Promise.all(this.#awaited.map(accepts))).every(Boolean) &&
      ready.test(this.log().slice(logBefore));
    while (!(await isUp())) {
      if (failure === undefined && performance.now() > giveUpAt)
        failure = `not ready after ${START_MS / 1000} s`;
      if (failure !== undefined) break;
      await pause(POLL_MS);
    }
    // Another program may have taken a port between the choice and the start: then it is not the server that accepted.
    const isTaken = portTaken.test(this.log().slice(logBefore));
    if (failure === undefined && !isTaken) return;
    const why = isTaken ? "a port is taken" : failure;
    await this.kill();
    const said = this.log().split("\n").slice(-SHOWN_LINES).join("\n");
    throw new (isTaken ? PortTaken : Error)(`${name} did not start: ${why}\n${said}`);
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill(signal);
    const harder = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(harder);
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

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

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
