/** `tombolo check`: everything that is wrong with a configuration, before anything starts. */
import { Command } from "commander";
import type { Finding } from "../config/finding.ts";
import { type Ending, FAILED, FINE } from "./exit.ts";

interface CheckOptions {
  readonly config: string;
  readonly online?: true;
}

export function checkCommand(end: Ending): Command {
  return new Command("check")
    .description("check a configuration with its certificates and secrets")
    .requiredOption("-c, --config <file>", "configuration file (YAML)")
    .option("--online", "also try DNS, TCP, TLS and the XMPP links (best while the program is stopped)")
    .addHelpText("after", "\nFindings go to stderr as FILE:LINE: error: what is wrong; what to write.")
    .action(async (options: CheckOptions) => end(await check(options)));
}

async function check(options: CheckOptions): Promise<number> {
  const { loadConfig } = await import("../config/load.ts");
  const { formatFinding, hasErrors } = await import("../config/finding.ts");
  const print = (finding: Finding) => process.stderr.write(`${formatFinding(finding)}\n`);
  const loaded = loadConfig(options.config);
  for (const finding of loaded.findings) print(finding);
  const findings = [...loaded.findings];
  if (options.online && loaded.config !== undefined) {
    const { tryOnline } = await import("../online/try-online.ts");
    const failed = await tryOnline(loaded.config, options.config, loaded.locate);
    for (const finding of failed) print(finding);
    findings.push(...failed);
  }
  if (hasErrors(findings)) return FAILED;
  const warnings = findings.length;
  const rest = warnings === 0 ? "" : `, ${warnings} warning${warnings === 1 ? "" : "s"}`;
  process.stdout.write(`${options.config}: fine${rest}\n`);
  return FINE;
}
