/** The edge in another process, as the gateway sees it: connections both ways that carry SIP and who was verified. */
import type { Socket } from "node:net";
import { buildResponse, MessageDraft, type SipMessage, type VerifiedPeer } from "@tombolo/sip";
import {
  type BrokenFrame,
  type CloseReason,
  type ConnectionLimits,
  type ConnectionOwner,
  Connector,
  DEFAULT_CONNECTION_LIMITS,
  type HandshakeOutcome,
  type ListenerOwner,
  refuse,
  SipConnection,
  SipListener,
  type TlsCredentials,
  type TlsPeer,
} from "@tombolo/sip/io";
import {
  PARTNER_BACK_HEADER,
  type PartnerBack,
  parsePartnerBack,
  parseVerified,
  STILLBORN_MS,
  UNSENT_HEADER,
  VERIFIED_HEADER,
} from "@tombolo/sip-edge";
import type { DriverObservation } from "@tombolo/sip-edge/io";
import { cureForInside, isFrom, isNamed, plainAddress } from "@tombolo/sip-edge/io";
import { formatHostPort } from "../config/addresses.ts";
import type { RemoteEdge as RemoteEdgeConfig } from "../config/config.ts";
import type { EdgeStatus } from "../console/status.ts";
import { ListenError } from "../listen-error.ts";
import type { Log } from "../log/log.ts";
import { Backlog } from "./backlog.ts";
import type { Sources } from "./sources.ts";

/** Requests that may wait for the connection to the edge; more are answered 504. */
export const MAX_WAITING_FOR_EDGE = 1_000;
/** First pause after the edge could not be reached, ms; it doubles up to the longest, each by half more or less. */
export const FIRST_PAUSE_MS = 500;
export const LONGEST_PAUSE_MS = 10_000;
const TICK_MS = 1_000;
/** The edge answers pings, and one that does not is gone: this finds it. */
const LIMITS: ConnectionLimits = { ...DEFAULT_CONNECTION_LIMITS, keepaliveMs: 10_000, silenceMs: 0 };
/** Who the edge is where no partner is behind a message: its own answers, such as a 504. */
const EDGE_ITSELF: VerifiedPeer = { partner: "", name: "edge" };

export interface RemoteEdgeAround extends Sources {
  readonly log: Log;
  observe(observation: DriverObservation): void;
  onMessage(message: SipMessage, verified: VerifiedPeer): void;
  /** The edge says that a partner may have lost its memory. */
  onPartnerBack(back: PartnerBack): void;
  /** The edge can be reached again: what partners sent meanwhile is lost. */
  onBack(): void;
}

interface Entry {
  readonly connection: SipConnection;
  readonly direction: "in" | "out";
  readonly openedAt: number;
}

/**
 * Belongs to the edge alone: on TLS whoever has one of its certificate names, on TCP whoever has its address. Only
 * there is believed what the edge says of a sender.
 */
export class RemoteEdge implements ListenerOwner, ConnectionOwner {
  private readonly config: RemoteEdgeConfig;
  private readonly around: RemoteEdgeAround;
  private readonly listener: SipListener;
  private readonly connector: Connector;
  private readonly backlog = new Backlog(MAX_WAITING_FOR_EDGE);
  /** Connections that we opened stand first. */
  private readonly connections: Entry[] = [];
  private dialing = false;
  private failures = 0;
  private isUp = false;
  /** The last connection was lost, and there is none yet. */
  private isCutOff = false;
  private stopped = false;
  private nextId = 1;
  private ticker: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;

  /** Throws where key, certificate or roots can't be used. */
  constructor(config: RemoteEdgeConfig, around: RemoteEdgeAround) {
    this.config = config;
    this.around = around;
    const { listen, tls } = config;
    const credentials = tls && credentialsOf(tls);
    const secured = listen.transport === "tls" ? credentials : undefined;
    this.listener = new SipListener({ host: listen.host, port: listen.port, tls: secured }, this);
    this.connector = new Connector(credentials ?? { cert: "", key: "", ca: "" });
  }

