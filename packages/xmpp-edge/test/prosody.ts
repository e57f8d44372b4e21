import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROSODY = "/usr/bin/prosody";
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/** A Prosody on loopback with the user alice@example.com and the given components, all of one secret. */
export class Prosody {
  readonly port: number;
  readonly #directory: string;
  #process: ChildProcess | undefined;
  #output = "";

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  static async prepare(components: readonly string[], secret: string): Promise<Prosody> {
    const directory = mkdtempSync(join(tmpdir(), "prosody-"));
    const port = await freePort();
    const accounts = join(directory, "data", "example%2ecom", "accounts");
    mkdirSync(accounts, { recursive: true });
    writeFileSync(join(accounts, "alice.dat"), 'return { ["password"] = "unused"; };\n');
    writeFileSync(join(directory, "prosody.cfg.lua"), configuration(directory, port, components, secret));
    return new Prosody(port, directory);
  }

  /** Resolves when the component port accepts connections. */
  async start(): Promise<void> {
    const child = spawn(PROSODY, ["-F", "--config", join(this.#directory, "prosody.cfg.lua")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.#output += data.toString("utf8");
      });
    }
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await accepts(this.port))) {
      if (Date.now() > deadline || child.exitCode !== null)
        throw new Error(`Prosody did not start:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Ends the process without a farewell to its connections. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function configuration(
  directory: string,
  port: number,
  components: readonly string[],
  secret: string,
): string {
  return `
run_as_root = true
pidfile = "${directory}/prosody.pid"
data_path = "${directory}/data"
plugin_paths = {}
log = { warn = "*console" }
modules_enabled = { "ping", "disco", "offline", "roster", "presence", "message", "iq" }
modules_disabled = { "s2s", "c2s", "posix" }
authentication = "internal_plain"
storage = "internal"
interfaces = { "127.0.0.1" }
component_interfaces = { "127.0.0.1" }
component_ports = { ${port} }
c2s_ports = {}
c2s_direct_tls_ports = {}
s2s_ports = {}
s2s_direct_tls_ports = {}
VirtualHost "example.com"
${components.map((domain) => `Component "${domain}"\n  component_secret = "${secret}"`).join("\n")}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
