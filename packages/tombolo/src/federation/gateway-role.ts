import { performance } from "node:perf_hooks";
import { type SipMessage, UserAgent, type VerifiedPeer } from "@tombolo/sip";
import { type Ledger, profileByName, Translator, userFeatures } from "@tombolo/translator";
import { LinkDriver } from "@tombolo/xmpp-edge/io";
import type { Element } from "ltx";
import type { Config, GatewayConfig, XmppLinkConfig } from "../config/config.ts";
import type { EdgeStatus } from "../console/status.ts";
import { Gateway } from "../gateway.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Store } from "../store/store.ts";
import { readClocks } from "../store/wall-clock.ts";
import { VERSION } from "../version.ts";
import { type DeskPolicy, GatewayDesk } from "./gateway-desk.ts";
import { GatewayDriver } from "./gateway-driver.ts";
import { Keeper } from "./keeper.ts";
import type { Observer } from "./observer.ts";
import { sipPartners, translatorSettings } from "./settings.ts";
import type { Sources } from "./sources.ts";

/** How the gateway names itself in SIP. */
export interface GatewayFace {
  /** URI of its Contact. */
  readonly contact: string;
  readonly transport: "TLS" | "TCP";
  /** Host in its session descriptions. */
  readonly address: string;
}

interface OwnLink {
  readonly driver: LinkDriver;
  readonly key: string;
}

export interface GatewayRoleAround extends Sources {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly observer: Observer;
  /** Open, and not loaded yet. */
  readonly store: Store;
  toEdge(message: SipMessage): void;
  /** Undefined where the edge is in this process. */
  remoteEdge(): EdgeStatus | undefined;
}

/** The inside role: user agent and translator, and the component links to the XMPP server. */
export class GatewayRole {
  private readonly around: GatewayRoleAround;
  private readonly gateway: GatewayDriver;
  private readonly links = new Map<string, OwnLink>();
  private config: Config;
  private readonly face: GatewayFace;
  private readonly untried = new Set<string>();
  private onAllTried: (() => void) | undefined;
  private readonly keeper: Keeper;
  private readonly ledger: Ledger;
  /** Where administrators ask and decide. */
  readonly desk: GatewayDesk;

  constructor(config: Config, gateway: GatewayConfig, face: GatewayFace, around: GatewayRoleAround) {
    this.around = around;
    this.config = config;
    this.face = face;
    const { now, ids, random, observer, log, store } = around;
    this.keeper = new Keeper(store, readClocks, (kept, answer) => {
      log.debug("not-kept", { what: kept.what, answer });
      this.gateway.feed({ kind: "not-kept", kept });
    });
    const engine = new UserAgent({
      sentBy: `${config.node}.gateway.invalid`,
      transport: face.transport,
      contact: face.contact,
      userAgent: `Tombolo/${VERSION}`,
      ids,
      random,
    });
    const translator = new Translator(translatorSettings(config, gateway, face.address, { ids, random }));
    this.gateway = new GatewayDriver(new Gateway(engine, translator), {
      now,
      toEdge: (message) => around.toEdge(message),
      toLink: (partner, stanza, track) => this.toLink(partner, stanza, track),
      keep: (kept, snapshot) => this.keeper.keep(kept, snapshot),
      observe: (observation) => observer.gateway(observation),
    });
    this.ledger = translator.ledger;
    observer.books.watch(translator, () => this.policy.partners);
    this.desk = new GatewayDesk({
      translator,
      store,
      now,
      policy: () => this.policy,
      feed: (input) => this.gateway.feed(input),
      link: (domain) => this.link(domain),
      connections: (domain) => observer.partner(domain).connections,
      remoteEdge: () => around.remoteEdge(),
    });
    for (const { domain, link } of sipPartners(config)) {
      if (!link) continue;
      this.untried.add(domain);
      this.addLink(domain, link, gateway);
    }
  }

  private get policy(): DeskPolicy {
    const { config } = this;
    return {
      domains: config.gateway?.domains ?? [],
      partners: sipPartners(config).map(({ domain }) => domain),
      unknownWatcher: config.policy.unknownWatcher,
    };
  }

  /**
   * Takes over partners, policy and tables. A new partner gets its link, one that has gone is parted from politely, and a
   * link whose server or secret has changed is made anew.
   */
  reload(config: Config, gateway: GatewayConfig): void {
    this.config = config;
    const { ids, random } = this.around;
    const settings = translatorSettings(config, gateway, this.face.address, { ids, random });
    this.gateway.feed({ kind: "settings", settings });
    const wanted = new Map(sipPartners(config).map(({ domain, link }) => [domain, link]));
    for (const [domain, own] of this.links) {
      if (own.key !== linkKey(wanted.get(domain), gateway)) this.removeLink(domain, own.driver);
    }
    for (const [domain, link] of wanted)
      if (link && !this.links.has(domain)) this.addLink(domain, link, gateway).start();
  }

