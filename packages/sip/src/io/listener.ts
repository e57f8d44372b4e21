import type { X509Certificate } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { readCertificates } from "./certificate-chain.ts";
import {
  type HandshakeOutcome,
  handshakeOutcome,
  type TlsCredentials,
  type TlsFloor,
  tlsOptions,
} from "./handshake.ts";
import { readTlsPeer, type TlsPeer } from "./tls-peer.ts";

/** Who decides about the connections that a listener takes. */
export interface ListenerOwner {
  /**
   * A connection is there; nothing of what it sends was read. On TLS the handshake is complete and **the peer is
   * not judged**: the owner looks at `peer.problem` and its names, and calls `refuse` or makes a connection of it.
   * `peer` is undefined on TCP.
   */
  onAccepted(socket: Socket, peer: TlsPeer | undefined): void;
  /** A connection ended before there was a peer to judge. */
  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void;
}

/** Bounds of one listener. */
export interface ListenerLimits {
  /** Handshakes that may be pending at once; further connections are closed. */
  readonly maxPending: number;
  /** Of these from one address, so that none keeps the others out. */
  readonly maxPendingPerAddress: number;
  readonly maxConnections: number;
  /** ms from the connection to the end of the handshake. */
  readonly handshakeMs: number;
}

export const DEFAULT_LISTENER_LIMITS: ListenerLimits = {
  maxPending: 256,
  maxPendingPerAddress: 64,
  maxConnections: 4096,
  handshakeMs: 10_000,
};

export interface ListenerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Left out: plain TCP. */
  readonly tls?: TlsCredentials | undefined;
  /** Default 1.2. */
  readonly floor?: TlsFloor | undefined;
  readonly limits?: ListenerLimits | undefined;
  /** On a TLS listener: clients that begin with anything but a handshake are taken as plain TCP. */
  readonly takesPlain?: boolean | undefined;
}

/** The first byte of a TLS record that carries a handshake (RFC 8446 5.1). */
const HANDSHAKE_RECORD = 0x16;

