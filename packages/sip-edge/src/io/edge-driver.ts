import type { IdSource, Millis, SipMessage, VerifiedPeer } from "@tombolo/sip";
import {
  type ConnectionLimits,
  DEFAULT_CONNECTION_LIMITS,
  type ListenerLimits,
  type SipConnection,
  type TlsCredentials,
} from "@tombolo/sip/io";
import { Edge } from "../edge.ts";
import type { EdgeInput, EdgeOutput, NodeView } from "../edge-events.ts";
import type { PartnerBack } from "../routing/partner-back.ts";
import { type EdgeSettings, LOCAL_NODE } from "../settings.ts";
import type { DriverObservation } from "./driver-observation.ts";
import { InsideLegs, type InsideOptions } from "./inside-legs.ts";
import { type Locate, Locator } from "./locate.ts";
import { systemNames } from "./name-service.ts";
import { OutsideListeners } from "./outside-listeners.ts";
import { LEARN_EVERY_MS, PartnerBook } from "./partner-book.ts";
import { PartnerLegs } from "./partner-legs.ts";
import { Pulse } from "./pulse.ts";
import { type ConnectionView, EDGE_IDLE_MS, type PartnerLimits } from "./roster.ts";
import { type EdgeTls, TrustStore } from "./trust-store.ts";

export interface EdgeDriverOptions {
  readonly settings: EdgeSettings;
  readonly tls: EdgeTls;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where partners whose `legacy` is set may connect with old versions of TLS; left out: nowhere. */
  readonly legacyListen?: { readonly host: string; readonly port: number } | undefined;
  /** Left out where the gateway in this process is the only node. */
  readonly inside?: InsideOptions | undefined;
  /** Monotonic ms. */
  readonly now: () => Millis;
  readonly ids: IdSource;
  /** [0, 1); default Math.random. */
  readonly random?: (() => number) | undefined;
  /** A message for the gateway; `verified` is undefined where the edge itself answers. */
  readonly onToNode: (message: SipMessage, verified: VerifiedPeer | undefined, node: string) => void;
  /** @param times more than once only for what each message may show: it is told at each tick, and by `tell` */
  readonly onObserve: (observation: DriverObservation, times: number) => void;
  /** Default: by the system's names and DNS. */
  readonly locate?: Locate | undefined;
  /** DNS servers to ask for everything; default: the system's way. */
  readonly dnsServers?: readonly string[] | undefined;
  readonly connectionLimits?: Partial<ConnectionLimits> | undefined;
  readonly listenerLimits?: ListenerLimits | undefined;
  readonly partnerLimits?: Partial<PartnerLimits> | undefined;
  /** Limit of one dial, ms. */
  readonly dialMs?: number | undefined;
  /** How often time limits are looked at, ms. */
  readonly tickMs?: number | undefined;
}

/** How precisely time limits of connections and transactions are kept, ms. */
export const DEFAULT_TICK_MS = 1_000;

