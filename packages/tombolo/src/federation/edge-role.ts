import type { SipMessage, VerifiedPeer } from "@tombolo/sip";
import type { PartnerBack } from "@tombolo/sip-edge";
import { EdgeDriver } from "@tombolo/sip-edge/io";
import type { HostPort } from "../config/addresses.ts";
import type { Config, EdgeConfig } from "../config/config.ts";
import type { NodeStatus } from "../console/status.ts";
import { ListenError } from "../listen-error.ts";
import type { Log } from "../log/log.ts";
import type { Observer } from "./observer.ts";
import { edgeSettings, edgeTls } from "./settings.ts";
import type { Sources } from "./sources.ts";

export interface EdgeAround extends Sources {
  readonly log: Log;
  readonly observer: Observer;
  /** A message for the gateway in this process; `verified` is undefined where the edge itself answers. */
  toGateway(message: SipMessage, verified: VerifiedPeer | undefined): void;
}

/** The DMZ role: the edge with its listeners, and the nodes behind it. */
export class EdgeRole {
  private readonly driver: EdgeDriver;
  private readonly log: Log;
  private readonly edge: EdgeConfig;
  private isUp = false;

  constructor(config: Config, edge: EdgeConfig, around: EdgeAround) {
    const { log, observer, now, ids, random } = around;
    this.log = log;
    this.edge = edge;
    observer.expectNodes(edge.nodes.flatMap(({ name, target }) => (target === "local" ? [] : [name])));
    this.driver = new EdgeDriver({
      settings: edgeSettings(config, edge),
      tls: edgeTls(config, edge),
      listen: edge.outside.listen,
      legacyListen: edge.legacy?.listen,
      dnsServers: edge.dns,
      inside: edge.inside && { listen: edge.inside.listen, tls: edge.inside.tls },
      now,
      ids,
      random,
      onToNode: (message, verified) => around.toGateway(message, verified),
      onObserve: (observation, times) => observer.edge(observation, times),
    });
    observer.beforeShown = () => this.driver.tell();
  }

  /** Opens the listeners. Rejects with a `ListenError`. */
  async start(): Promise<void> {
    try {
      await this.driver.start();
    } catch (error) {
      throw this.listenError(error as NodeJS.ErrnoException);
    }
    this.isUp = true;
    this.log.info("listening", { what: "outside", ...this.driver.address });
    if (this.driver.insideAddress)
      this.log.info("listening", { what: "inside", ...this.driver.insideAddress });
    const legacy = this.driver.legacyAddress;
    if (!legacy) return;
    const cure = "ask these partners for TLS 1.2, then take edge.legacy out";
    this.log.warn("legacy-tls-listening", { ...legacy, partners: this.edge.legacy?.partners, cure });
  }

  /** A message of the gateway in this process. */
  fromGateway(message: SipMessage): void {
    this.driver.fromNode(message);
  }

  /** A partner may have lost its memory: for gateways in other processes. */
  partnerBack(back: PartnerBack): void {
    this.driver.partnerBack(back);
  }

  /** What is not up. */
  get waitingFor(): string[] {
    if (!this.isUp) return ["listener edge.outside", ...(this.edge.inside ? ["listener edge.inside"] : [])];
    return this.nodes.filter(({ health }) => health !== "up").map(({ name }) => `node ${name}`);
  }

  get nodes(): NodeStatus[] {
    return this.driver.nodes.map(({ name, health, connections }) => ({ name, health, connections }));
  }

  /** Takes over partners' trust, nodes and our certificates; open connections stay where they are still good. */
  reload(config: Config, edge: EdgeConfig): void {
    const { cert, key, ca } = edge.inside?.tls ?? {};
    const insideTls =
      cert !== undefined && key !== undefined && ca !== undefined ? { cert, key, ca } : undefined;
    this.driver.reload({ settings: edgeSettings(config, edge), tls: edgeTls(config, edge), insideTls });
  }

  async stop(graceMs: number): Promise<void> {
    await this.driver.stop(graceMs);
  }

  /** Node says which port it was. */
  private listenError(error: NodeJS.ErrnoException & { readonly port?: number }): ListenError {
    const { outside, legacy, inside, nodes } = this.edge;
    const places: [string, HostPort][] = [["edge.outside.listen", outside.listen]];
    if (legacy) places.push(["edge.legacy.listen", legacy.listen]);
    if (inside) places.push(["edge.inside.listen", inside.listen]);
    for (const { name, publicPort } of nodes) {
      if (publicPort === undefined) continue;
      places.push([`edge.nodes ${name} publicPort`, { host: outside.listen.host, port: publicPort }]);
    }
    const [key, place] = places.find(([, { port }]) => port === error.port) ?? places[0]!;
    return new ListenError(key, place, error);
  }
}
