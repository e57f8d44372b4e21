import { performance } from "node:perf_hooks";
import type { SipMessage, VerifiedPeer } from "@tombolo/sip";
import type { Config } from "../config/config.ts";
import { restartNeeded } from "../config/restart-needed.ts";
import type { Status } from "../console/status.ts";
import type { Readiness } from "../http/admin-server.ts";
import type { PartnerRow } from "../http/edge-routes.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { VERSION } from "../version.ts";
import { EdgeRole } from "./edge-role.ts";
import type { GatewayDesk } from "./gateway-desk.ts";
import { type GatewayFace, GatewayRole } from "./gateway-role.ts";
import type { OpenedStore } from "./gateway-store.ts";
import { randomIds } from "./id-source.ts";
import { Observer } from "./observer.ts";
import { PartnerWatch } from "./partner-watch.ts";
import type { ConnectionRow, DecisionRow } from "./recollection.ts";
import { RemoteEdge } from "./remote-edge.ts";
import { sipPartners } from "./settings.ts";

/** Who the gateway's own edge is to it where no partner is behind a message: local answers such as a 504. */
const EDGE_ITSELF: VerifiedPeer = { partner: "", name: "edge" };
/** What an edge without a gateway waits for answers that are under way, ms. */
const EDGE_GRACE_MS = 5_000;
/** The BYEs that end sessions are on their way when the gateway stops: their answers are worth a moment, ms. */
const LAST_ANSWERS_MS = 1_000;

/**
 * The roles of this process. Edge and gateway in one process are joined by function calls; a gateway alone has its
 * edge at the other end of a connection.
 */
export class Federation {
  private config: Config;
  /** What cannot change is as here. */
  private readonly started: Config;
  private readonly log: Log;
  private readonly observer: Observer;
  private readonly edge: EdgeRole | undefined;
  private readonly gateway: GatewayRole | undefined;
  private readonly remoteEdge: RemoteEdge | undefined;

  private readonly partnerWatch = new PartnerWatch((partner, hungUp) => {
    this.gateway?.partnerBack(partner, hungUp);
    this.edge?.partnerBack({ partner, hungUp });
  });

  /** @param opened the gateway's store; undefined on an edge alone. */
  constructor(config: Config, log: Log, metrics: Metrics, opened: OpenedStore | undefined) {
    this.config = config;
    this.started = config;
    this.log = log;
    this.observer = new Observer(metrics, log);
    const { observer } = this;
    const sources = { now: () => performance.now(), ids: randomIds(), random: Math.random };
    const { edge, gateway } = config;
    observer.onEdge = (observation) => this.partnerWatch.note(observation);
    if (edge) {
      const toGateway = (message: SipMessage, verified: VerifiedPeer | undefined) =>
        this.gateway?.fromEdge(message, verified ?? EDGE_ITSELF);
      this.edge = new EdgeRole(config, edge, { ...sources, log, observer, toGateway });
    }
    if (!gateway || !opened) return;
    opened.onMissed = () => this.gateway?.keepAll();
    opened.onTakes = (takes) => this.gateway?.storeTakes(takes);
    if (gateway.remoteEdge) {
      this.remoteEdge = new RemoteEdge(gateway.remoteEdge, {
        ...sources,
        log,
        observe: (observation) => observer.edge(observation),
        onMessage: (message, verified) => this.gateway?.fromEdge(message, verified),
        onPartnerBack: ({ partner, hungUp }) => this.gateway?.partnerBack(partner, hungUp),
        onBack: () => {
          for (const { domain } of sipPartners(this.config)) this.gateway?.partnerBack(domain, false);
        },
      });
    }
    const toEdge = (message: SipMessage) =>
      this.remoteEdge ? this.remoteEdge.send(message) : this.edge?.fromGateway(message);
    this.gateway = new GatewayRole(config, gateway, faceOf(config), {
      ...sources,
      log,
      metrics,
      observer,
      store: opened.store,
      remoteEdge: () => this.remoteEdge?.status,
      toEdge,
    });
  }

  /** Takes up what the last run left, opens the listeners and connects the links. Rejects with a `ListenError`, after closing those that were open. */
  async start(): Promise<void> {
    await this.gateway?.restore();
    await this.edge?.start();
    try {
      await this.remoteEdge?.start();
    } catch (error) {
      await this.edge?.stop(0);
      throw error;
    }
    this.gateway?.start();
  }

