import type { TLSSocket } from "node:tls";
import { WireFault, type WireMessage, WireReader, writeWire } from "./wire.ts";

export interface LinkListener {
  readonly received: (message: WireMessage, link: Link) => void;
  readonly sent: (message: WireMessage, link: Link) => void;
  readonly missingLength: (message: WireMessage) => void;
  readonly broken: (detail: string) => void;
  readonly closed: (link: Link) => void;
}

/** One authenticated TLS connection with the partner, whichever side opened it. */
export class Link {
  readonly id: number;
  /** Who opened it. */
  readonly opener: "partner" | "self";
  readonly socket: TLSSocket;
  readonly #reader: WireReader;
  readonly #listener: LinkListener;

  constructor(id: number, opener: Link["opener"], socket: TLSSocket, listener: LinkListener) {
    this.id = id;
    this.opener = opener;
    this.socket = socket;
    this.#listener = listener;
    this.#reader = new WireReader(listener.missingLength);
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#data(bytes));
    socket.on("error", () => {});
    socket.on("close", () => listener.closed(this));
  }

  get alive(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** The local end as `address:port`, as a server writes it into its Via. */
  get sentBy(): string {
    return `${this.socket.localAddress}:${this.socket.localPort}`;
  }

  get keepAlives(): number {
    return this.#reader.keepAlives;
  }

  send(message: WireMessage): void {
    this.#listener.sent(message, this);
    this.socket.write(writeWire(message));
  }

  #data(bytes: Buffer): void {
    try {
      for (const message of this.#reader.push(bytes)) this.#listener.received(message, this);
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      this.#listener.broken(error.message);
      this.socket.destroy();
    }
  }

  async close(): Promise<void> {
    if (this.socket.closed) return;
    const closed = new Promise<void>((done) => this.socket.once("close", () => done()));
    this.socket.destroy();
    await closed;
  }
}
