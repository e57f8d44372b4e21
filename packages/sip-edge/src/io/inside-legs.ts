import { isIP, type Socket } from "node:net";
import type { Millis, SipMessage } from "@tombolo/sip";
import {
  type BrokenFrame,
  type CloseReason,
  type ConnectionLimits,
  type ConnectionOwner,
  Connector,
  type DialResult,
  type HandshakeOutcome,
  type ListenerLimits,
  type ListenerOwner,
  refuse,
  SipConnection,
  SipListener,
  type TlsCredentials,
  type TlsPeer,
} from "@tombolo/sip/io";
import type { Direction, EdgeInput } from "../edge-events.ts";
import type { EdgeNode, InsideFace } from "../settings.ts";
import { cureForInside } from "../trust/inside-cures.ts";
import type { DriverObservation } from "./driver-observation.ts";
import { describe, outcomeOf } from "./telling.ts";

/** Connections of inside nodes at once; more are closed. */
export const MAX_INSIDE_CONNECTIONS = 256;
/** From the connection to its first byte, and then to the end of the handshake, ms. */
export const INSIDE_HANDSHAKE_MS: Millis = 10_000;

/** Nodes are few and known: all of their connections may be in the handshake at once, from one address too. */
const INSIDE_LISTENER_LIMITS: ListenerLimits = {
  maxPending: MAX_INSIDE_CONNECTIONS,
  maxPendingPerAddress: MAX_INSIDE_CONNECTIONS,
  maxConnections: MAX_INSIDE_CONNECTIONS,
  handshakeMs: INSIDE_HANDSHAKE_MS,
};

/** The side of the edge that faces other SIP nodes. */
export interface InsideOptions {
  /** Left out: nodes are only connected to. */
  readonly listen?: InsideFace | undefined;
  /** Our certificate there and the roots of nodes; left out where everything is TCP. */
  readonly tls?: TlsCredentials | undefined;
}

export interface InsideAround {
  readonly now: () => Millis;
  readonly limits: ConnectionLimits;
  /** Limit of one dial, ms. */
  readonly dialMs?: number | undefined;
  feed(input: EdgeInput): void;
  observe(observation: DriverObservation): void;
}

interface Entry {
  readonly connection: SipConnection;
  readonly node: string;
  readonly direction: Direction;
  readonly protocol: string;
}