  /** Settles when every XMPP link has been tried once. */
  get allTried(): Promise<void> {
    return this.gateway?.allTried ?? Promise.resolve();
  }

  get readiness(): Readiness {
    const roles = [this.edge, this.remoteEdge, this.gateway];
    const waitingFor = roles.flatMap((role) => role?.waitingFor ?? []);
    return { ready: waitingFor.length === 0, waitingFor };
  }

  get status(): Status {
    return {
      node: this.started.node,
      version: VERSION,
      uptimeSeconds: Math.floor(process.uptime()),
      ...this.readiness,
      roles: [...(this.edge ? (["edge"] as const) : []), ...(this.gateway ? (["gateway"] as const) : [])],
      ...(this.remoteEdge && { edge: this.remoteEdge.status }),
      nodes: this.edge?.nodes ?? [],
      partners: sipPartners(this.config).map(({ domain, profile }) => {
        const xmppLink = this.gateway?.link(domain) ?? "none";
        return { domain, profile, xmppLink, ...this.observer.partner(domain) };
      }),
    };
  }

  /** What is configured of each partner, and how it is. */
  get partners(): PartnerRow[] {
    return this.config.partners.map((one) => {
      const { domain, protocol, profile } = one;
      if (one.protocol === "xmpp") return { domain, protocol, profile };
      const { route, names, purpose, tlsMin, limits } = one;
      const unreachable = this.observer.recollection.troubleOf(domain);
      return {
        domain,
        protocol,
        profile,
        route: route ? `${route.host}:${route.port}` : "dns",
        names,
        purpose,
        tlsMin,
        ...limits,
        ...(this.gateway && { xmppLink: this.gateway.link(domain) }),
        ...(this.edge && { connections: this.observer.partner(domain).connections }),
        ...(unreachable && { unreachable }),
      };
    });
  }

  get connections(): readonly ConnectionRow[] {
    return this.observer.recollection.connections;
  }

  /** What was refused lately, newest first. */
  get decisions(): readonly DecisionRow[] {
    return this.observer.recollection.decisions;
  }

  /** Undefined on an edge alone. */
  get desk(): GatewayDesk | undefined {
    return this.gateway?.desk;
  }

  get links(): { readonly domain: string; readonly state: "up" | "down" | "none" }[] {
    if (!this.gateway) return [];
    return sipPartners(this.config).map(({ domain }) => ({ domain, state: this.gateway!.link(domain) }));
  }

  /** Takes over partners' trust, nodes and our certificates; open connections stay where they are still good. */
  reload(config: Config): void {
    const restart = restartNeeded(this.started, config);
    if (restart.length > 0)
      this.log.warn("restart-needed", {
        keys: restart,
        cure: "these keep their old values until the program is restarted",
      });
    this.config = config;
    // The gateway says good-bye to partners that have gone while the edge still knows them.
    if (config.gateway) this.gateway?.reload(config, config.gateway);
    if (config.edge) this.edge?.reload(config, config.edge);
    if (config.gateway?.remoteEdge) this.remoteEdge?.reload(config.gateway.remoteEdge);
  }

  /** Takes nothing new, lets what is accepted reach its end for at most `graceMs`, then closes. */
  async stop(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    this.partnerWatch.stop();
    await this.gateway?.drain(until);
    const grace = this.gateway ? LAST_ANSWERS_MS : EDGE_GRACE_MS;
    const left = Math.max(0, Math.min(grace, until - performance.now()));
    if (this.remoteEdge) await pause(Math.min(left, LAST_ANSWERS_MS));
    await this.edge?.stop(left);
    this.remoteEdge?.stop();
    await this.gateway?.stop();
  }
}

/** What the gateway says of itself: behind an edge in another process its own address, which that edge hides. */
function faceOf({ edge, gateway, node }: Config): GatewayFace {
  if (gateway?.remoteEdge || !edge) {
    const { transport } = gateway?.remoteEdge?.edge ?? { transport: "tls" as const };
    const address = `${node}.gateway.invalid`;
    return {
      contact: `sip:${address};transport=${transport}`,
      transport: transport === "tls" ? "TLS" : "TCP",
      address,
    };
  }
  const { host, port } = edge.outside.advertise;
  const own = edge.nodes.find(({ target }) => target === "local")?.publicPort;
  return { contact: `sip:${host}:${own ?? port};transport=tls`, transport: "TLS", address: host };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