  /** Takes up what the last run left. Before anything reaches this role; rejects with a `StoreError`. */
  async restore(): Promise<void> {
    const records = await this.keeper.restore((input) => this.gateway.feed(input));
    if (records > 0) this.around.log.info("state-restored", { records });
  }

  start(): void {
    this.gateway.feed({ kind: "recover" });
    for (const { driver } of this.links.values()) driver.start();
  }

  /** Settles when every link has been tried once. */
  get allTried(): Promise<void> {
    if (this.untried.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onAllTried = resolve;
    });
  }

  get waitingFor(): string[] {
    const { trouble } = this.around.store;
    const links = [...this.links].flatMap(([domain, { driver }]) =>
      driver.isUp ? [] : [`XMPP link ${domain}`],
    );
    return trouble ? [...links, trouble.message] : links;
  }

  /** How the link of a partner is. */
  link(domain: string): "up" | "down" | "none" {
    const link = this.links.get(domain);
    return link === undefined ? "none" : link.driver.isUp ? "up" : "down";
  }

  /** The partner can be reached again, or its connections were lost. @param hungUp it only closed them in order. */
  partnerBack(partner: string, hungUp: boolean): void {
    this.gateway.feed({ kind: "partner-back", partner, hungUp });
  }

  /** The store works again and has missed something. */
  keepAll(): void {
    this.gateway.feed({ kind: "keep-all" });
  }

  /** Whether texts that are accepted from now on can be kept. */
  storeTakes(takes: boolean): void {
    this.gateway.feed({ kind: "store", takes });
  }

  fromEdge(message: SipMessage, verified: VerifiedPeer): void {
    this.gateway.fromEdge(message, verified);
  }

  /** Takes nothing new, and waits until what is accepted has reached its end, at most to `until` (monotonic ms). */
  async drain(until: number): Promise<void> {
    this.gateway.feed({ kind: "drain" });
    while (this.ledger.inFlight + this.ledger.owing > 0 && performance.now() < until) await pause(50);
  }

  async stop(): Promise<void> {
    this.gateway.stop();
    await Promise.all([...this.links.values()].map(({ driver }) => driver.stop()));
    await this.around.store.close().catch((error: unknown) => {
      this.around.log.error("store-not-closed", { why: String(error) });
    });
  }

  private addLink(domain: string, link: XmppLinkConfig, gateway: GatewayConfig): LinkDriver {
    const driver = this.makeLink(domain, link, gateway.domains[0]!);
    this.links.set(domain, { driver, key: linkKey(link, gateway) });
    return driver;
  }

  /** What was said on it last still leaves. */
  private removeLink(domain: string, driver: LinkDriver): void {
    this.links.delete(domain);
    this.tried(domain);
    this.gateway.feed({ kind: "link-down", partner: domain });
    void driver.stop().catch((error: unknown) => {
      this.around.log.warn("xmpp-link-not-closed", { domain, why: String(error) });
    });
  }

  private makeLink(domain: string, { server, secret }: XmppLinkConfig, pingTarget: string): LinkDriver {
    const { metrics, log, now, ids, random } = this.around;
    metrics.setXmppLink(domain, false);
    const partner = sipPartners(this.config).find((one) => one.domain === domain);
    const users = userFeatures(profileByName(partner?.profile ?? "simple"));
    const driver = new LinkDriver({
      settings: { domain, pingTarget, software: { name: "Tombolo", version: VERSION }, users },
      server,
      secret,
      now,
      ids,
      random,
      onStanza: (stanza) => this.gateway.feed({ kind: "stanza", partner: domain, stanza }),
      onTaken: (track) => this.gateway.feed({ kind: "taken", track }),
      onLost: (track, why) => this.gateway.feed({ kind: "lost", track, why }),
      onUp: () => {
        metrics.setXmppLink(domain, true);
        log.info("xmpp-link-up", { domain });
        this.gateway.feed({ kind: "link-up", partner: domain });
        this.tried(domain);
      },
      onDown: ({ reason, tries, retryInMs }) => {
        // Nobody asks any more for one that was taken away.
        if (this.links.get(domain)?.driver !== driver) return;
        metrics.setXmppLink(domain, false);
        this.gateway.feed({ kind: "link-down", partner: domain });
        if (retryInMs !== undefined)
          log.warn("xmpp-link-down", { domain, reason, tries, retryInMs: Math.round(retryInMs) });
        this.tried(domain);
      },
    });
    return driver;
  }

  private toLink(partner: string, stanza: Element, track: string | undefined): void {
    const link = this.links.get(partner);
    if (link) link.driver.send(stanza, track);
    else if (track !== undefined) this.gateway.feed({ kind: "lost", track, why: "no-link" });
  }

  private tried(domain: string): void {
    if (this.untried.delete(domain) && this.untried.size === 0) this.onAllTried?.();
  }
}

/** The same for links that need not be made anew. */
function linkKey(link: XmppLinkConfig | undefined, { domains }: GatewayConfig): string {
  return JSON.stringify([link?.server, link?.secret, domains[0]]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
