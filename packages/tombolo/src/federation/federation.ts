import { performance } from "node:perf_hooks";
import { type SipMessage, UserAgent, type VerifiedPeer } from "@tombolo/sip";
import { EdgeDriver } from "@tombolo/sip-edge/io";
import { Translator } from "@tombolo/translator";
import { LinkDriver } from "@tombolo/xmpp-edge/io";
import type { Element } from "ltx";
import type { HostPort } from "../config/addresses.ts";
import type { Config, EdgeConfig, GatewayConfig } from "../config/config.ts";
import type { Status } from "../console/status.ts";
import { Gateway } from "../gateway.ts";
import type { Readiness } from "../http/admin-server.ts";
import { ListenError } from "../listen-error.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { VERSION } from "../version.ts";
import { GatewayDriver } from "./gateway-driver.ts";
import { randomIds } from "./id-source.ts";
import { Observer } from "./observer.ts";
import { edgeSettings, edgeTls, sipPartners, translatorSettings } from "./settings.ts";

/** Who the gateway's own edge is to it where no partner is behind a message: local answers such as a 504. */
const EDGE_ITSELF: VerifiedPeer = { partner: "", name: "edge" };

/** Edge, gateway and component links of one process, joined by function calls. */
export class Federation {
  private readonly log: Log;
  private readonly metrics: Metrics;
  private readonly observer: Observer;
  private readonly edge: EdgeDriver;
  private readonly gateway: GatewayDriver;
  private readonly links = new Map<string, LinkDriver>();
  private readonly untried = new Set<string>();
  private onAllTried: (() => void) | undefined;
  private readonly config: Config;
  private readonly listen: HostPort;
  private isEdgeUp = false;

  constructor(config: Config, edge: EdgeConfig, gateway: GatewayConfig, log: Log, metrics: Metrics) {
    this.log = log;
    this.metrics = metrics;
    this.config = config;
    this.listen = edge.outside.listen;
    this.observer = new Observer(metrics, log);
    const now = () => performance.now();
    const sources = { ids: randomIds(), random: Math.random };
    const { host, port } = edge.outside.advertise;
    const engine = new UserAgent({
      sentBy: `${config.node}.gateway.invalid`,
      transport: "TLS",
      contact: `sip:${host}:${port};transport=tls`,
      userAgent: `Tombolo/${VERSION}`,
      ...sources,
    });
    const translator = new Translator(translatorSettings(config, gateway, host, sources));
    this.gateway = new GatewayDriver(new Gateway(engine, translator), {
      now,
      toEdge: (message) => this.edge.fromNode(message),
      toLink: (partner, stanza, track) => this.toLink(partner, stanza, track),
      observe: (observation) => this.observer.gateway(observation),
    });
    this.edge = new EdgeDriver({
      settings: edgeSettings(config, edge),
      tls: edgeTls(config, edge),
      listen: edge.outside.listen,
      legacyListen: edge.legacy?.listen,
      dnsServers: edge.dns,
      now,
      ...sources,
      onToNode: (message: SipMessage, verified: VerifiedPeer | undefined) =>
        this.gateway.fromEdge(message, verified ?? EDGE_ITSELF),
      onObserve: (observation) => this.observer.edge(observation),
    });
    for (const partner of sipPartners(config)) {
      if (!partner.link) continue;
      this.untried.add(partner.domain);
      this.links.set(partner.domain, this.makeLink(partner.domain, partner.link, gateway, now, sources));
    }
  }