/** A listening socket. On TLS it asks every client for a certificate (RFC 3261 26.3.1). */
export class SipListener {
  private readonly server: Server;
  private readonly secure: TlsServer | undefined;
  private readonly owner: ListenerOwner;
  private readonly options: ListenerOptions;
  private readonly limits: ListenerLimits;
  /** Open connections, each with its remote address and port. */
  private readonly open = new Map<Socket, string>();
  /** Remote address and port of each connection whose handshake is not complete. */
  private readonly pending = new Set<string>();
  /** How many of these there are by address. */
  private readonly pendingOf = new Map<string, number>();
  private roots: readonly X509Certificate[];
  /** What clients have shown, from the end of the handshake to `onAccepted`; undefined before. */
  private readonly shown = new WeakMap<TLSSocket, X509Certificate | undefined>();

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: ListenerOptions, owner: ListenerOwner) {
    this.owner = owner;
    this.options = options;
    this.limits = options.limits ?? DEFAULT_LISTENER_LIMITS;
    this.roots = options.tls ? readCertificates(options.tls.ca) : [];
    this.secure = options.tls && this.tlsServer(options.tls);
    this.server = createServer({ noDelay: true }, (socket) => this.onSocket(socket));
  }

  /** Rejects with Node's error where the address can't be had (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.options.port, this.options.host, () => {
        this.server.off("error", reject);
        // Accepting may fail for want of file descriptors; it goes on when there are some again.
        this.server.on("error", () => {});
        resolve();
      });
    });
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.server.address();
    if (address === null || typeof address === "string") return this.options;
    return { host: address.address, port: address.port };
  }

  /** Handshakes that are not complete. */
  get pendingHandshakes(): number {
    return this.pending.size;
  }

  /** New key, certificate and roots, for connections from now on. Throws, and changes nothing, where unusable. */
  setSecureContext(tls: TlsCredentials): void {
    if (!this.secure) return;
    const roots = readCertificates(tls.ca);
    this.secure.setSecureContext({
      ...tlsOptions(this.options.floor),
      cert: tls.cert,
      key: tls.key,
      ca: tls.ca,
    });
    this.roots = roots;
  }

  /** Takes no new connections and ends those in the handshake; accepted ones go on. */
  stop(): void {
    this.server.close();
    for (const [socket, key] of this.open) if (this.pending.has(key)) socket.destroy();
  }

  private onSocket(socket: Socket): void {
    const { open, secure } = this;
    const address = socket.remoteAddress ?? "";
    if (!this.hasRoom(address)) {
      this.owner.onHandshakeFailed("too-many", address, "");
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    open.set(socket, key);
    socket.once("close", () => {
      open.delete(socket);
      this.endPending(key, address);
    });
    if (!secure) {
      this.owner.onAccepted(socket, undefined);
      return;
    }
    this.pending.add(key);
    this.pendingOf.set(address, (this.pendingOf.get(address) ?? 0) + 1);
    if (this.options.takesPlain) this.onFirstByte(socket, secure);
    else secure.emit("connection", socket);
  }

  private hasRoom(address: string): boolean {
    const { limits, pending, open } = this;
    if (open.size >= limits.maxConnections) return false;
    if (!this.secure) return true;
    return (
      pending.size < limits.maxPending && (this.pendingOf.get(address) ?? 0) < limits.maxPendingPerAddress
    );
  }

  private endPending(key: string, address: string): void {
    if (!this.pending.delete(key)) return;
    const left = this.pendingOf.get(address)! - 1;
    if (left === 0) this.pendingOf.delete(address);
    else this.pendingOf.set(address, left);
  }

  private onFirstByte(socket: Socket, secure: TlsServer): void {
    const late = setTimeout(() => socket.destroy(), this.limits.handshakeMs);
    const onError = (): void => {};
    socket.on("error", onError);
    socket.once("readable", () => {
      clearTimeout(late);
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) {
        socket.destroy();
        return;
      }
      socket.off("error", onError);
      socket.unshift(chunk);
      if (chunk[0] === HANDSHAKE_RECORD) {
        secure.emit("connection", socket);
        return;
      }
      this.endPending(keyOf(socket), socket.remoteAddress ?? "");
      this.owner.onAccepted(socket, undefined);
    });
  }

  private tlsServer(tls: TlsCredentials): TlsServer {
    const server = createTlsServer({
      ...tlsOptions(this.options.floor),
      cert: tls.cert,
      key: tls.key,
      ca: tls.ca,
      requestCert: true,
      // Node would close without a reason; the owner judges every peer, and no byte is read before.
      rejectUnauthorized: false,
      handshakeTimeout: this.limits.handshakeMs,
    });
    server.on("keylog", (_, socket) => this.onKeys(socket));
    server.on("secureConnection", (socket) => this.onSecure(socket));
    server.on("tlsClientError", (error, socket) => {
      const detail = error.message;
      this.owner.onHandshakeFailed(handshakeOutcome(error), socket.remoteAddress ?? "", detail);
      socket.destroy();
    });
    return server;
  }

  /**
   * Node looks at the client's certificate itself before it hands the socket over, and who looks first gets the
   * certificates that came with it; nobody does afterwards. Key material is the first that is heard of a socket.
   */
  private onKeys(socket: TLSSocket): void {
    if (this.shown.has(socket)) return;
    this.shown.set(socket, undefined);
    socket.prependOnceListener("secure", () => this.shown.set(socket, socket.getPeerX509Certificate()));
  }

  private onSecure(socket: TLSSocket): void {
    this.endPending(keyOf(socket), socket.remoteAddress ?? "");
    const weakAllowed = this.options.floor === "legacy";
    this.owner.onAccepted(
      socket,
      readTlsPeer(socket, { roots: this.roots, weakAllowed }, this.shown.get(socket)),
    );
  }
}

/** Ends a connection whose peer is not wanted, before anything of what it sends is read. */
export function refuse(socket: Socket): void {
  socket.on("error", () => {});
  socket.destroy();
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
