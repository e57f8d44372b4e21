/** Tries everything that a configuration reaches out to, and says what failed as findings at its lines. */
import { systemNames, TrustStore } from "@tombolo/sip-edge/io";
import type { Config, EdgeConfig, SipPartner } from "../config/config.ts";
import type { Position } from "../config/document.ts";
import { type Finding, type Path, pathText } from "../config/finding.ts";
import { edgeTls } from "../federation/settings.ts";
import { tryInside } from "./try-inside.ts";
import { tryLink } from "./try-link.ts";
import { tryOwnRecords } from "./try-own-records.ts";
import { tryPartner } from "./try-partner.ts";

/** Trials that run at once. */
const TRIALS_AT_ONCE = 16;

/**
 * The findings of the hop between edge and inside, then of all partners, in the order of the file. `file` is the configuration's name as the user gave it,
 * `locate` gives the line of a path in it.
 */
export async function tryOnline(
  config: Config,
  file: string,
  locate: (path: Path) => Position,
): Promise<Finding[]> {
  const trials: (() => Promise<Finding[]>)[] = [() => tryHops(config, file, locate)];
  for (const [at, partner] of config.partners.entries()) {
    if (partner.protocol === "sip") trials.push(() => tryOne(config, partner, at, file, locate));
  }
  if (config.edge) trials.push(() => tryOwn(config.edge!, file, locate));
  const results: Finding[][] = Array.from(trials, () => []);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < trials.length) {
      const mine = next++;
      results[mine] = await trials[mine]!();
    }
  };
  await Promise.all(Array.from({ length: Math.min(TRIALS_AT_ONCE, trials.length) }, worker));
  return results.flat();
}

async function tryHops(config: Config, file: string, locate: (path: Path) => Position): Promise<Finding[]> {
  const trials = await tryInside(config);
  return trials.flatMap(({ path, trouble }): Finding[] =>
    trouble ? [{ severity: "error", file, ...locate(path), path: pathText(path), ...trouble }] : [],
  );
}

async function tryOwn(edge: EdgeConfig, file: string, locate: (path: Path) => Position): Promise<Finding[]> {
  const names = systemNames(edge.dns);
  const troubles = await Promise.all(edge.domains.map((domain) => tryOwnRecords(domain, edge, names)));
  const path: Path = ["edge", "outside", "advertise"];
  const at = { severity: "warning", file, ...locate(path), path: pathText(path) } as const;
  return troubles.flat().map((trouble) => ({ ...at, ...trouble }));
}

async function tryOne(
  config: Config,
  partner: SipPartner,
  at: number,
  file: string,
  locate: (path: Path) => Position,
): Promise<Finding[]> {
  const { edge } = config;
  const tools = edge && {
    names: systemNames(edge.dns),
    trust: new TrustStore(edgeTls(config, edge)),
    legacy: edge.legacy?.partners.includes(partner.domain) ?? false,
  };
  const ours = config.gateway?.domains[0];
  const [route, link] = await Promise.all([
    tools && tryPartner(partner, tools),
    ours !== undefined && partner.link !== undefined
      ? tryLink(partner.domain, ours, partner.link)
      : undefined,
  ]);
  const finding = (key: string, trouble: { message: string; cure: string }): Finding => {
    const path: Path = ["partners", at, key];
    return { severity: "error", file, ...locate(path), path: pathText(path), ...trouble };
  };
  return [
    ...(route === undefined ? [] : [finding(partner.route === undefined ? "domain" : "route", route)]),
    ...(link === undefined ? [] : [finding("domain", link)]),
  ];
}