  /** Listens, and connects for the first time. Rejects with a `ListenError`. */
  async start(): Promise<void> {
    try {
      await this.listener.start();
    } catch (error) {
      throw new ListenError("gateway.listen", this.config.listen, error as NodeJS.ErrnoException);
    }
    this.isUp = true;
    this.around.log.info("listening", { what: "gateway", ...this.listener.address });
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    void this.dial();
  }

  get waitingFor(): string[] {
    if (!this.isUp) return ["listener gateway.listen"];
    return this.connections.length > 0 ? [] : [`edge ${formatHostPort(this.config.edge)}`];
  }

  get status(): EdgeStatus {
    return { at: formatHostPort(this.config.edge), connections: this.connections.length };
  }

  /** A message of the gateway. A request that can't be sent is answered 504 at once. */
  send(message: SipMessage): void {
    const best = this.connections[0];
    if (best) {
      this.write(best.connection, message);
      return;
    }
    if (!message.isRequest) return;
    const unsent = this.dialing ? this.backlog.add(message) : message;
    if (unsent) this.giveBack(unsent);
  }

  reload({ tls }: RemoteEdgeConfig): void {
    if (!tls) return;
    this.listener.setSecureContext(credentialsOf(tls));
    this.connector.setSecureContext(credentialsOf(tls));
  }

  stop(): void {
    this.stopped = true;
    this.listener.stop();
    clearInterval(this.ticker);
    clearTimeout(this.retry);
    for (const { connection } of this.connections) connection.close();
  }

  onAccepted(socket: Socket, peer: TlsPeer | undefined): void {
    const { edge, names } = this.config;
    const remote = plainAddress(socket.remoteAddress ?? "");
    const reason = peer ? peer.problem : isFrom(remote, edge.host) ? undefined : "unknown-address";
    const stranger = peer !== undefined && !names.some((name) => isNamed(peer, name));
    const outcome = reason ?? (stranger ? "unknown-name" : "ok");
    if (this.stopped || outcome !== "ok") {
      refuse(socket);
      if (!this.stopped) this.tell(outcome as HandshakeOutcome, "in", remote, peer?.names.join(" ") ?? "");
      return;
    }
    if (peer) this.tell("ok", "in", remote, "");
    this.open(socket, "in", peer?.protocol ?? "TCP");
  }

  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void {
    this.tell(outcome, "in", remote, detail);
  }

  onMessage(connection: SipConnection, message: SipMessage): void {
    const told = message.get(VERIFIED_HEADER);
    if (told === undefined) this.withoutSender(connection, message);
    else {
      const verified = message.count(VERIFIED_HEADER) === 1 ? parseVerified(told) : undefined;
      const bare = new MessageDraft(message).remove(VERIFIED_HEADER).build();
      if (verified) {
        this.count("in", bare, verified.partner);
        this.around.onMessage(bare, verified);
      } else this.refuse(connection, message, 403);
    }
  }

  onBroken(connection: SipConnection, { status, message }: BrokenFrame): void {
    if (message?.isRequest) this.refuse(connection, message, status);
    connection.close();
  }

  onClosed(connection: SipConnection, why: CloseReason, detail: string): void {
    const at = this.connections.findIndex((one) => one.connection === connection);
    if (at < 0) return;
    const { direction, openedAt } = this.connections[at]!;
    this.connections.splice(at, 1);
    if (this.connections.length === 0) this.isCutOff = true;
    const said = detail === "" ? why : `${why} ${detail}`;
    this.note(connection, direction, "closed", said, "");
    if (direction === "in" || this.stopped) return;
    // In TLS 1.3 the edge judges our certificate only when the connection is there.
    if (this.around.now() - openedAt < STILLBORN_MS) this.failed("refused-ours", said);
    else {
      this.failures = 0;
      void this.dial();
    }
  }

  /** The edge's own: an answer, or the question whether we are there, which may bring news of a partner. Nobody else is let through without a name. */
  private withoutSender(connection: SipConnection, message: SipMessage): void {
    if (!message.isRequest) this.around.onMessage(message, EDGE_ITSELF);
    else if (message.method === "OPTIONS" && message.toTag === undefined) {
      this.refuse(connection, message, 200);
      const back = parsePartnerBack(message.get(PARTNER_BACK_HEADER) ?? "");
      if (back) this.around.onPartnerBack(back);
    } else this.refuse(connection, message, 403);
  }

