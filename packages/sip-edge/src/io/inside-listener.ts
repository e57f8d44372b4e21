import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import {
  handshakeOutcome,
  type ListenerOwner,
  readCertificates,
  readTlsPeer,
  type TlsCredentials,
  tlsOptions,
} from "@tombolo/sip/io";

export interface InsideListenerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Left out: plain TCP only. */
  readonly tls?: TlsCredentials | undefined;
  /** On a TLS listener: clients that begin with anything but a handshake are taken as plain TCP. */
  readonly takesPlain?: boolean | undefined;
}

/** Connections of inside nodes at once; more are closed. */
export const MAX_INSIDE_CONNECTIONS = 256;
/** From the connection to its first byte, and then to the end of the handshake, ms. */
export const INSIDE_HANDSHAKE_MS = 10_000;
/** The first byte of a TLS record that carries a handshake (RFC 8446 5.1). */
const HANDSHAKE_RECORD = 0x16;

/** The listener for inside nodes. Which of them it is, the owner judges: by certificate name, or by address on TCP. */
export class InsideListener {
  private readonly options: InsideListenerOptions;
  private readonly owner: ListenerOwner;
  private readonly server: Server;
  private readonly secure: TlsServer | undefined;
  private readonly open = new Set<Socket>();
  private tls: TlsCredentials | undefined;

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: InsideListenerOptions, owner: ListenerOwner) {
    this.options = options;
    this.owner = owner;
    this.tls = options.tls;
    this.secure = options.tls && this.tlsServer(options.tls);
    this.server = createServer({ noDelay: true }, (socket) => this.onSocket(socket));
  }

  /** Rejects with Node's error where the address can't be had. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.options.port, this.options.host, () => {
        this.server.off("error", reject);
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

  setSecureContext(tls: TlsCredentials): void {
    readCertificates(tls.ca);
    const { cert, key, ca } = tls;
    this.secure?.setSecureContext({ ...tlsOptions(), cert, key, ca });
    this.tls = tls;
  }

  /** Takes no new connections. */
  stop(): void {
    this.server.close();
  }

  private onSocket(socket: Socket): void {
    if (this.open.size >= MAX_INSIDE_CONNECTIONS) {
      this.owner.onHandshakeFailed("too-many", socket.remoteAddress ?? "", "");
      socket.destroy();
      return;
    }
    this.open.add(socket);
    socket.once("close", () => this.open.delete(socket));
    if (!this.secure) this.owner.onAccepted(socket, undefined);
    else if (this.options.takesPlain) this.onFirstByte(socket, this.secure);
    else this.secure.emit("connection", socket);
  }

  private onFirstByte(socket: Socket, secure: TlsServer): void {
    const late = setTimeout(() => socket.destroy(), INSIDE_HANDSHAKE_MS);
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
      if (chunk[0] === HANDSHAKE_RECORD) secure.emit("connection", socket);
      else this.owner.onAccepted(socket, undefined);
    });
  }

  private tlsServer({ cert, key, ca }: TlsCredentials): TlsServer {
    readCertificates(ca);
    const server = createTlsServer({
      ...tlsOptions(),
      cert,
      key,
      ca,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: INSIDE_HANDSHAKE_MS,
    });
    server.on("secureConnection", (socket: TLSSocket) => {
      this.owner.onAccepted(socket, readTlsPeer(socket, { roots: readCertificates(this.tls!.ca) }));
    });
    server.on("tlsClientError", (error, socket) => {
      this.owner.onHandshakeFailed(handshakeOutcome(error), socket.remoteAddress ?? "", error.message);
      socket.destroy();
    });
    return server;
  }
}
