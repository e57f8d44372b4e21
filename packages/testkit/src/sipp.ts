import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "./end-with-us.ts";
import { freePorts } from "./free-ports.ts";

/** How long a scenario that waits for requests may take until it listens, ms. */
const LISTEN_MS = 5_000;
/** Longest run of one scenario, ms. */
const DEFAULT_RUN_MS = 15_000;

export interface SippOptions {
  /** The scenario, XML. */
  readonly scenario: string;
  /** The TCP port on 127.0.0.1 that it calls; left out: it waits for calls (`-t t1` server). */
  readonly target?: number;
  /** Port that it uses itself; default a free one. */
  readonly localPort?: number;
  /** Calls to make or take; default 1. */
  readonly calls?: number;
  readonly timeoutMs?: number;
}

export interface SippResult {
  readonly ok: boolean;
  /** SIPp's exit code or the signal that ended it: 0 all calls went well, 1 at least one failed, 97 timeout. */
  readonly code: string;
  /** The messages on its wire, in and out. */
  readonly messages: string;
  /** What it found wrong. */
  readonly errors: string;
}

/** A running scenario. */
export interface Sipp {
  readonly port: number;
  readonly result: Promise<SippResult>;
}

/**
 * Starts SIPp over one TCP connection (Debian's has no TLS: put stunnel before it). Needs no rights. Settles
 * when it listens, where it waits for calls.
 */
export async function startSipp(options: SippOptions): Promise<Sipp> {
  const dir = mkdtempSync(join(tmpdir(), "testkit-sipp-"));
  const scenario = join(dir, "scenario.xml");
  writeFileSync(scenario, options.scenario);
  const port = options.localPort ?? (await freePorts(1))[0]!;
  const { calls = 1, target, timeoutMs = DEFAULT_RUN_MS } = options;
  const args = [
    ...(target === undefined ? [] : [`127.0.0.1:${target}`]),
    ...["-sf", scenario, "-t", "t1", "-i", "127.0.0.1", "-p", String(port)],
    ...["-m", String(calls), "-nostdin", "-timeout", `${timeoutMs}ms`, "-timeout_error"],
    ...[
      "-trace_msg",
      "-message_file",
      join(dir, "messages"),
      "-trace_err",
      "-error_file",
      join(dir, "errors"),
    ],
  ];
  const child = spawn("sipp", args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  const late = setTimeout(() => child.kill("SIGKILL"), timeoutMs + 2_000);
  const ended = endWithUs(() => child.kill("SIGKILL"));
  const result = new Promise<SippResult>((resolve) => {
    const end = (code: string) => {
      clearTimeout(late);
      ended();
      const messages = read(join(dir, "messages"));
      const errors = `${said}${read(join(dir, "errors"))}`;
      rmSync(dir, { recursive: true, force: true });
      resolve({ ok: code === "0", code, messages, errors });
    };
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) => end(signal ?? String(code)));
  });
  if (target === undefined) await listening(port);
  return { port, result };
}

/** Until something listens on a TCP port of 127.0.0.1. Asks the kernel: a connection would count as a call. */
async function listening(port: number): Promise<void> {
  const entry = ` 0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A `;
  const until = performance.now() + LISTEN_MS;
  while (!read("/proc/net/tcp").includes(entry)) {
    if (performance.now() > until) throw new Error(`SIPp does not listen on port ${port}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
