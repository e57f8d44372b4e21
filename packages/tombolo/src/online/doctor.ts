/** What stands between us and one partner, step by step: the first step that is broken hides those behind it. */
import { systemNames, TrustStore } from "@tombolo/sip-edge/io";
import { formatHostPort } from "../config/addresses.ts";
import type { Config, EdgeConfig, SipPartner } from "../config/config.ts";
import { edgeTls } from "../federation/settings.ts";
import { askOptions } from "./ask-options.ts";
import { findRoute } from "./find-route.ts";
import type { Trouble } from "./trouble.ts";
import { type InsideTrial, tryInside } from "./try-inside.ts";
import { tryLink } from "./try-link.ts";
import { dialPlace, refusal, type TrialTools } from "./try-partner.ts";

/** `inside` is left out where edge and gateway are one process with no other nodes. */
export const STEPS = [
  "policy",
  "own certificate",
  "dns",
  "tcp",
  "tls",
  "certificate",
  "options",
  "inside",
  "xmpp link",
] as const;
export type StepName = (typeof STEPS)[number];

export interface Step {
  readonly step: StepName;
  readonly state: "ok" | "broken" | "skipped";
  readonly says: string;
  /** What to do, where it is broken. */
  readonly cure?: string;
}

/** Where a dial that failed got to. */
const FAILED_AT = {
  refused: "tcp",
  unreachable: "tcp",
  timeout: "tcp",
  dns: "dns",
  reset: "tls",
  tls: "tls",
  "refused-ours": "tls",
  certificate: "certificate",
  "name-mismatch": "certificate",
} as const;

/** The configuration's own partner object of a domain, however it is written. */
export function partnerOf(config: Config, domain: string): Config["partners"][number] | undefined {
  const wanted = domain.trim().toLowerCase().replace(/\.$/, "");
  return config.partners.find((partner) => partner.domain.toLowerCase() === wanted);
}

/** Every step, in the order in which a message meets them. Connects to the partner and to the XMPP server. */
export async function diagnose(config: Config, partner: SipPartner): Promise<readonly Step[]> {
  const { edge } = config;
  const [outside, inside, link] = await Promise.all([
    edge ? outsideSteps(config, edge, partner) : skipped("there is no edge in this file"),
    tryInside(config),
    linkStep(config, partner),
  ]);
  return [policyStep(config, partner), ...outside, ...insideSteps(inside), link];
}

/** One step for all hops: the first that is broken, else all of them. */
function insideSteps(trials: readonly InsideTrial[]): readonly Step[] {
  if (trials.length === 0) return [];
  const trouble = trials.find((one) => one.trouble)?.trouble;
  if (trouble) return [broken("inside", trouble)];
  const all = trials.map(({ what, at }) => `${what} at ${formatHostPort(at)}`).join(" and ");
  return [{ step: "inside", state: "ok", says: `${all} takes connections and our certificate` }];
}

function policyStep({ gateway, edge, policy }: Config, { domain, profile, limits }: SipPartner): Step {
  const ours = (gateway?.domains ?? edge?.domains ?? []).join(", ");
  const pace = limits.discovered ? ", paced as by discovery" : "";
  const watchers = gateway ? `, unknown watchers: ${policy.unknownWatcher}` : "";
  return {
    step: "policy",
    state: "ok",
    says: `${domain} (${profile}) and ${ours} may meet${watchers}${pace}`,
  };
}

