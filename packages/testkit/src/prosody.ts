import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";

export interface ProsodyOptions {
  readonly domains: readonly string[];
  /** `jid` is bare, its domain one of `domains`. */
  readonly users: readonly { readonly jid: string; readonly password: string }[];
  /** External components (XEP-0114). */
  readonly components: readonly { readonly domain: string; readonly secret: string }[];
  /** c2s takes this port and components the next; left out, two free ports are chosen. */
  readonly portBase?: number;
  /** Store messages for users who are away (mod_offline); off by default, so that they bounce at once. */
  readonly offline?: boolean;
  /** Further modules to load. */
  readonly modules?: readonly string[];
  /** Further lines of the global section of the configuration, Lua. */
  readonly extraConfig?: string;
  /** Default /usr/bin/prosody. Note that this program knows no `--version`: it would start. */
  readonly program?: string;
}

export interface Prosody {
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
  /** Its debug log so far. */
  log(): string;
}

/** How long a start may take, ms. */
const START_MS = 15_000;
/** How long an orderly end may take before SIGKILL, ms. */
const STOP_MS = 3000;
/** Starts tried with new ports, because a free port may be gone when Prosody asks for it. */
const PORT_ATTEMPTS = 3;
const POLL_MS = 20;

/** Prosody's file name encoding: everything but letters, digits and the underscore as %xx. */
function dataName(name: string): string {
  return Array.from(new TextEncoder().encode(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[0-9A-Za-z]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function lua(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

function luaList(items: readonly string[]): string {
  return `{ ${items.map(lua).join(", ")} }`;
}

function configuration(options: ProsodyOptions, dir: string, ports: readonly [number, number]): string {
  const modules = ["roster", "saslauth", "disco", "ping", "presence", "message", "iq", "private"];
  if (options.offline === true) modules.push("offline");
  const off = ["s2s", "tls", "admin_shell", "http"];
  if (options.offline !== true) off.push("offline");
  return `run_as_root = true
pidfile = ${lua(join(dir, "prosody.pid"))}
data_path = ${lua(join(dir, "data"))}
certificates = ${lua(dir)}
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports[0]} }
c2s_direct_tls_ports = {}
component_ports = { ${ports[1]} }
component_interfaces = { "127.0.0.1" }
modules_enabled = ${luaList([...modules, ...(options.modules ?? [])])}
modules_disabled = ${luaList(off)}
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
log = { { levels = { min = "debug" }, to = "file", filename = ${lua(join(dir, "prosody.log"))} } }
${options.extraConfig ?? ""}
${options.domains.map((domain) => `VirtualHost ${lua(domain)}`).join("\n")}
${options.components.map(({ domain, secret }) => `Component ${lua(domain)}\n  component_secret = ${lua(secret)}`).join("\n")}
`;
}

function checkUsers(options: ProsodyOptions): void {
  for (const { jid } of options.users) {
    if (!options.domains.includes(jid.split("@")[1] ?? "")) {
      throw new Error(`user ${jid} is of no domain of this server: ${options.domains.join(", ")}`);
    }
  }
}

function writeAccounts(options: ProsodyOptions, dir: string): void {
  for (const { jid, password } of options.users) {
    const [local, domain] = jid.split("@") as [string, string];
    const accounts = join(dir, "data", dataName(domain), "accounts");
    mkdirSync(accounts, { recursive: true });
    writeFileSync(join(accounts, `${dataName(local)}.dat`), `return { ["password"] = ${lua(password)}; };\n`);
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

class Launched implements Prosody {
  readonly c2sPort: number;
  readonly componentPort: number;
  readonly #program: string;
  /** Prosody opens the component port only when it has a component. */
  readonly #awaited: readonly number[];
  readonly #dir: string;
  #child: ChildProcess | undefined;
  readonly #atExit = () => this.#child?.kill("SIGKILL");

  constructor(options: ProsodyOptions, ports: readonly [number, number]) {
    [this.c2sPort, this.componentPort] = ports;
    this.#awaited = options.components.length > 0 ? ports : [this.c2sPort];
    this.#program = options.program ?? "/usr/bin/prosody";
    this.#dir = mkdtempSync(join(tmpdir(), "testkit-prosody-"));
    mkdirSync(join(this.#dir, "data"));
    writeAccounts(options, this.#dir);
    writeFileSync(join(this.#dir, "prosody.cfg.lua"), configuration(options, this.#dir, ports));
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  log(): string {
    try {
      return readFileSync(join(this.#dir, "prosody.log"), "utf8");
    } catch {
      return "";
    }
  }

  async start(): Promise<void> {
    const child = spawn(this.#program, ["-F", "--config", join(this.#dir, "prosody.cfg.lua")], {
      cwd: this.#dir,
      stdio: "ignore",
    });
    this.#child = child;
    process.once("exit", this.#atExit);
    let failure: string | undefined;
    child.once("error", (error) => {
      failure = error.message;
    });
    child.once("exit", (code, signal) => {
      failure = `it ended with ${signal ?? code}`;
      if (this.#child === child) this.#child = undefined;
      process.removeListener("exit", this.#atExit);
    });
    const giveUpAt = Date.now() + START_MS;
    while (!(await Promise.all(this.#awaited.map(accepts))).every(Boolean)) {
      if (failure === undefined && Date.now() > giveUpAt) failure = `not ready after ${START_MS / 1000} s`;
      if (failure !== undefined) {
        // Killing it sets `failure` anew.
        const why = failure;
        await this.kill();
        throw new Error(`Prosody did not start: ${why}\n${this.log().split("\n").slice(-15).join("\n")}`);
      }
      await pause(POLL_MS);
    }
    // Another program may have taken a port between the choice and the start: then it is not Prosody that accepted.
    if (/Failed to open server port/.test(this.log()) || failure !== undefined) {
      await this.kill();
      throw new Error(`Prosody could not open its ports\n${this.log().split("\n").slice(-15).join("\n")}`);
    }
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
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Starts a real Prosody on loopback with a directory of its own; resolves when its ports accept connections. */
export async function startProsody(options: ProsodyOptions): Promise<Prosody> {
  checkUsers(options);
  let last: unknown;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const base = options.portBase;
    const ports = base === undefined ? await freePorts(2) : [base, base + 1];
    const launched = new Launched(options, ports as [number, number]);
    try {
      await launched.start();
      return launched;
    } catch (error) {
      last = error;
      await launched.stop();
      if (!String(error).includes("open its ports") || base !== undefined) break;
    }
  }
  throw last;
}