/** Connections to and from inside nodes. Each belongs to one node from its beginning to its end. */
export class InsideLegs implements ListenerOwner, ConnectionOwner {
  private readonly around: InsideAround;
  private readonly listener: SipListener | undefined;
  private readonly connector: Connector | undefined;
  private readonly tcpConnector: Connector;
  private readonly entries = new Map<string, Entry>();
  private readonly limits: ConnectionLimits;
  private nodes: readonly EdgeNode[];
  private nextId = 1;
  private stopped = false;

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: InsideOptions, nodes: readonly EdgeNode[], around: InsideAround) {
    const { listen, tls } = options;
    this.around = around;
    this.nodes = nodes;
    // The edge itself asks nodes whether they are there.
    this.limits = { ...around.limits, silenceMs: 0, idleMs: 0 };
    this.connector = tls && new Connector(tls, around.dialMs);
    this.tcpConnector = new Connector(tls ?? NO_TLS, around.dialMs);
    this.listener =
      listen &&
      new SipListener(
        {
          host: listen.host,
          port: listen.port,
          tls: listen.transport === "tls" ? tls : undefined,
          limits: INSIDE_LISTENER_LIMITS,
          takesPlain: nodes.some(({ target }) => target !== "local" && target.transport === "tcp"),
        },
        this,
      );
  }

  /** Rejects with Node's error where it can't listen. */
  async start(): Promise<void> {
    await this.listener?.start();
  }

  /** Where it listens, once started; undefined where it does not. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.listener?.address;
  }

  connection(id: string): SipConnection | undefined {
    return this.entries.get(id)?.connection;
  }

  get size(): number {
    return this.entries.size;
  }

  /** New nodes and key material, for connections from now on; those of nodes that are gone the edge closes. */
  reload(nodes: readonly EdgeNode[], tls: TlsCredentials | undefined): void {
    this.nodes = nodes;
    if (!tls) return;
    this.connector?.setSecureContext(tls);
    this.listener?.setSecureContext(tls);
  }

  /** Lets time limits act. */
  check(now: Millis): void {
    for (const { connection } of this.entries.values()) connection.check(now);
  }

  stopListening(): void {
    this.listener?.stop();
  }

  close(): void {
    this.stopped = true;
    for (const { connection } of this.entries.values()) connection.close();
  }

  drop(): void {
    for (const { connection } of this.entries.values()) connection.drop("closed-here");
  }

  async dial(name: string): Promise<void> {
    const node = this.nodes.find((one) => one.name === name);
    const result = await this.reach(node);
    if (!result.ok || this.stopped) {
      if (result.ok) refuse(result.socket);
      else this.tellFailure(node, result);
      const { why, detail } = result.ok ? { why: "refused" as const, detail: "stopping" } : result;
      this.around.feed({ kind: "node-dial-failed", node: name, why, detail });
      return;
    }
    const { socket, peer } = result;
    if (peer) this.tell("ok", "out", socket.remoteAddress ?? "", name, describe(peer));
    this.open(socket, peer, "out", name);
  }

  onAccepted(socket: Socket, peer: TlsPeer | undefined): void {
    const remote = plainAddress(socket.remoteAddress ?? "");
    const verdict = peer ? nodeOfCertificate(peer, this.nodes) : nodeOfAddress(remote, this.nodes);
    if (this.stopped || typeof verdict === "string") {
      refuse(socket);
      const reason = typeof verdict === "string" ? verdict : "closed";
      if (!this.stopped)
        this.tell(reason as HandshakeOutcome, "in", remote, "", peer ? describe(peer) : remote);
      return;
    }
    if (peer) this.tell("ok", "in", remote, verdict.name, describe(peer));
    this.open(socket, peer, "in", verdict.name);
  }

  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void {
    this.tell(outcome, "in", remote, "", detail);
  }

  onMessage(connection: SipConnection, message: SipMessage): void {
    this.around.feed({ kind: "message", connection: connection.id, message });
  }

  onBroken(connection: SipConnection, { why, status, message }: BrokenFrame): void {
    this.around.feed({ kind: "broken", connection: connection.id, why, status, message });
    connection.close();
  }

  onClosed(connection: SipConnection, why: CloseReason, detail: string): void {
    const entry = this.entries.get(connection.id);
    if (!entry) return;
    this.entries.delete(connection.id);
    this.note(entry, "closed", detail === "" ? why : `${why} ${detail}`);
    this.around.feed({ kind: "closed", connection: connection.id, why: detail === "" ? why : detail });
  }

  private reach(node: EdgeNode | undefined): Promise<DialResult> {
    if (!node || node.target === "local") return failed("dns", "no such node");
    const { target, names = [] } = node;
    if (target.transport === "tcp") return this.tcpConnector.dial(target, []);
    if (!this.connector) return failed("tls", "no certificate for the inside");
    return this.connector.dial(target, names, { addressNames: true });
  }

  private open(socket: Socket, peer: TlsPeer | undefined, direction: Direction, node: string): void {
    const id = `n${this.nextId++}`;
    const connection = new SipConnection(socket, this, { id, limits: this.limits, now: this.around.now });
    const entry: Entry = { connection, node, direction, protocol: peer?.protocol ?? "TCP" };
    this.entries.set(id, entry);
    this.note(entry, "opened", "");
    const { remote } = connection;
    this.around.feed({ kind: "node-opened", connection: id, direction, node, remote });
  }

  private tellFailure(node: EdgeNode | undefined, result: Extract<DialResult, { ok: false }>): void {
    const outcome = outcomeOf(result);
    if (!outcome || !node || node.target === "local") return;
    this.tell(outcome, "out", node.target.host, node.name, result.detail);
  }

  private tell(
    outcome: HandshakeOutcome | "name-mismatch",
    direction: Direction,
    remote: string,
    partner: string,
    detail: string,
  ): void {
    const cure = cureForInside(outcome);
    this.around.observe({
      kind: "handshake",
      side: "inside",
      direction,
      outcome,
      remote,
      partner,
      detail,
      cure,
    });
  }

  private note({ connection, node, direction, protocol }: Entry, state: "opened" | "closed", why: string) {
    const remote = connection.remote.host;
    const story = { state, partner: node, direction, remote, why, protocol, legacy: false };
    this.around.observe({ kind: "connection", side: "inside", ...story });
  }
}

/** The node that a certificate names, or the reason why there is none. */
export function nodeOfCertificate(peer: TlsPeer, nodes: readonly EdgeNode[]): EdgeNode | string {
  if (peer.problem !== undefined) return peer.problem;
  for (const node of nodes) if (node.names?.some((name) => isNamed(peer, name))) return node;
  return "unknown-name";
}

/** Whether a certificate has this name among its own; addresses count on the inside, where hosts often have no name. */
export function isNamed(peer: TlsPeer, name: string): boolean {
  if (isIP(name) !== 0) return peer.certificate?.checkIP(name) !== undefined;
  return peer.names.includes(name);
}

function nodeOfAddress(address: string, nodes: readonly EdgeNode[]): EdgeNode | string {
  for (const node of nodes) if (node.from?.some((from) => isFrom(address, from))) return node;
  return "unknown-address";
}

/** Whether a TCP connection comes from there. A name stands for this machine only: others are given by address. */
export function isFrom(address: string, from: string): boolean {
  return from === "localhost" ? address === "127.0.0.1" || address === "::1" : address === from;
}

/** IPv4 as such, also on a dual-stack socket. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function failed(why: "dns" | "tls", detail: string): Promise<DialResult> {
  return Promise.resolve({ ok: false, why, detail });
}

/** A connector for TCP alone never looks at it. */
const NO_TLS: TlsCredentials = { cert: "", key: "", ca: "" };