async function outsideSteps(config: Config, edge: EdgeConfig, partner: SipPartner): Promise<readonly Step[]> {
  const steps: Step[] = [ownCertificate(edge)];
  const names = systemNames(edge.dns);
  const found = await findRoute(partner, names);
  if ("trouble" in found) return rest([...steps, broken("dns", found.trouble)]);
  const places = found.places.map(formatHostPort).join(", ");
  steps.push({
    step: "dns",
    state: "ok",
    says: `${partner.route ? "the route leads" : "DNS leads"} to ${places}`,
  });
  const tools: TrialTools = {
    names,
    trust: new TrustStore(edgeTls(config, edge)),
    legacy: edge.legacy?.partners.includes(partner.domain) ?? false,
  };
  const allowed = partner.namesGiven ? partner.names : [...new Set([...partner.names, ...found.names])];
  let last: readonly Step[] = [];
  for (const place of found.places) {
    last = await placeSteps(place, config, edge, partner, allowed, tools);
    if (last.every(({ state }) => state === "ok")) break;
  }
  return rest([...steps, ...last]);
}

async function placeSteps(
  place: Parameters<typeof dialPlace>[0],
  { gateway }: Config,
  edge: EdgeConfig,
  partner: SipPartner,
  names: readonly string[],
  tools: TrialTools,
): Promise<readonly Step[]> {
  const where = formatHostPort(place);
  const tcp: Step = { step: "tcp", state: "ok", says: `${where} takes connections` };
  const dialled = await dialPlace(place, partner, names, tools);
  if (!dialled.ok) {
    const at = FAILED_AT[dialled.why];
    const before: Step[] = at === "tcp" || at === "dns" ? [] : [tcp];
    if (at === "certificate") before.push({ step: "tls", state: "ok", says: `${where} speaks TLS` });
    return [...before, broken(at === "dns" ? "tcp" : at, dialled.trouble)];
  }
  const { socket, peer } = dialled;
  const tls: Step = { step: "tls", state: "ok", says: `${where} speaks ${peer?.protocol ?? "TLS"}` };
  const shown = peer?.names.join(" ") ?? "";
  const certificate: Step = { step: "certificate", state: "ok", says: `it names ${shown} and is trusted` };
  const { host, port } = edge.outside.advertise;
  const ourDomain = (gateway?.domains ?? edge.domains)[0] ?? host;
  const question = { ourDomain, theirDomain: partner.domain, advertise: `${host}:${port}` };
  const answer = await askOptions(socket, question);
  switch (answer.kind) {
    case "answered": {
      const says = `answered ${answer.status} ${answer.reason}`;
      return [tcp, tls, certificate, { step: "options", state: "ok", says }];
    }
    case "hung-up":
      return [tcp, tls, certificate, broken("options", refusal(partner, place))];
    case "silent": {
      const message = `${where} takes our connection and answers no SIP`;
      const cure = "ask the partner to list our domain and edge name, and look into its edge's log";
      return [tcp, tls, certificate, broken("options", { message, cure })];
    }
  }
}

function ownCertificate({ outside }: EdgeConfig): Step {
  const { names, notAfter } = outside.tls;
  const until = new Date(notAfter).toISOString().slice(0, 10);
  return {
    step: "own certificate",
    state: "ok",
    says: `names ${names.join(" ")}, for server and client, until ${until}`,
  };
}

async function linkStep({ gateway }: Config, { domain, link }: SipPartner): Promise<Step> {
  const ours = gateway?.domains[0];
  if (ours === undefined || link === undefined)
    return { step: "xmpp link", state: "skipped", says: "there is no gateway in this file" };
  const trouble = await tryLink(domain, ours, link);
  if (trouble) return broken("xmpp link", trouble);
  return {
    step: "xmpp link",
    state: "ok",
    says: `${formatHostPort(link.server)} takes the component ${domain}`,
  };
}

function broken(step: StepName, { message, cure }: Trouble): Step {
  return { step, state: "broken", says: message, cure };
}

const OUTSIDE: readonly StepName[] = STEPS.slice(1, -2);

/** What comes after a broken step could not be tried. */
function rest(steps: readonly Step[]): readonly Step[] {
  const missing = OUTSIDE.slice(steps.length);
  return [...steps, ...missing.map((step): Step => ({ step, state: "skipped", says: "not tried" }))];
}

function skipped(says: string): readonly Step[] {
  return OUTSIDE.map((step): Step => ({ step, state: "skipped", says }));
}
