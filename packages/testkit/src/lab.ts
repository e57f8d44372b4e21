import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type AccessEdge, startAccessEdge } from "./access-edge/access-edge.ts";
import { startEjabberd } from "./ejabberd.ts";
import { endWithUs } from "./end-with-us.ts";
import { freePorts } from "./free-ports.ts";
import { Journal } from "./journal.ts";
import { type Authority, type Credentials, createAuthority, writePki } from "./pki.ts";
import { startProsody } from "./prosody.ts";
import {
  type InsideNode,
  type InsideSide,
  insideSide,
  type SplitLayout,
  splitLayout,
  withNodes,
} from "./split-layout.ts";
import { XmppClient } from "./xmpp-client.ts";
import type { XmppServer, XmppServerOptions } from "./xmpp-server.ts";

/** How long Tombolo may take to say that it is ready, ms: two seconds, on a machine with ten times as much to do more. */
const READY_MS = 45_000;
const STOP_MS = 12_000;

export const XMPP_DOMAIN = "example.com";
export const SIP_DOMAIN = "contoso.example";
export const ALICE = `alice@${XMPP_DOMAIN}`;
/** Of every XMPP user of a lab. */
export const PASSWORD = "wonderland";
export const BOB = `bob@${SIP_DOMAIN}`;

/** One line of Tombolo's log; what it wrote to stderr has the event `stderr` and a `text`. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

/** Another partner with a component of its own. */
export interface ExtraPartner {
  readonly domain: string;
  /** Default lync. */
  readonly profile?: string;
  /** Where its edge takes TLS on 127.0.0.1; default the simulated one's port. */
  readonly port?: number;
  /** Default strict. */
  readonly purpose?: "strict" | "server-auth-as-client";
  /** XMPP users' presence is published at its server; default false. */
  readonly publish?: boolean;
}

export interface LabOptions {
  /** Emptied first. */
  readonly dir: string;
  /** The checkout. */
  readonly root: string;
  /** Told of each part that is up. */
  readonly say?: (text: string) => void;
  readonly partners?: readonly ExtraPartner[];
  /** `split`: edge and gateway in processes of their own, over mutual TLS. Default `one` process. */
  readonly layout?: "one" | "split";
  /** Other SIP nodes behind the edge. */
  readonly nodes?: readonly InsideNode[];
  /** Default Prosody. */
  readonly server?: XmppServerName;
  /** What the XMPP server does besides; by default it neither stores messages nor lets users block others. */
  readonly serverOptions?: Pick<XmppServerOptions, "offline" | "blocking">;
  /** Bare JIDs of further XMPP users; their password is alice's. */
  readonly users?: readonly string[];
}

export type XmppServerName = keyof typeof SERVERS;
const SERVERS = { prosody: startProsody, ejabberd: startEjabberd } as const;
const PRODUCT_NAMES: Record<XmppServerName, string> = { prosody: "Prosody", ejabberd: "ejabberd" };

/** A process of Tombolo. */
export interface LabProcess {
  readonly child: ChildProcess;
  readonly log: Journal<LogLine>;
  readonly config: string;
  readonly adminUrl: string;
}

/** A whole federation on loopback: a real XMPP server, a real Tombolo, a simulated Access Edge. */
export interface Lab {
  readonly edge: AccessEdge;
  readonly alice: XmppClient;
  readonly server: XmppServer;
  /** The root that both sides trust. */
  readonly authority: Authority;
  /** What the Access Edge shows as TLS client and server. */
  readonly partner: Credentials;
  /** Tombolo's SIP port. */
  readonly sipPort: number;
  /** Directory with the configuration, certificates and log. */
  readonly dir: string;
  readonly config: string;
  readonly adminUrl: string;
  readonly tombolo: ChildProcess;
  /** What Tombolo has logged. */
  readonly log: Journal<LogLine>;
  /** Where there is a gateway in another process, or other nodes. */
  readonly inside: InsideSide | undefined;
  /** In the split layout the process of the gateway; `tombolo`, `log`, `config` and `adminUrl` are then the edge's. */
  readonly gateway: LabProcess | undefined;
  stop(): Promise<void>;
}

