import type { Socket } from "node:net";
import type { IdSource, Millis, SipMessage, VerifiedPeer } from "@tombolo/sip";
import {
  type BrokenFrame,
  type CloseReason,
  type ConnectionLimits,
  type ConnectionOwner,
  DEFAULT_CONNECTION_LIMITS,
  type DialTarget,
  type HandshakeOutcome,
  type ListenerLimits,
  type ListenerOwner,
  refuse,
  SipConnection,
  SipListener,
  type TlsCredentials,
  type TlsPeer,
} from "@tombolo/sip/io";
import { Edge } from "../edge.ts";
import type { Direction, EdgeInput, EdgeOutput, NodeView } from "../edge-events.ts";
import { makeLeg } from "../routing/leg.ts";
import { isProbeAnswer, probeRequest } from "../routing/probe.ts";
import { type EdgePartner, type EdgeSettings, LOCAL_NODE } from "../settings.ts";
import { nameOf } from "../trust/judgement.ts";
import { Dialler, type FailedDial } from "./dialler.ts";
import type { DriverObservation } from "./driver-observation.ts";
import { InsideLegs, type InsideOptions } from "./inside-legs.ts";
import { type Locate, Locator } from "./locate.ts";
import { systemNames } from "./name-service.ts";
import { LEARN_EVERY_MS, PartnerBook } from "./partner-book.ts";
import { PeerJudge } from "./peer-judge.ts";
import { PublicPorts } from "./public-ports.ts";
import { type ConnectionView, EDGE_IDLE_MS, type Entry, type PartnerLimits, Roster } from "./roster.ts";
import { connectionObservation, describe, type HandshakeStory, outcomeOf, tellHandshake } from "./telling.ts";
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
export class EdgeDriver implements ListenerOwner, ConnectionOwner {
  private readonly options: EdgeDriverOptions;
  private readonly edge: Edge;
  private readonly listener: SipListener;
  private legacyListener: SipListener | undefined;
  private readonly publicPorts: PublicPorts;
  private readonly inside: InsideLegs;
  private readonly peers: PeerJudge;
  private readonly book: PartnerBook;
  private readonly dialler: Dialler;
  private readonly locator: Locator;
  private readonly entries: Roster;
  private readonly limits: ConnectionLimits;
  private settings: EdgeSettings;
  private ticker: NodeJS.Timeout | undefined;
  /** Set while requests to a paced partner are due before the next tick. */
  private pacer: NodeJS.Timeout | undefined;
  private pacerAt: Millis = Number.POSITIVE_INFINITY;
  private nextId = 1;
  private learnAt = 0;
  private draining = false;
  private stopped = false;
  /** Called at each tick while `stop` waits. */
  private whileStopping: (() => void) | undefined;

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: EdgeDriverOptions) {
    this.options = options;
    this.settings = options.settings;
    this.limits = { ...DEFAULT_CONNECTION_LIMITS, idleMs: EDGE_IDLE_MS, ...options.connectionLimits };
    this.entries = new Roster(options.partnerLimits);
    const { settings, ids, now, random = Math.random, dialMs, listenerLimits: limits } = options;
    this.edge = new Edge({ settings, ids, random });
    const trust = new TrustStore(options.tls);
    this.locator = new Locator({ names: systemNames(options.dnsServers), now, random });
    this.book = new PartnerBook(settings.partners, options.locate ?? this.locator.locate);
    this.peers = new PeerJudge(trust, this.book);
    const onFailed = this.onDialFailed.bind(this);
    this.dialler = new Dialler({ trust, locate: this.book.locate, now, dialMs, onFailed });
    this.listener = new SipListener({ ...options.listen, tls: trust.listening, limits }, this);
    this.publicPorts = new PublicPorts({
      host: options.listen.host,
      limits,
      onAccepted: (socket, peer, node) => this.accept(socket, peer, false, node),
      onHandshakeFailed: (outcome, remote, detail) => this.onHandshakeFailed(outcome, remote, detail),
    });
    this.publicPorts.configure(settings.nodes ?? [], trust.listening);
    this.inside = new InsideLegs(options.inside ?? {}, settings.nodes ?? [], {
      now,
      limits: this.limits,
      dialMs,
      feed: (input) => this.feed(input),
      observe: (observation) => options.onObserve(observation, 1),
    });
    if (options.legacyListen) {
      const tls = trust.legacyListening;
      const old = { ...options.legacyListen, tls, limits, floor: "legacy" } as const;
      this.legacyListener = new SipListener(old, {
        onAccepted: (socket, peer) => this.accept(socket, peer, true),
        onHandshakeFailed: (outcome, remote, detail) => this.onHandshakeFailed(outcome, remote, detail),
      });
    }
  }

  /** Rejects with Node's error where it can't listen. */
  async start(): Promise<void> {
    try {
      await this.listener.start();
      await this.legacyListener?.start();
      await this.publicPorts.start();
      await this.inside.start();
    } catch (error) {
      this.stopListening();
      throw error;
    }
    this.learnAt = this.options.now() + LEARN_EVERY_MS;
    await this.book.learn();
    this.ticker = setInterval(() => this.tick(), this.options.tickMs ?? DEFAULT_TICK_MS);
    this.drain();
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    return this.listener.address;
  }

  get legacyAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.legacyListener?.address;
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
    return this.entries.views;
  }

  /** A request or response of the gateway in this process. */
  fromNode(message: SipMessage, node = this.localNode): void {
    this.feed({ kind: "from-node", node, message });
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
      this.listener.setSecureContext(trust.listening);
      this.legacyListener?.setSecureContext(trust.legacyListening);
      this.peers.trust = trust;
      this.dialler.trust = trust;
      this.publicPorts.setSecureContext(trust.listening);
    }
    if (change.settings) {
      this.settings = change.settings;
      this.feed({ kind: "settings", settings: change.settings });
      this.locator.clear();
      this.book.setPartners(change.settings.partners);
      const ports = this.publicPorts.configure(change.settings.nodes ?? [], this.peers.trust.listening);
      void this.publicPorts.start(ports, (port, detail) =>
        this.options.onObserve({ kind: "listener-failed", port, detail }, 1),
      );
      if (!change.settings.partners.some((partner) => partner.legacy)) {
        this.legacyListener?.stop();
        this.legacyListener = undefined;
      }
    }
    for (const entry of this.entries.values()) this.judgeAgain(entry);
  }

  /** Takes nothing new, lets what is pending end for `graceMs` at most, closes everything. */
  async stop(graceMs: Millis): Promise<void> {
    this.stopListening();
    this.feed({ kind: "stop" });
    await this.wait(graceMs, () => this.edge.unanswered === 0);
    this.stopped = true;
    for (const { connection } of this.entries.values()) connection.close();
    this.inside.close();
    await this.wait(this.limits.lingerMs, () => this.entries.size + this.inside.size === 0);
    for (const { connection } of this.entries.values()) connection.drop("closed-here");
    this.inside.drop();
    clearInterval(this.ticker);
    clearTimeout(this.pacer);
    this.tell();
  }

  private stopListening(): void {
    this.listener.stop();
    this.legacyListener?.stop();
    this.publicPorts.stop();
    this.inside.stopListening();
  }

  onAccepted(socket: Socket, peer: TlsPeer | undefined): void {
    this.accept(socket, peer, false);
  }

  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void {
    this.handshake(outcome, "in", remote, "", detail);
  }

  onMessage(connection: SipConnection, message: SipMessage): void {
    if (isProbeAnswer(message)) return;
    this.feed({ kind: "message", connection: connection.id, message });
  }

  onBroken(connection: SipConnection, { why, status, message }: BrokenFrame): void {
    this.feed({ kind: "broken", connection: connection.id, why, status, message });
    connection.close();
  }

  /** The edge sends nothing more on it, while it may take some seconds to end in order. */
  onClosing({ id }: SipConnection, why: CloseReason, detail: string): void {
    if (this.entries.has(id))
      this.feed({ kind: "closed", connection: id, why: detail === "" ? why : detail });
  }

  onClosed(connection: SipConnection, why: CloseReason, detail: string): void {
    const entry = this.entries.get(connection.id);
    if (!entry) return;
    this.entries.delete(connection.id);
    this.noteConnection(entry, "closed", detail === "" ? why : `${why} ${detail}`);
  }

  /** Asks the hop whether it is there. */
  onSilence(connection: SipConnection): void {
    const entry = this.entries.get(connection.id);
    const { advertise, ourDomains } = this.settings;
    if (!entry) return;
    const from = ourDomains[0] ?? advertise.host;
    connection.send(probeRequest(makeLeg(advertise), from, entry.partner, this.options.ids()));
  }

  /** @param through the node whose public port it came to */
  private accept(socket: Socket, peer: TlsPeer | undefined, legacy: boolean, through?: string): void {
    const remote = socket.remoteAddress ?? "";
    if (!peer || this.stopped) {
      refuse(socket);
      return;
    }
    const verdict = this.peers.judge(peer, legacy);
    if (!verdict.ok) {
      refuse(socket);
      this.handshake(verdict.reason as HandshakeOutcome, "in", remote, "", describe(peer));
      return;
    }
    const partner = verdict.partners[0]!;
    if (this.entries.isFull(partner)) {
      refuse(socket);
      this.handshake("too-many", "in", remote, partner, describe(peer));
      return;
    }
    this.handshake("ok", "in", remote, partner, describe(peer));
    this.open(socket, peer, "in", verdict.partners, verdict.name, legacy, through);
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
    if (pacedAt !== undefined && pacedAt < this.pacerAt) this.pace(pacedAt);
  }

  private pace(at: Millis): void {
    clearTimeout(this.pacer);
    this.pacerAt = at;
    const wake = () => {
      this.pacerAt = Number.POSITIVE_INFINITY;
      this.edge.timeout(this.options.now());
      this.drain();
    };
    this.pacer = setTimeout(wake, Math.max(1, Math.ceil(at - this.options.now())));
    this.pacer.unref();
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
        void this.dial(output.partner);
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
    return this.entries.get(id)?.connection ?? this.inside.connection(id);
  }

  /** A wedged connection would not take what waits. */
  private close(id: string, why: string): void {
    const connection = this.connectionOf(id);
    if (why === "wedged") connection?.drop(why);
    else connection?.close();
  }

  private open(
    socket: Socket,
    peer: TlsPeer,
    direction: Direction,
    partners: readonly string[],
    name: string,
    legacy: boolean,
    through?: string,
  ): void {
    const id = `c${this.nextId++}`;
    const connection = new SipConnection(socket, this, { id, limits: this.limits, now: this.options.now });
    const entry: Entry = { connection, peer, direction, partner: partners[0] ?? "", legacy };
    this.entries.set(id, entry);
    this.noteConnection(entry, "opened", "");
    const { remote } = connection;
    this.feed({ kind: "opened", connection: id, direction, partners, name, remote, through });
  }

  private async dial(domain: string): Promise<void> {
    const partner = this.book.find(domain);
    const result = partner
      ? await this.dialler.dial(partner, () => this.book.find(domain)?.names ?? [])
      : failure("dns", "no partner any more");
    const current = this.book.find(domain);
    if (!partner || !current || !result.ok || !result.peer || this.stopped) {
      if (result.ok) refuse(result.socket);
      const { why, detail } = result.ok ? failure("refused", "stopping") : result;
      this.feed({ kind: "dial-failed", partner: domain, why, detail });
      return;
    }
    const { peer, socket } = result;
    this.makeRoom(domain);
    this.handshake("ok", "out", socket.remoteAddress ?? "", domain, describe(peer));
    this.open(
      socket,
      peer,
      "out",
      this.peers.servedBy(peer, current),
      nameOf(peer, current) ?? "",
      current.legacy === true,
    );
  }

  private makeRoom(partner: string): void {
    for (const { connection } of this.entries.tooMany(partner)) {
      connection.drop("closed-here", "too-many");
      this.onClosed(connection, "closed-here", "too-many");
    }
  }

  private onDialFailed(partner: EdgePartner, target: DialTarget, result: FailedDial): void {
    const outcome = outcomeOf(result);
    if (outcome) this.handshake(outcome, "out", target.address ?? target.host, partner.domain, result.detail);
  }

  private judgeAgain(entry: Entry): void {
    const { connection, peer, direction } = entry;
    // A server's certificate was good without forgiveness, or there would be no connection.
    const verdict = this.peers.judge(peer, entry.legacy);
    if (!verdict.ok) {
      // A certificate that is good, of nobody we federate with any more: the last words still go.
      if (verdict.reason === "unknown-name") connection.close(verdict.reason);
      else connection.drop("closed-here", verdict.reason);
      return;
    }
    const dialled = verdict.partners.includes(entry.partner) ? [entry.partner] : [];
    const partners = [...new Set([...dialled, ...verdict.partners])];
    const { id, remote } = connection;
    this.feed({ kind: "opened", connection: id, direction, partners, name: verdict.name, remote });
  }

  private tick(): void {
    const now = this.options.now();
    this.tell();
    for (const { connection } of this.entries.values()) connection.check(now);
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

  private handshake(
    outcome: HandshakeStory["outcome"],
    direction: Direction,
    remote: string,
    partner: string,
    detail: string,
  ): void {
    tellHandshake({ outcome, direction, remote, partner, detail }, (told) => this.options.onObserve(told, 1));
  }

  private noteConnection(
    { connection, partner, direction, peer: { protocol } }: Entry,
    state: "opened" | "closed",
    why: string,
  ): void {
    const remote = connection.remote.host;
    const story = { state, partner, direction, remote, why, protocol };
    this.options.onObserve(connectionObservation(story), 1);
  }
}

function failure(why: "dns" | "refused", detail: string): FailedDial {
  return { ok: false, why, detail };
}