/** Joins the edge with its sockets, its clock and the gateway in this process. */
export class EdgeDriver {
  private readonly options: EdgeDriverOptions;
  private readonly edge: Edge;
  private readonly listeners: OutsideListeners;
  private readonly inside: InsideLegs;
  private readonly partners: PartnerLegs;
  private readonly book: PartnerBook;
  private readonly locator: Locator;
  private readonly limits: ConnectionLimits;
  private settings: EdgeSettings;
  private readonly pulse: Pulse;
  private learnAt = 0;
  private draining = false;
  /** Called at each tick while `stop` waits. */
  private whileStopping: (() => void) | undefined;

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: EdgeDriverOptions) {
    this.options = options;
    this.settings = options.settings;
    this.limits = { ...DEFAULT_CONNECTION_LIMITS, idleMs: EDGE_IDLE_MS, ...options.connectionLimits };
    const { settings, ids, now, random = Math.random, dialMs, listenerLimits: limits } = options;
    this.edge = new Edge({ settings, ids, random });
    const trust = new TrustStore(options.tls);
    this.locator = new Locator({ names: systemNames(options.dnsServers), now, random });
    this.book = new PartnerBook(settings.partners, options.locate ?? this.locator.locate);
    const around = {
      now,
      limits: this.limits,
      dialMs,
      feed: (input: EdgeInput) => this.feed(input),
      observe: (observation: DriverObservation) => options.onObserve(observation, 1),
    };
    const { partnerLimits, listen, legacyListen } = options;
    this.partners = new PartnerLegs(settings, trust, this.book, { ...around, ids, partnerLimits });
    const onAccepted = this.partners.accept.bind(this.partners);
    const onHandshakeFailed = this.partners.onHandshakeFailed.bind(this.partners);
    const listening = { listen, legacyListen, limits, onAccepted, onHandshakeFailed };
    this.listeners = new OutsideListeners(listening, trust, settings.nodes ?? []);
    this.inside = new InsideLegs(options.inside ?? {}, settings.nodes ?? [], around);
    this.pulse = new Pulse({
      now,
      tickMs: options.tickMs ?? DEFAULT_TICK_MS,
      onTick: () => this.tick(),
      onDue: () => this.due(),
    });
  }

  /** Rejects with Node's error where it can't listen. */
  async start(): Promise<void> {
    try {
      await this.listeners.start();
      await this.inside.start();
    } catch (error) {
      this.stopListening();
      throw error;
    }
    this.learnAt = this.options.now() + LEARN_EVERY_MS;
    await this.book.learn();
    this.pulse.start();
    this.drain();
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    return this.listeners.address;
  }

  get legacyAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.listeners.legacyAddress;
  }

  /** Where nodes connect to, once started; undefined where they do not. */
  get insideAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.inside.address;
  }

  /** The nodes, as configured, and how they are. */
  get nodes(): NodeView[] {
    return this.edge.nodes;
  }

  get connections(): ConnectionView[] {
    return this.partners.views;
  }

  /** A request or response of the gateway in this process. */
  fromNode(message: SipMessage, node = this.localNode): void {
    this.feed({ kind: "from-node", node, message });
  }

  /** Tells gateways in other processes that a partner may have lost its memory. */
  partnerBack(back: PartnerBack): void {
    this.feed({ kind: "partner-back", ...back });
  }

  /** Tells what was counted up to now: for who is just going to show it. */
  tell(): void {
    this.edge.tell(this.options.onObserve);
  }

  private get localNode(): string {
    const { nodes = [] } = this.settings;
    return nodes.find(({ target }) => target === "local")?.name ?? LOCAL_NODE.name;
  }

  /**
   * New settings, and new key material for connections from now on. Open ones stay where their certificate is still
   * trusted and may still speak for a partner. Throws, with nothing changed, where the key material can't be used.
   */
  reload(change: {
    readonly settings?: EdgeSettings;
    readonly tls?: EdgeTls;
    /** Key material of the inside. */
    readonly insideTls?: TlsCredentials | undefined;
  }): void {
    this.inside.reload((change.settings ?? this.settings).nodes ?? [], change.insideTls);
    if (change.tls) {
      const trust = new TrustStore(change.tls);
      this.listeners.setTrust(trust);
      this.partners.trust = trust;
    }
    if (change.settings) {
      this.settings = change.settings;
      this.partners.settings = change.settings;
      this.feed({ kind: "settings", settings: change.settings });
      this.locator.clear();
      this.book.setPartners(change.settings.partners);
      this.listeners.configure(change.settings.nodes ?? [], this.partners.trust, (port, detail) =>
        this.options.onObserve({ kind: "listener-failed", port, detail }, 1),
      );
      if (!change.settings.partners.some((partner) => partner.legacy)) this.listeners.stopLegacy();
    }
    this.partners.judgeAgain();
  }

  /** Takes nothing new, lets what is pending end for `graceMs` at most, closes everything. */
  async stop(graceMs: Millis): Promise<void> {
    this.stopListening();
    this.feed({ kind: "stop" });
    await this.wait(graceMs, () => this.edge.unanswered === 0);
    this.partners.close();
    this.inside.close();
    await this.wait(this.limits.lingerMs, () => this.partners.size + this.inside.size === 0);
    this.partners.drop();
    this.inside.drop();
    this.pulse.stop();
    this.tell();
  }

  private stopListening(): void {
    this.listeners.stop();
    this.inside.stopListening();
  }

  private feed(input: EdgeInput): void {
    this.edge.handle(input, this.options.now());
    this.drain();
  }

  /** Carries out what the edge wants. The gateway may answer at once: its answer joins the queue. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    try {
      for (let output = this.edge.poll(); output !== undefined; output = this.edge.poll())
        this.carryOut(output);
    } finally {
      this.draining = false;
    }
    const { pacedAt } = this.edge;
    if (pacedAt !== undefined) this.pulse.wakeAt(pacedAt);
  }

  /** Requests to a paced partner are due. */
  private due(): void {
    this.edge.timeout(this.options.now());
    this.drain();
  }

  private carryOut(output: EdgeOutput): void {
    switch (output.kind) {
      case "send":
        this.connectionOf(output.connection)?.send(output.message);
        break;
      case "to-node":
        this.options.onToNode(output.message, output.verified, output.node);
        break;
      case "observe":
        this.options.onObserve(output.observation, 1);
        break;
      case "dial":
        void this.partners.dial(output.partner);
        break;
      case "dial-node":
        void this.inside.dial(output.node);
        break;
      case "close":
        this.close(output.connection, output.why);
        break;
      default:
        output satisfies never;
    }
  }

  private connectionOf(id: string): SipConnection | undefined {
    return this.partners.connection(id) ?? this.inside.connection(id);
  }

  /** A wedged connection would not take what waits. */
  private close(id: string, why: string): void {
    const connection = this.connectionOf(id);
    if (why === "wedged") connection?.drop(why);
    else connection?.close();
  }

  private tick(): void {
    const now = this.options.now();
    this.tell();
    this.partners.check(now);
    this.inside.check(now);
    const deadline = this.edge.nextDeadline();
    if (deadline && deadline.at <= now) {
      this.edge.timeout(now);
      this.drain();
    }
    if (now >= this.learnAt) {
      this.learnAt = now + LEARN_EVERY_MS;
      void this.book.learn();
    }
    this.whileStopping?.();
  }

  /** Until it is so, or `limitMs` are over. */
  private wait(limitMs: Millis, isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    const until = this.options.now() + limitMs;
    return new Promise((resolve) => {
      this.whileStopping = () => {
        if (!isSo() && this.options.now() < until) return;
        this.whileStopping = undefined;
        resolve();
      };
    });
  }
}
