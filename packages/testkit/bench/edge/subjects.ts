/** What is measured: proxies that all do, or seem to do, the same job between the load and the sink. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startHaproxy } from "../../src/haproxy.ts";
import { startKamailioProxy } from "../../src/kamailio.ts";
import { type Credentials, writePki } from "../../src/pki.ts";
import { startServer } from "../../src/real-process.ts";
import { Child } from "./child.ts";
import type { SinkPorts } from "./sink.ts";

export type Transport = "tcp" | "tls";
/** `other-edge` is the edge of another checkout. */
export type Kind = "edge" | "other-edge" | "kamailio" | "haproxy" | "mini-proxy";

export interface Surroundings {
  /** What every subject shows on both sides. */
  readonly own: Credentials;
  readonly ca: string;
  readonly allowed: readonly { readonly domain: string; readonly name: string }[];
  readonly sink: SinkPorts;
  /** The checkout of `other-edge`. */
  readonly otherRoot?: string | undefined;
  /** Where the edge writes a CPU profile at its end; left out: none. */
  readonly profileDir?: string | undefined;
}

export interface Subject {
  readonly kind: Kind;
  readonly transport: Transport;
  readonly port: number;
  readonly pid: number;
  readonly isRunning: boolean;
  stop(): Promise<void>;
}

const HERE = import.meta.dirname;
const OWN_ROOT = join(HERE, "../../../..");

export async function startSubject(kind: Kind, transport: Transport, around: Surroundings): Promise<Subject> {
  const target = { port: around.sink[transport], transport };
  const { own, ca, allowed } = around;
  switch (kind) {
    case "edge":
      return launched(kind, transport, await startEdge(OWN_ROOT, transport, around));
    case "other-edge":
      return launched(kind, transport, await startEdge(around.otherRoot ?? OWN_ROOT, transport, around));
    case "mini-proxy":
      return forked(kind, transport, new Child(join(HERE, "mini-proxy.ts")), { ...own, ca, target, allowed });
    case "haproxy": {
      const haproxy = await startHaproxy({ credentials: own, ca, target });
      return launched(kind, transport, haproxy);
    }
    case "kamailio": {
      const options = { credentials: own, ca, domain: "example.com", target, allowed };
      return launched(kind, transport, await startKamailioProxy(options));
    }
    default:
      return kind satisfies never;
  }
}

/** The whole program in its edge role, with one node inside: all gates, dialogs, metrics and health questions on. */
async function startEdge(root: string, transport: Transport, around: Surroundings) {
  const { profileDir } = around;
  const options = profileDir === undefined ? "" : `--cpu-prof --cpu-prof-dir=${resolve(profileDir)}`;
  const { process: program, ports } = await startServer("tombolo", 3, (dir, [port, inside, admin]) => {
    writePki(dir, { cert: around.ca }, { own: around.own });
    const config = join(dir, "edge.yaml");
    writeFileSync(config, edgeConfiguration(transport, around, port!, inside!, admin!));
    const command = { program: join(root, "scripts/tombolo"), args: ["run", "-c", config] };
    return { ...command, env: { NODE_OPTIONS: options }, awaited: [port!] };
  });
  return Object.assign(program, { port: ports[0]! });
}

function edgeConfiguration(
  transport: Transport,
  { sink, allowed }: Surroundings,
  port: number,
  inside: number,
  admin: number,
): string {
  const identity = "cert: own.crt, key: own.key, ca: ca.crt";
  const partners = allowed.map(
    ({ domain, name }) =>
      `  - { domain: ${domain}, profile: lync, route: "tls://127.0.0.1:9", names: [${name}] }\n`,
  );
  const names = transport === "tls" ? ", names: [sip.example.com]" : "";
  return `node: bench
edge:
  outside: { listen: "127.0.0.1:${port}", advertise: "sip.example.com:5061", ${identity} }
  inside: { listen: "${transport}://127.0.0.1:${inside}"${transport === "tls" ? `, ${identity}` : ""} }
  nodes: [{ name: sink, target: "${transport}://127.0.0.1:${sink[transport]}", routing: true${names} }]
  domains: [example.com]
partners:
${partners.join("")}admin: { listen: "127.0.0.1:${admin}" }
log: { level: info }
`;
}

async function forked(kind: Kind, transport: Transport, child: Child, order: object): Promise<Subject> {
  const { port } = await child.ask<{ port: number }>(order);
  return {
    kind,
    transport,
    port,
    pid: child.pid,
    get isRunning() {
      return child.isRunning;
    },
    stop: () => child.stop(),
  };
}

function launched(
  kind: Kind,
  transport: Transport,
  server: { readonly port: number; readonly pid: number; readonly isRunning: boolean; stop(): Promise<void> },
): Subject {
  return {
    kind,
    transport,
    port: server.port,
    pid: server.pid,
    get isRunning() {
      return server.isRunning;
    },
    stop: () => server.stop(),
  };
}
