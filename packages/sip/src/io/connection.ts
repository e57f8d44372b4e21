import type { Socket } from "node:net";
import { type Frame, StreamFramer } from "../message/framing.ts";
import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "../message/limits.ts";
import type { SipMessage } from "../message/message.ts";
import { wireText } from "../message/serialize.ts";
import { errorCode } from "./handshake.ts";
import { latin1 } from "./latin1.ts";
import { DEFAULT_LIVENESS_LIMITS, Liveness, type LivenessLimits } from "./liveness.ts";

/** Why a connection ended. */
export type CloseReason =
  /** We closed it. */
  | "closed-here"
  /** The other side closed it in order. */
  | "closed-there"
  | "reset"
  /** Another error of the socket, a TLS alert for example; `detail` has its code. */
  | "error"
  /** It did not read what we sent: more than `maxUnsent` bytes waited. */
  | "unsent"
  /** A message was begun and not finished within `partialMs`. */
  | "partial"
  /** Nothing came for `idleMs`. */
  | "idle"
  /** Nothing came after a request, and nothing after a probe. */
  | "no-answer"
  /** It has answered pings, and this one not. */
  | "no-pong"
  /** Its owner gave it up: it lives, but requests on it are not answered. */
  | "wedged";

export type BrokenFrame = Extract<Frame, { kind: "broken" }>;

/** Who is told what happens on connections; one object for many of them. */
export interface ConnectionOwner {
  onMessage(connection: SipConnection, message: SipMessage): void;
  /** The stream can't be followed any further. The owner answers if it likes, and closes. */
  onBroken(connection: SipConnection, broken: BrokenFrame): void;
  /** Closing has begun: nothing is read or sent from now on. Once for each connection, before `onClosed`. */
  onClosing?(connection: SipConnection, why: CloseReason, detail: string): void;
  /** Once for each connection, at its very end. */
  onClosed(connection: SipConnection, why: CloseReason, detail: string): void;
  /** Nothing came since a request went out: the owner sends what must be answered. Not called where pings do. */
  onSilence?(connection: SipConnection): void;
}

/** Bounds of one connection. Times in ms, amounts in bytes. */
export interface ConnectionLimits extends LivenessLimits {
  readonly message: MessageLimits;
  /** A CRLFCRLF goes out when nothing was sent for so long (RFC 5626 4.4.1); 0 = never. */
  readonly keepaliveMs: number;
  /** How long a message may take from its first byte to its last. */
  readonly partialMs: number;
  /** The connection is closed when nothing came for so long; 0 = never. */
  readonly idleMs: number;
  /**
   * After so many bytes in one turn of the event loop it is another connection's turn: who sends much waits for itself.
   * One read's worth more may come.
   */
  readonly readPerTurn: number;
  /** Above this many unsent bytes nothing more is read, so that who does not read answers gets to ask no more. */
  readonly pauseAbove: number;
  /** Above this many unsent bytes the connection is dropped. */
  readonly maxUnsent: number;
  /** How long a closing connection may take to send what waits and to be closed by the other side. */
  readonly lingerMs: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  message: DEFAULT_MESSAGE_LIMITS,
  keepaliveMs: 60_000,
  partialMs: 15_000,
  idleMs: 0,
  readPerTurn: 32 * 1024,
  pauseAbove: 256 * 1024,
  maxUnsent: 8 * 1024 * 1024,
  lingerMs: 5_000,
  ...DEFAULT_LIVENESS_LIMITS,
};

export interface ConnectionOptions {
  /** The owner's name for it. */
  readonly id: string;
  readonly limits: ConnectionLimits;
  /** Monotonic ms. */
  readonly now: () => number;
}

/** The kernel asks a quiet peer after so long whether it is there at all, ms; without an answer the socket fails. */
const TCP_KEEPALIVE_MS = 30_000;

const PING = "\r\n\r\n";
const PONG = "\r\n";

/**
 * One TCP or TLS connection that carries SIP. What is sent within one turn of the event loop goes out in one write;
 * its owner calls `check` now and then (about once a second) to let the time limits act.
 */
export class SipConnection {
  readonly id: string;
  /** The other end's address; IPv6 without brackets, IPv4 also on a dual-stack socket. */
  readonly remote: { readonly host: string; readonly port: number };
  private readonly socket: Socket;
  private readonly owner: ConnectionOwner;
  private readonly limits: ConnectionLimits;
  private readonly now: () => number;
  private readonly framer: StreamFramer;
  /** What waits for the end of this turn, one character per byte. */
  private pending = "";
  /** It takes part in this turn, which `endTurn` ends. */
  private hasTurn = false;
  /** Bytes read in this turn. */
  private taken = 0;
  /** Not read any further in this turn. */
  private held = false;
  /** Not read until some of what waits is sent. */
  private paused = false;
  /** What was unsent at the last look, bytes; only while `paused`. */
  private unsent = 0;
  private readonly liveness: Liveness;
  /** A request is among what waits. */
  private asks = false;
  /** Set once closing has begun: nothing is read or sent from then on. */
  private why: CloseReason | undefined;
  private detail = "";
  private closeBy = 0;
  private lastSent: number;
  private lastHeard: number;
  /** When the message that is not complete yet began, or 0. */
  private partialSince = 0;