  private refuse(connection: SipConnection, request: SipMessage, status: number): void {
    if (request.method === "ACK" || request.method === "BENOTIFY" || request.get("Via") === undefined) return;
    connection.send(buildResponse(request, status, { toTag: this.around.ids() }));
  }

  private write(connection: SipConnection, message: SipMessage): void {
    this.count("out", message, partnerOf(message));
    connection.send(message);
  }

  private giveBack(request: SipMessage): void {
    if (request.method === "ACK") return;
    const answer = { toTag: this.around.ids(), headers: [[UNSENT_HEADER, "yes"]] } as const;
    this.around.onMessage(buildResponse(request, 504, answer), EDGE_ITSELF);
  }

  private async dial(): Promise<void> {
    if (this.dialing || this.stopped) return;
    this.dialing = true;
    const { edge, names } = this.config;
    const result = await this.connector.dial(edge, names, { addressNames: true });
    this.dialing = false;
    if (result.ok && !this.stopped) {
      if (result.peer) this.tell("ok", "out", edge.host, "");
      this.open(result.socket, "out", result.peer?.protocol ?? "TCP");
      return;
    }
    if (result.ok) {
      refuse(result.socket);
      return;
    }
    this.failed(result.why, result.detail);
  }

  private failed(why: string, detail: string): void {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.failures, 10));
    this.failures++;
    const pauseMs = Math.round(pause * (0.5 + this.around.random()));
    if (this.failures === 1) this.around.log.warn("edge-unreachable", { why, detail, pauseMs });
    if (why === "certificate" || why === "name-mismatch" || why === "refused-ours") {
      const outcome = (why === "certificate" ? detail : why) as HandshakeOutcome;
      this.tell(outcome, "out", this.config.edge.host, detail);
    }
    for (const request of this.backlog.take()) this.giveBack(request);
    this.retry = setTimeout(() => void this.dial(), pauseMs);
  }

  private open(socket: Socket, direction: "in" | "out", protocol: string): void {
    const id = `e${this.nextId++}`;
    const connection = new SipConnection(socket, this, { id, limits: LIMITS, now: this.around.now });
    const entry = { connection, direction, openedAt: this.around.now() };
    if (direction === "out") this.connections.unshift(entry);
    else this.connections.push(entry);
    this.note(connection, direction, "opened", "", protocol);
    for (const request of this.backlog.take()) this.write(connection, request);
    if (!this.isCutOff) return;
    this.isCutOff = false;
    this.around.onBack();
  }

  private tick(): void {
    const now = this.around.now();
    for (const { connection } of this.connections) connection.check(now);
  }

  private count(direction: "in" | "out", message: SipMessage, partner: string): void {
    const { method, status } = message;
    const story = { side: "inside", partner, direction, method } as const;
    this.around.observe(
      message.isRequest ? { kind: "request", ...story } : { kind: "response", ...story, status },
    );
  }

  private tell(
    outcome: HandshakeOutcome | "name-mismatch",
    direction: "in" | "out",
    remote: string,
    detail: string,
  ): void {
    const cure = cureForInside(outcome);
    const story = { outcome, direction, remote, partner: "edge", detail, cure };
    this.around.observe({ kind: "handshake", side: "inside", ...story });
  }

  private note(
    { remote }: SipConnection,
    direction: "in" | "out",
    state: "opened" | "closed",
    why: string,
    protocol: string,
  ): void {
    const story = { state, partner: "edge", direction, remote: remote.host, why, protocol, legacy: false };
    this.around.observe({ kind: "connection", side: "inside", ...story });
  }
}

function credentialsOf({ cert, key, ca }: TlsCredentials): TlsCredentials {
  return { cert, key, ca };
}

/** The other party's domain, for counting: labels that are no partner's are counted as unknown. */
function partnerOf(message: SipMessage): string {
  const address = message.isRequest ? message.to : message.from;
  return (
    address?.uri
      .split("@", 2)[1]
      ?.split(/[;:?>]/, 1)[0]
      ?.toLowerCase() ?? ""
  );
}
