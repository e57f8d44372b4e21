import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writePki } from "../../src/pki.ts";
import { type RealProcess, startServer } from "../../src/real-process.ts";
import type { Identity } from "./sip-end.ts";
import { XMPP_DOMAIN } from "./xmpp-end.ts";

/** The name in the partner's certificate, for all its domains. */
export const PARTNER_NAME = "sip.partner.example";
/** Of every component. */
export const SECRET = "bench";

export interface TomboloOptions {
  /** The checkout; default this one. */
  readonly root?: string | undefined;
  readonly own: Identity;
  /** TLS port of the SIP side. */
  readonly sip: number;
  /** Port for components. */
  readonly component: number;
  readonly partners: readonly { readonly domain: string; readonly profile: string }[];
  /** File of the store; default one that goes with the process. */
  readonly store?: string | undefined;
  /** Where it writes a CPU profile at its end; left out: none. */
  readonly profileDir?: string | undefined;
}

/** It may have many dialogs to take up again on a busy machine, ms. */
const START_MS = 120_000;
const OWN_ROOT = join(import.meta.dirname, "../../../..");

/** The whole program as an administrator would run it: edge and gateway in one process, TLS outside, store on disk. */
export async function startTombolo(
  options: TomboloOptions,
): Promise<RealProcess & { readonly port: number }> {
  const { profileDir, own, root = OWN_ROOT } = options;
  const flags = profileDir === undefined ? "" : `--cpu-prof --cpu-prof-dir=${resolve(profileDir)}`;
  const { process: program, ports } = await startServer("tombolo", 2, (dir, [port, admin]) => {
    writePki(dir, { cert: own.ca }, { own: own.credentials });
    const config = join(dir, "tombolo.yaml");
    writeFileSync(config, configuration(options, port!, admin!));
    const command = { program: join(root, "scripts/tombolo"), args: ["run", "-c", config] };
    return { ...command, env: { NODE_OPTIONS: flags }, awaited: [port!, admin!], patience: START_MS };
  });
  return Object.assign(program, { port: ports[0]! });
}

function configuration(options: TomboloOptions, port: number, admin: number): string {
  const { sip, component, partners, store = "tombolo.db" } = options;
  const rows = partners.map(
    ({ domain, profile }) =>
      `  - { domain: ${domain}, profile: ${profile}, route: "tls://127.0.0.1:${sip}", names: [${PARTNER_NAME}] }\n`,
  );
  return `node: bench
edge:
  outside: { listen: "127.0.0.1:${port}", advertise: "sip.${XMPP_DOMAIN}:5061", cert: own.crt, key: own.key, ca: ca.crt }
gateway:
  domains: [${XMPP_DOMAIN}]
  xmpp: { server: "xmpp://127.0.0.1:${component}", secret: ${SECRET} }
partners:
${rows.join("")}store: { kind: sqlite, path: ${store} }
admin: { listen: "127.0.0.1:${admin}" }
log: { level: info }
`;
}
