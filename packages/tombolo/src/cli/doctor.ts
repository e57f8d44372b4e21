/** `tombolo doctor DOMAIN`: what stands between us and one partner, the first broken step, and its cure. */
import { Command } from "commander";
import type { Step } from "../online/doctor.ts";
import { CommandError, type Ending, FAILED, FINE } from "./exit.ts";
import { printable, table } from "./table.ts";

interface DoctorOptions {
  readonly config: string;
  readonly json?: true;
}

export function doctorCommand(end: Ending): Command {
  return new Command("doctor")
    .description("try one partner step by step: DNS, TCP, TLS, certificates, OPTIONS, XMPP link")
    .argument("<domain>", "the partner's domain")
    .requiredOption("-c, --config <file>", "configuration file (YAML)")
    .option("--json", "print JSON")
    .action(async (domain: string, options: DoctorOptions) => end(await doctor(domain, options)));
}

async function doctor(domain: string, options: DoctorOptions): Promise<number> {
  const { loadConfig } = await import("../config/load.ts");
  const { formatFinding } = await import("../config/finding.ts");
  const { config, findings } = loadConfig(options.config);
  if (config === undefined) {
    for (const finding of findings) process.stderr.write(`${formatFinding(finding)}\n`);
    return FAILED;
  }
  const { diagnose, partnerOf } = await import("../online/doctor.ts");
  const partner = partnerOf(config, domain);
  if (partner === undefined) {
    const known = config.partners.map((one) => one.domain).join(", ");
    const cure = `add "- domain: ${domain}" to partners in ${options.config}`;
    throw new CommandError(`${domain} is no partner (${known === "" ? "there is none" : known}); ${cure}`);
  }
  if (partner.protocol === "xmpp")
    throw new CommandError(`${domain} is reached through the XMPP server; there is nothing of ours to try`);
  const steps = await diagnose(config, partner);
  const first = steps.find(({ state }) => state === "broken");
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ domain: partner.domain, healthy: !first, steps })}\n`
      : text(steps, first),
  );
  return first ? FAILED : FINE;
}

function text(steps: readonly Step[], first: Step | undefined): string {
  const rows = steps.map(({ step, state, says }) => [state, step, says]);
  const end = first
    ? `\nfirst broken: ${first.step}: ${printable(first.says)}\nwhat to do: ${printable(first.cure)}\n`
    : "\nnothing is broken\n";
  return table(["", "STEP", "WHAT WAS SEEN"], rows) + end;
}
