/** What is measured: four proxies that all do, or seem to do, the same job between the load and the sink. */
import { join } from "node:path";
import { startHaproxy } from "../../src/haproxy.ts";
import { startKamailioProxy } from "../../src/kamailio.ts";
import type { Credentials } from "../../src/pki.ts";
import { Child } from "./child.ts";
import type { SinkPorts } from "./sink.ts";

export type Transport = "tcp" | "tls";
export type Kind = "edge" | "kamailio" | "haproxy" | "mini-proxy";

export interface Surroundings {
  /** What every subject shows on both sides. */
  readonly own: Credentials;
  readonly ca: string;
  readonly allowed: readonly { readonly domain: string; readonly name: string }[];
  readonly sink: SinkPorts;
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
const EDGE_HOST = join(HERE, "../../../sip-edge/bench/edge-host.ts");

export async function startSubject(kind: Kind, transport: Transport, around: Surroundings): Promise<Subject> {
  const target = { port: around.sink[transport], transport };
  const { own, ca, allowed } = around;
  switch (kind) {
    case "edge": {
      const { profileDir } = around;
      const profile = profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
      return forked(kind, transport, new Child(EDGE_HOST, profile), { ...own, ca, target, allowed });
    }
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
