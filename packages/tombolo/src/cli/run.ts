/** `tombolo run`: starts the program and lives as long as it does. */
import { flushCompileCache } from "node:module";
import { Command } from "commander";
import type { Config } from "../config/config.ts";
import type { Finding } from "../config/finding.ts";
import type { Log } from "../log/log.ts";
import type { RunningProgram } from "../program.ts";
import { CommandError, type Ending, FAILED, FINE, uncaught } from "./exit.ts";

/** How long a stop may take before what is left is dropped, in ms. */
const STOP_GRACE_MS = 10_000;

export function runCommand(end: Ending): Command {
  return new Command("run")
    .description("start the roles in a configuration")
    .requiredOption("-c, --config <file>", "configuration file (YAML)")
    .addHelpText(
      "after",
      "\nLogs JSON lines to stdout; 'ready' when all listeners are up and each XMPP link has been tried.\n" +
        "SIGTERM and SIGINT drain and stop; SIGHUP reloads the configuration and the certificates.",
    )
    .action(async (options: { config: string }) => end(await run(options.config)));
}

async function run(file: string): Promise<number> {
  const signals = catchSignals();
  const { loadConfig } = await import("../config/load.ts");
  const { formatFinding } = await import("../config/finding.ts");
  const { config, findings } = loadConfig(file);
  if (config === undefined) {
    for (const finding of findings) process.stderr.write(`${formatFinding(finding)}\n`);
    return FAILED;
  }
  const log = await openLog(config);
  logFindings(findings, log);
  guardProcess(log);
  const program = await start(config, log);
  program.ready.then(() => {
    log.notice("ready", { pid: process.pid });
    // Kept now, because not every program comes to an orderly end; does nothing where there is no such cache.
    flushCompileCache();
  }, signals.fail);
  return serve(program, file, log, signals);
}

async function openLog(config: Config): Promise<Log> {
  const { createLog } = await import("../log/log.ts");
  const { installKey, keyFileFor } = await import("../log/pseudonym.ts");
  const keyFile = keyFileFor(config.store, config.file);
  const { key, trouble } = installKey(keyFile);
  const log = createLog({ level: config.log.level, node: config.node, key });
  if (trouble !== undefined) {
    const cure = `make ${keyFile} writable; until then people have other pseudonyms after each restart`;
    log.warn("log-key-not-kept", { trouble, cure });
  }
  return log;
}

async function start(config: Config, log: Log): Promise<RunningProgram> {
  const { createMetrics } = await import("../metrics/metrics.ts");
  const { startProgram } = await import("../program.ts");
  const { StartError } = await import("../start-error.ts");
  const metrics = createMetrics(config.partners.map((partner) => partner.domain));
  try {
    return await startProgram(config, log, metrics);
  } catch (error) {
    if (error instanceof StartError) throw new CommandError(error.message);
    throw error;
  }
}

function logFindings(findings: readonly Finding[], log: Log): void {
  for (const { severity, path, line, message, cure } of findings) {
    const event = severity === "error" ? "config-error" : "config-warning";
    log[severity === "error" ? "error" : "warn"](event, { path, line, message, cure });
  }
}

/** A failure that nobody caught leaves the program in a state nobody knows: say so and end. */
function guardProcess(log: Log): void {
  process.off("uncaughtException", uncaught);
  process.on("uncaughtException", (error) => {
    log.fatal("crash", { error });
    process.exit(FAILED);
  });
}

/** What ends or changes a run, in the order it came. */
type Wish =
  | { readonly kind: "stop" }
  | { readonly kind: "reload" }
  | { readonly kind: "fail"; readonly error: unknown };

interface Signals {
  next(): Promise<Wish>;
  fail(error: unknown): void;
}

function catchSignals(): Signals {
  const wishes: Wish[] = [];
  let wake: (() => void) | undefined;
  let stopping = false;
  const add = (wish: Wish): void => {
    // Reloads that wait already cover this one.
    if (wish.kind === "reload" && wishes.some((other) => other.kind === "reload")) return;
    wishes.push(wish);
    wake?.();
  };
  const stop = (): void => {
    if (stopping) process.exit(FAILED);
    stopping = true;
    add({ kind: "stop" });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => add({ kind: "reload" }));
  return {
    fail: (error) => {
      if (!stopping) add({ kind: "fail", error });
    },
    next: async () => {
      while (wishes.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return wishes.shift()!;
    },
  };
}

async function serve(program: RunningProgram, file: string, log: Log, signals: Signals): Promise<number> {
  for (;;) {
    const wish = await signals.next();
    if (wish.kind === "reload") {
      await reload(program, file, log);
      continue;
    }
    if (wish.kind === "fail") log.fatal("start-failed", { error: wish.error });
    else log.info("stopping", { graceMs: STOP_GRACE_MS });
    await program.stop(STOP_GRACE_MS);
    log.notice("stopped");
    return wish.kind === "fail" ? FAILED : FINE;
  }
}

/** Takes a new configuration, or keeps the old one and says what is wrong with the new. */
async function reload(program: RunningProgram, file: string, log: Log): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const { config, findings } = loadConfig(file);
  logFindings(findings, log);
  if (config === undefined) {
    log.error("reload-refused", { cure: "mend the configuration and send SIGHUP again; the old one stays" });
    return;
  }
  try {
    log.setLevel(config.log.level);
    await program.reload(config);
    log.info("reloaded");
  } catch (error) {
    log.error("reload-failed", { error });
  }
}