  private makeLink(
    domain: string,
    link: { server: { host: string; port: number }; secret: string },
    gateway: GatewayConfig,
    now: () => number,
    sources: { ids: () => string; random: () => number },
  ): LinkDriver {
    this.metrics.setXmppLink(domain, false);
    return new LinkDriver({
      settings: {
        domain,
        pingTarget: gateway.domains[0]!,
        software: { name: "Tombolo", version: VERSION },
      },
      server: link.server,
      secret: link.secret,
      now,
      ...sources,
      onStanza: (stanza) => this.gateway.feed({ kind: "stanza", partner: domain, stanza }),
      onTaken: (track) => this.gateway.feed({ kind: "taken", track }),
      onLost: (track, why) => this.gateway.feed({ kind: "lost", track, why }),
      onUp: () => {
        this.metrics.setXmppLink(domain, true);
        this.log.info("xmpp-link-up", { domain });
        this.gateway.feed({ kind: "link-up", partner: domain });
        this.tried(domain);
      },
      onDown: ({ reason, tries, retryInMs }) => {
        this.metrics.setXmppLink(domain, false);
        if (retryInMs !== undefined) this.log.warn("xmpp-link-down", { domain, reason, tries, retryInMs });
        this.tried(domain);
      },
    });
  }

  /** Opens the listener and connects the links. Rejects with the listener's own error. */
  async start(): Promise<void> {
    try {
      await this.edge.start();
    } catch (error) {
      throw this.listenError(error as NodeJS.ErrnoException);
    }
    this.isEdgeUp = true;
    this.log.info("listening", { what: "outside", ...this.edge.address });
    const legacy = this.edge.legacyAddress;
    if (legacy) {
      const cure = "ask these partners for TLS 1.2, then take edge.legacy out";
      this.log.warn("legacy-tls-listening", {
        ...legacy,
        partners: this.config.edge?.legacy?.partners,
        cure,
      });
    }
    for (const link of this.links.values()) link.start();
  }

  private listenError(error: NodeJS.ErrnoException & { readonly port?: number }): ListenError {
    const legacy = this.config.edge?.legacy?.listen;
    const isLegacy = legacy !== undefined && error.port === legacy.port && error.port !== this.listen.port;
    return isLegacy
      ? new ListenError("edge.legacy.listen", legacy, error)
      : new ListenError("edge.outside.listen", this.listen, error);
  }

  /** Settles when every XMPP link has been tried once. */
  get allTried(): Promise<void> {
    if (this.untried.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onAllTried = resolve;
    });
  }

  get readiness(): Readiness {
    const waitingFor: string[] = [];
    if (!this.isEdgeUp) waitingFor.push("listener edge.outside");
    for (const [domain, link] of this.links) if (!link.isUp) waitingFor.push(`XMPP link ${domain}`);
    return { ready: waitingFor.length === 0, waitingFor };
  }

  get status(): Status {
    return {
      node: this.config.node,
      version: VERSION,
      uptimeSeconds: Math.floor(process.uptime()),
      ...this.readiness,
      partners: sipPartners(this.config).map(({ domain, profile }) => {
        const link = this.links.get(domain);
        const xmppLink = link === undefined ? "none" : link.isUp ? "up" : "down";
        return { domain, profile, xmppLink, ...this.observer.partner(domain) };
      }),
    };
  }

  /** Takes over partners' trust and our certificate; open connections stay where they are still good. */
  reload(config: Config, edge: EdgeConfig): void {
    this.edge.reload({ settings: edgeSettings(config, edge), tls: edgeTls(config, edge) });
  }

  /** Takes nothing new, lets what is accepted reach its end for at most `graceMs`, then closes. */
  async stop(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    this.gateway.feed({ kind: "drain" });
    while (this.observer.ledger.inFlight > 0 && performance.now() < until) await pause(50);
    // The BYEs that end sessions are on their way: their answers are worth a moment.
    await this.edge.stop(Math.max(0, Math.min(1000, until - performance.now())));
    this.gateway.stop();
    await Promise.all([...this.links.values()].map((link) => link.stop()));
  }

  private toLink(partner: string, stanza: Element, track: string | undefined): void {
    const link = this.links.get(partner);
    if (link) link.send(stanza, track);
    else if (track !== undefined) this.gateway.feed({ kind: "lost", track, why: "no-link" });
  }

  private tried(domain: string): void {
    if (this.untried.delete(domain) && this.untried.size === 0) this.onAllTried?.();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
