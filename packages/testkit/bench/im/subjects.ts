/** What carries the messages between the two ends. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writePki } from "../../src/pki.ts";
import { startServer } from "../../src/real-process.ts";
import { Child } from "../edge/child.ts";
import type { Identity, SipPorts, Transport } from "../ends/sip-end.ts";
import { XMPP_DOMAIN } from "../ends/xmpp-end.ts";
import { startKamailioGateway } from "./kamailio-gateway.ts";

/** `other-tombolo` is the program of another checkout. */
export type Kind = "tombolo" | "other-tombolo" | "kamailio-tls" | "kamailio-tcp" | "echo";

/** The SIP domain of each subject; Tombolo has one that takes sessions and one that takes single messages. */
export const DOMAINS = {
  tombolo: { session: "lync.example", page: "simple.example" },
  "other-tombolo": { session: "other-lync.example", page: "other-simple.example" },
  "kamailio-tls": { session: "", page: "kamailio-tls.example" },
  "kamailio-tcp": { session: "", page: "kamailio-tcp.example" },
  echo: { session: "", page: "echo.example" },
} as const satisfies Record<Kind, { session: string; page: string }>;

/** The name in the partner's certificate, for all its domains. */
export const PARTNER_NAME = "sip.partner.example";
export const SECRET = "bench";

export interface Surroundings {
  /** What every subject shows. */
  readonly own: Identity;
  readonly sip: SipPorts;
  /** Port for components. */
  readonly component: number;
  readonly otherRoot?: string | undefined;
  /** Where Tombolo writes a CPU profile at its end; left out: none. */
  readonly profileDir?: string | undefined;
}

export interface Subject {
  readonly kind: Kind;
  /** 0 where it takes no SIP. */
  readonly port: number;
  readonly transport: Transport;
  readonly pid: number;
  readonly isRunning: boolean;
  /** The last of what it said. */
  output(): string;
  stop(): Promise<void>;
}

const OWN_ROOT = join(import.meta.dirname, "../../../..");
const ECHO = join(OWN_ROOT, "packages/xmpp-edge/bench/echo.ts");

export async function startSubject(kind: Kind, around: Surroundings): Promise<Subject> {
  switch (kind) {
    case "tombolo":
      return startTombolo(kind, OWN_ROOT, around);
    case "other-tombolo":
      return startTombolo(kind, around.otherRoot ?? OWN_ROOT, around);
    case "kamailio-tls":
    case "kamailio-tcp": {
      const transport = kind === "kamailio-tls" ? "tls" : "tcp";
      const component = { port: around.component, domain: DOMAINS[kind].page, secret: SECRET };
      const options = { ...around.own, transport, component, name: PARTNER_NAME } as const;
      const kamailio = await startKamailioGateway({ ...options, sip: around.sip[transport] });
      return Object.assign(kamailio, { kind, transport } as const);
    }
    case "echo": {
      const child = new Child(ECHO);
      await child.ask({ port: around.component, domain: DOMAINS.echo.page, secret: SECRET });
      return {
        kind,
        port: 0,
        transport: "tcp",
        pid: child.pid,
        get isRunning() {
          return child.isRunning;
        },
        output: () => "",
        stop: () => child.stop(),
      };
    }
    default:
      return kind satisfies never;
  }
}

/** The whole program as an administrator would run it: edge and gateway in one process, TLS outside, store on disk. */
async function startTombolo(
  kind: "tombolo" | "other-tombolo",
  root: string,
  around: Surroundings,
): Promise<Subject> {
  const { profileDir, own } = around;
  const profile = profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  const { process: program, ports } = await startServer("tombolo", 2, (dir, [port, admin]) => {
    writePki(dir, { cert: own.ca }, { own: own.credentials });
    const config = join(dir, "tombolo.yaml");
    writeFileSync(config, configuration(kind, around, port!, admin!));
    const main = join(root, "packages/tombolo/src/main.ts");
    const args = ["--disable-warning=ExperimentalWarning", ...profile, main, "run", "-c", config];
    return { program: process.execPath, args, awaited: [port!, admin!] };
  });
  return Object.assign(program, { kind, transport: "tls", port: ports[0]! } as const);
}

function configuration(
  kind: "tombolo" | "other-tombolo",
  { sip, component }: Surroundings,
  port: number,
  admin: number,
): string {
  const { session, page } = DOMAINS[kind];
  const partner = (domain: string, profile: string) =>
    `  - { domain: ${domain}, profile: ${profile}, route: "tls://127.0.0.1:${sip.tls}", names: [${PARTNER_NAME}] }`;
  return `node: bench
edge:
  outside: { listen: "127.0.0.1:${port}", advertise: "sip.${XMPP_DOMAIN}:5061", cert: own.crt, key: own.key, ca: ca.crt }
gateway:
  domains: [${XMPP_DOMAIN}]
  xmpp: { server: "xmpp://127.0.0.1:${component}", secret: ${SECRET} }
partners:
${partner(session, "lync")}
${partner(page, "simple")}
store: { kind: sqlite, path: tombolo.db }
admin: { listen: "127.0.0.1:${admin}" }
log: { level: info }
`;
}
