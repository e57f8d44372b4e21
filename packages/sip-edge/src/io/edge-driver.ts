import type { Socket } from "node:net";
import type { IdSource, Millis, SipMessage, VerifiedPeer } from "@tombolo/sip";
import {
  type BrokenFrame,
  type CloseReason,
  type ConnectionLimits,
  type ConnectionOwner,
  Connector,
  DEFAULT_CONNECTION_LIMITS,
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
import { Edge } from "../edge.ts";
import type { Direction, EdgeInput, EdgeOutput } from "../edge-events.ts";
import type { EdgePartner, EdgeSettings } from "../settings.ts";
import { cureFor } from "../trust/cures.ts";
import { judgeClient, nameOf } from "../trust/judgement.ts";
import type { DriverObservation } from "./driver-observation.ts";
import { type Locate, locatePartner } from "./locate.ts";

export interface EdgeDriverOptions {
  readonly settings: EdgeSettings;
  readonly tls: TlsCredentials;
  readonly listen: { readonly host: string; readonly port: number };
  /** Monotonic ms. */
  readonly now: () => Millis;
  readonly ids: IdSource;
  /** [0, 1); default Math.random. */
  readonly random?: (() => number) | undefined;
  /** A message for the gateway; `verified` is undefined where the edge itself answers. */
  readonly onToNode: (message: SipMessage, verified: VerifiedPeer | undefined, node: string) => void;
  readonly onObserve: (observation: DriverObservation) => void;
  readonly locate?: Locate | undefined;
  readonly connectionLimits?: Partial<ConnectionLimits> | undefined;
  readonly listenerLimits?: ListenerLimits | undefined;
  /** Limit of one dial, ms. */
  readonly dialMs?: number | undefined;
  /** How often time limits are looked at, ms. */
  readonly tickMs?: number | undefined;
}

/** How precisely time limits of connections and transactions are kept, ms. */
export const DEFAULT_TICK_MS = 1_000;

interface Entry {
  readonly connection: SipConnection;
  readonly peer: TlsPeer;
  readonly direction: Direction;
  /** The first partner it speaks for, for counting. */
  readonly partner: string;
}

/** What `connections` shows. */
export interface ConnectionView {
  readonly id: string;
  readonly partner: string;
  readonly direction: Direction;
  readonly remote: string;
  readonly protocol: string;
  readonly subject: string;
}

/** Joins the edge with its sockets, its clock and the gateway in this process. */
export class EdgeDriver implements ListenerOwner, ConnectionOwner {
  private readonly options: EdgeDriverOptions;
  private readonly edge: Edge;
  private readonly listener: SipListener;
  private readonly connector: Connector;
  private readonly entries = new Map<string, Entry>();
  private readonly limits: ConnectionLimits;
  private settings: EdgeSettings;
  private ticker: NodeJS.Timeout | undefined;
  private nextId = 1;
  private draining = false;
  private stopped = false;
  /** Called at each tick while `stop` waits. */
  private whileStopping: (() => void) | undefined;

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: EdgeDriverOptions) {
    this.options = options;
    this.settings = options.settings;
    this.limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.connectionLimits };
    const { settings, ids, random = Math.random } = options;
    this.edge = new Edge({ settings, ids, random });
    this.connector = new Connector(options.tls, options.dialMs);
    this.listener = new SipListener(
      { ...options.listen, tls: options.tls, limits: options.listenerLimits },
      this,
    );
  }

  /** Rejects with Node's error where it can't listen. */
  async start(): Promise<void> {
    await this.listener.start();
    this.ticker = setInterval(() => this.tick(), this.options.tickMs ?? DEFAULT_TICK_MS);
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    return this.listener.address;
  }

  get connections(): ConnectionView[] {
    const views: ConnectionView[] = [];
    for (const [id, { connection, peer, direction, partner }] of this.entries) {
      const { protocol, subject } = peer;
      views.push({ id, partner, direction, remote: connection.remote.host, protocol, subject });
    }
    return views;
  }

  /** A request or response of the gateway. */
  fromNode(message: SipMessage, node = "local"): void {
    this.feed({ kind: "from-node", node, message });
  }

  /**
   * New settings, and new key material for connections from now on. Open ones stay where their certificate may still
   * speak for a partner. Throws, with nothing changed, where the key material can't be used.
   */
  reload(change: { readonly settings?: EdgeSettings; readonly tls?: TlsCredentials }): void {
    if (change.tls) {
      this.listener.setSecureContext(change.tls);
      this.connector.setSecureContext(change.tls);
    }
    if (!change.settings) return;
    this.settings = change.settings;
    this.feed({ kind: "settings", settings: change.settings });
    for (const entry of this.entries.values()) this.judgeAgain(entry);
  }

  /** Takes nothing new, lets what is pending end for `graceMs` at most, closes everything. */
  async stop(graceMs: Millis): Promise<void> {
    this.listener.stop();
    this.feed({ kind: "stop" });
    await this.wait(graceMs, () => this.edge.unanswered === 0);
    this.stopped = true;
    for (const { connection } of this.entries.values()) connection.close();
    await this.wait(this.limits.lingerMs, () => this.entries.size === 0);
    for (const { connection } of this.entries.values()) connection.drop("closed-here");
    clearInterval(this.ticker);
  }

  onAccepted(socket: Socket, peer: TlsPeer | undefined): void {
    const remote = socket.remoteAddress ?? "";
    if (!peer || this.stopped) {
      refuse(socket);
      return;
    }
    const verdict = judgeClient(peer, this.settings.partners);
    if (!verdict.ok) {
      refuse(socket);
      this.handshake(verdict.reason as HandshakeOutcome, "in", remote, "", describe(peer));
      return;
    }
    this.handshake("ok", "in", remote, verdict.partners[0]!, describe(peer));
    this.open(socket, peer, "in", verdict.partners, verdict.name);
  }

  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void {
    this.handshake(outcome, "in", remote, "", detail);
  }

  onMessage(connection: SipConnection, message: SipMessage): void {
    this.feed({ kind: "message", connection: connection.id, message });
  }

  onBroken(connection: SipConnection, { why, status, message }: BrokenFrame): void {
    this.feed({ kind: "broken", connection: connection.id, why, status, message });
    connection.close();
  }

  onClosed(connection: SipConnection, why: CloseReason, detail: string): void {
    const entry = this.entries.get(connection.id);
    if (!entry) return;
    this.entries.delete(connection.id);
    this.noteConnection(entry, "closed", detail === "" ? why : `${why} ${detail}`);
    this.feed({ kind: "closed", connection: connection.id, why: detail === "" ? why : detail });
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
  }

  private carryOut(output: EdgeOutput): void {
    switch (output.kind) {
      case "send":
        this.entries.get(output.connection)?.connection.send(output.message);
        break;
      case "to-node":
        this.options.onToNode(output.message, output.verified, output.node);
        break;
      case "observe":
        this.options.onObserve(output.observation);
        break;
      case "dial":
        void this.dial(output.partner);
        break;
      case "close":
        this.entries.get(output.connection)?.connection.close();
        break;
      default:
        output satisfies never;
    }
  }

  private open(
    socket: Socket,
    peer: TlsPeer,
    direction: Direction,
    partners: readonly string[],
    name: string,
  ): void {
    const id = `c${this.nextId++}`;
    const connection = new SipConnection(socket, this, { id, limits: this.limits, now: this.options.now });
    const entry: Entry = { connection, peer, direction, partner: partners[0] ?? "" };
    this.entries.set(id, entry);
    this.noteConnection(entry, "opened", "");
    this.feed({ kind: "opened", connection: id, direction, partners, name, remote: connection.remote });
  }

  private async dial(domain: string): Promise<void> {
    const partner = this.settings.partners.find((one) => one.domain === domain);
    const result = partner ? await this.reach(partner) : failure("dns", "no partner any more");
    if (!partner || !result.ok || !result.peer || this.stopped) {
      if (result.ok) refuse(result.socket);
      const { why, detail } = result.ok ? failure("refused", "stopping") : result;
      this.feed({ kind: "dial-failed", partner: domain, why, detail });
      return;
    }
    const { peer, socket } = result;
    const others = this.settings.partners.filter((one) => one !== partner && nameOf(peer, one) !== undefined);
    const partners = [domain, ...others.map((one) => one.domain)];
    this.handshake("ok", "out", socket.remoteAddress ?? "", domain, describe(peer));
    this.open(socket, peer, "out", partners, nameOf(peer, partner) ?? "");
  }

  /** Tries what the look-up gave, in order. */
  private async reach(partner: EdgePartner): Promise<DialResult> {
    const { targets, detail } = await (this.options.locate ?? locatePartner)(partner);
    let result: DialResult = failure("dns", detail);
    for (const target of targets) {
      result = await this.connector.dial(target, partner.names);
      if (result.ok) return result;
      const outcome = outcomeOf(result);
      if (outcome) this.handshake(outcome, "out", target.host, partner.domain, result.detail);
    }
    return result;
  }

  private judgeAgain(entry: Entry): void {
    const { connection, peer, direction } = entry;
    // A server's certificate was good without forgiveness, or there would be no connection.
    const verdict = judgeClient(peer, this.settings.partners);
    if (!verdict.ok) {
      connection.close();
      return;
    }
    const dialled = verdict.partners.includes(entry.partner) ? [entry.partner] : [];
    const partners = [...new Set([...dialled, ...verdict.partners])];
    const { id, remote } = connection;
    this.feed({ kind: "opened", connection: id, direction, partners, name: verdict.name, remote });
  }

  private tick(): void {
    const now = this.options.now();
    for (const { connection } of this.entries.values()) connection.check(now);
    const deadline = this.edge.nextDeadline();
    if (deadline && deadline.at <= now) {
      this.edge.timeout(now);
      this.drain();
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
    outcome: HandshakeOutcome | "name-mismatch",
    direction: Direction,
    remote: string,
    partner: string,
    detail: string,
  ): void {
    const { onObserve } = this.options;
    const cure = cureFor(outcome);
    onObserve({ kind: "handshake", side: "outside", direction, outcome, remote, partner, detail, cure });
    const decision = outcome === "ok" ? "allow" : "deny";
    const reason = outcome === "ok" ? "certificate" : outcome;
    onObserve({ kind: "decision", gate: "tls", decision, reason, partner, direction });
  }

  private noteConnection(
    { connection, partner, direction }: Entry,
    state: "opened" | "closed",
    why: string,
  ): void {
    const remote = connection.remote.host;
    this.options.onObserve({ kind: "connection", side: "outside", state, partner, direction, remote, why });
  }
}

function failure(why: "dns" | "refused", detail: string): Extract<DialResult, { ok: false }> {
  return { ok: false, why, detail };
}

/** What a failed dial is counted as among the handshakes; undefined where there was none. */
function outcomeOf(
  result: Extract<DialResult, { ok: false }>,
): HandshakeOutcome | "name-mismatch" | undefined {
  switch (result.why) {
    case "certificate":
      return result.detail as HandshakeOutcome;
    case "name-mismatch":
    case "refused-ours":
      return result.why;
    case "tls":
      return "protocol";
    default:
      return undefined;
  }
}

/** For the log line: who it is, as far as the certificate says. */
function describe(peer: TlsPeer): string {
  return `${peer.subject.replaceAll("\n", ", ")} names: ${peer.names.join(" ")}`;
}