/** Starts all parts, each when the one before it is up. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { dir, say = () => {}, partners = [], nodes = [] } = options;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const secret = `secret-${Math.random().toString(36).slice(2)}`;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one().catch(() => {});
  };
  try {
    const authority = createAuthority({ name: "Quickstart private CA" });
    const notAfter = new Date(Date.now() + 365 * 86_400_000);
    const ours = authority.issue({ commonName: `sip.${XMPP_DOMAIN}`, dns: [`sip.${XMPP_DOMAIN}`], notAfter });
    const theirs = authority.issue({ commonName: `sip.${SIP_DOMAIN}`, dns: [`sip.${SIP_DOMAIN}`] });
    writePki(join(dir, "pki"), authority, { edge: ours, partner: theirs });
    say("a private CA, a certificate for our edge and one for the partner's");

    const product = options.server ?? "prosody";
    const server = await SERVERS[product]({
      ...options.serverOptions,
      domains: [XMPP_DOMAIN],
      users: [ALICE, ...(options.users ?? [])].map((jid) => ({ jid, password: PASSWORD })),
      components: [SIP_DOMAIN, ...partners.map(({ domain }) => domain)].map((domain) => ({ domain, secret })),
    });
    stops.push(() => server.stop());
    say(
      `${PRODUCT_NAMES[product]} with ${ALICE} (pid ${server.pid}, c2s port ${server.c2sPort}, component port ${server.componentPort})`,
    );

    const [sipPort, adminPort] = (await freePorts(2)) as [number, number];
    const edge = await startAccessEdge({
      domain: SIP_DOMAIN,
      credentials: theirs,
      ca: authority.cert,
      partner: { port: sipPort, servername: `sip.${XMPP_DOMAIN}` },
    });
    stops.push(() => edge.stop());
    say(`a simulated Access Edge for ${SIP_DOMAIN} with ${BOB} (port ${edge.port})`);

    const config = join(dir, "tombolo.yaml");
    const ports = { sipPort, adminPort, partnerPort: edge.port };
    const whole = configuration({ ...ports, server, secret, partners });
    const isSplit = options.layout === "split";
    const inside = isSplit || nodes.length > 0 ? await insideSide(dir, authority) : undefined;
    const split = isSplit ? await splitLayout(whole, inside!, nodes) : undefined;
    writeFileSync(config, split?.edge ?? (inside ? withNodes(whole, inside, nodes) : whole));
    const { child: tombolo, log } = await startTombolo(
      options.root,
      config,
      join(dir, "tombolo.log"),
      (one) => stops.push(one),
    );
    const gateway = split && (await startGateway(options.root, dir, split, (one) => stops.push(one)));
    if (gateway)
      say(`Tombolo's edge (pid ${tombolo.pid}, SIP port ${sipPort}), its gateway (pid ${gateway.child.pid})`);
    else say(`Tombolo, edge and gateway in one process (pid ${tombolo.pid}, SIP port ${sipPort})`);

    const alice = await XmppClient.login({ jid: ALICE, password: PASSWORD, port: server.c2sPort });
    stops.push(() => alice.stop());
    const adminUrl = `http://127.0.0.1:${adminPort}`;
    return {
      edge,
      alice,
      server,
      authority,
      partner: theirs,
      sipPort,
      dir,
      config,
      adminUrl,
      tombolo,
      log,
      inside,
      gateway,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration(values: {
  sipPort: number;
  adminPort: number;
  partnerPort: number;
  server: XmppServer;
  secret: string;
  partners: readonly ExtraPartner[];
}): string {
  const { sipPort, adminPort, partnerPort, server, secret } = values;
  const more = values.partners.map(
    ({
      domain,
      purpose = "strict",
      profile = "lync",
      port = partnerPort,
      publish = false,
    }) => `  - domain: ${domain}
    profile: ${profile}
    route: tls://127.0.0.1:${port}
    names: [sip.${domain}]
    purpose: ${purpose}
    publish: ${publish}
`,
  );
  return `# Written by scripts/quickstart: a federation on loopback.
node: quickstart
edge:
  outside:
    listen: 127.0.0.1:${sipPort}
    advertise: sip.${XMPP_DOMAIN}:${sipPort}
    cert: pki/edge.crt
    key: pki/edge.key
    ca: pki/ca.crt
gateway:
  domains: [${XMPP_DOMAIN}]
  xmpp:
    server: xmpp://127.0.0.1:${server.componentPort}
    secret: ${secret}
partners:
  - domain: ${SIP_DOMAIN}
    profile: lync
    route: tls://127.0.0.1:${partnerPort}
    names: [sip.${SIP_DOMAIN}]
${more.join("")}admin: { listen: "127.0.0.1:${adminPort}" }
store: { kind: sqlite, path: tombolo.db }
log: { level: info }
`;
}

async function startGateway(
  root: string,
  dir: string,
  { gateway, gatewayAdminPort }: SplitLayout,
  onStop: (stop: () => Promise<void>) => void,
): Promise<LabProcess> {
  const config = join(dir, "gateway.yaml");
  writeFileSync(config, gateway);
  const started = await startTombolo(root, config, join(dir, "gateway.log"), onStop);
  return { ...started, config, adminUrl: `http://127.0.0.1:${gatewayAdminPort}` };
}

/** Starts `tombolo run` as a user would and waits for its `ready` line. Its log goes to a file. */
export async function startTombolo(
  root: string,
  config: string,
  logFile: string,
  onStop: (stop: () => Promise<void>) => void,
): Promise<{ child: ChildProcess; log: Journal<LogLine> }> {
  const child = spawn(join(root, "scripts/tombolo"), ["run", "-c", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onStop(() => endProcess(child));
  child.once(
    "exit",
    endWithUs(() => child.kill("SIGKILL")),
  );
  const log = new Journal<LogLine>((line) => JSON.stringify(line));
  const keep = (line: string) => {
    writeFileSync(logFile, `${line}\n`, { flag: "a" });
    log.add(line.startsWith("{") ? (JSON.parse(line) as LogLine) : { event: "stderr", text: line });
  };
  createInterface({ input: child.stderr! }).on("line", keep);
  createInterface({ input: child.stdout! }).on("line", keep);
  child.once("error", (error) => log.end(error.message));
  child.once("close", (code) => log.end(`Tombolo ended with ${code}`));
  await log.waitFor(({ event }) => event === "ready", { what: "Tombolo to be ready", timeoutMs: READY_MS });
  return { child, log };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(late);
}