  constructor(socket: Socket, owner: ConnectionOwner, options: ConnectionOptions) {
    this.id = options.id;
    this.socket = socket;
    this.owner = owner;
    this.limits = options.limits;
    this.now = options.now;
    this.remote = { host: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
    this.framer = new StreamFramer(latin1, options.limits.message);
    this.lastSent = this.now();
    this.lastHeard = this.lastSent;
    this.liveness = new Liveness(options.limits);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    socket.on("data", (chunk: Buffer) => this.onData(chunk));
    socket.on("drain", () => this.onDrain());
    socket.on("end", () => this.note("closed-there", ""));
    socket.on("error", (error) => this.onError(error));
    socket.on("close", () => this.onClose());
  }

  /** False when it is closing: the message is not sent. */
  send(message: SipMessage): boolean {
    if (this.why !== undefined) return false;
    if (message.isRequest && message.method !== "ACK") this.asks = true;
    this.write(wireText(message, latin1));
    return true;
  }

  /** Sends what waits, then closes; nothing is taken in any more. Harmless when repeated. */
  close(detail = ""): void {
    this.finish("closed-here", detail);
  }

  /** Lets the time limits act. */
  check(now: number): void {
    const { limits } = this;
    if (this.why !== undefined) {
      if (now >= this.closeBy) this.socket.destroy();
      return;
    }
    if (this.partialSince > 0 && now - this.partialSince >= limits.partialMs) this.drop("partial");
    else if (limits.idleMs > 0 && now - this.lastHeard >= limits.idleMs) this.finish("idle");
    else if (limits.keepaliveMs > 0 && now - this.lastSent >= limits.keepaliveMs) this.ping(now);
    if (this.why === undefined) this.watch(now);
  }

  /** Closes at once and loses what waits. */
  drop(why: CloseReason, detail = ""): void {
    this.note(why, detail);
    this.socket.destroy();
  }

  private ping(now: number): void {
    this.write(PING);
    this.liveness.pinged(now);
  }

  private watch(now: number): void {
    const { liveness } = this;
    if (this.paused) {
      // Nothing is read while it takes what waits, so that it takes anything is its sign of life.
      if (this.socket.writableLength < this.unsent) liveness.heard(false);
      this.unsent = this.socket.writableLength;
    }
    const verdict = liveness.judge(now);
    if (verdict === "fine") return;
    if (verdict !== "probe") {
      this.drop(verdict);
      return;
    }
    if (liveness.answersPings) this.ping(now);
    else if (this.owner.onSilence) this.owner.onSilence(this);
    else return;
    liveness.probed(now);
  }

  private finish(why: CloseReason, detail = ""): void {
    if (this.why !== undefined) return;
    this.flush();
    this.note(why, detail);
    this.socket.end();
    // Nothing is taken in any more, but the other side's end must still be seen.
    this.socket.resume();
  }

  private write(text: string): void {
    this.joinTurn();
    this.pending += text;
    if (this.pending.length + this.socket.writableLength > this.limits.maxUnsent) this.drop("unsent");
  }

  private joinTurn(): void {
    if (this.hasTurn) return;
    this.hasTurn = true;
    endTurnLater(this);
  }

  /** @internal All sockets that were ready have been read. */
  endTurn(): void {
    this.hasTurn = false;
    this.taken = 0;
    this.flush();
    if (!this.held) return;
    this.held = false;
    if (!this.paused) this.socket.resume();
  }

  private flush(): void {
    const text = this.pending;
    if (text === "") return;
    this.pending = "";
    if (this.socket.destroyed) return;
    this.lastSent = this.now();
    if (this.asks) {
      this.asks = false;
      this.liveness.asked(this.lastSent);
    }
    this.socket.write(text, "latin1");
    if (!this.paused && this.socket.writableLength > this.limits.pauseAbove) {
      this.paused = true;
      this.unsent = this.socket.writableLength;
      this.socket.pause();
    }
  }

  private onData(chunk: Buffer): void {
    if (this.why !== undefined) return;
    const { framer } = this;
    this.joinTurn();
    this.taken += chunk.length;
    if (this.taken >= this.limits.readPerTurn && !this.held) {
      this.held = true;
      this.socket.pause();
    }
    this.lastHeard = this.now();
    framer.push(chunk);
    let whole = false;
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
      whole = true;
      if (frame.kind === "message") this.owner.onMessage(this, frame.message);
      else if (frame.kind === "keepalive") this.write(PONG);
      else this.owner.onBroken(this, frame);
      if (this.why !== undefined) return;
    }
    this.liveness.heard(!whole && framer.takeLineEnd());
    if (!framer.isPartial) this.partialSince = 0;
    else if (whole || this.partialSince === 0) this.partialSince = this.lastHeard;
  }

  private onDrain(): void {
    if (!this.paused) return;
    this.paused = false;
    if (!this.held) this.socket.resume();
  }

  private onError(error: Error): void {
    const code = errorCode(error);
    this.note(code === "ECONNRESET" || code === "EPIPE" ? "reset" : "error", code);
  }

  private onClose(): void {
    this.note("closed-there", "");
    this.owner.onClosed(this, this.why!, this.detail);
  }

  /** The first reason is the true one. */
  private note(why: CloseReason, detail: string): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.detail = detail;
    this.closeBy = this.now() + this.limits.lingerMs;
    this.owner.onClosing?.(this, why, detail);
  }
}

function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

let inTurn: SipConnection[] = [];

/** One wake-up for all connections of a turn: the check phase comes after all sockets that were ready were read. */
function endTurnLater(connection: SipConnection): void {
  if (inTurn.length === 0) setImmediate(endTurns);
  inTurn.push(connection);
}

function endTurns(): void {
  const ready = inTurn;
  inTurn = [];
  for (const connection of ready) connection.endTurn();
}
