import { connect, type TLSSocket } from "node:tls";
import { DEFAULT_WAIT_MS } from "../journal.ts";

export interface RawOptions {
  readonly host?: string;
  readonly port: number;
  /** PEM; leave both out to show no certificate. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Roots to judge the server by; without them any server is taken. */
  readonly ca?: string | undefined;
  readonly servername?: string | undefined;
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

/** A TLS connection without any manners, for bad input. */
export interface RawConnection {
  write(bytes: string | Uint8Array): void;
  /** Everything received so far and not read yet, waiting for the first byte; "" when the connection closed instead. */
  read(timeoutMs?: number): Promise<string>;
  /** Reads until the text received since the last call contains `text`; rejects with what came. */
  readUntil(text: string, timeoutMs?: number): Promise<string>;
  /**
   * Resolves when the connection is gone, with the error code or "" for a clean end. With TLS 1.3 this is how a refused
   * client certificate shows: the handshake looks finished before the server has judged.
   */
  readonly closed: Promise<string>;
  /** Whether the handshake finished on our side. */
  readonly secured: boolean;
  close(): void;
}

class Raw implements RawConnection {
  readonly closed: Promise<string>;
  secured = false;
  readonly #socket: TLSSocket;
  #text = "";
  #gone = false;
  #wake: () => void = () => {};

  constructor(options: RawOptions) {
    const { cert, key, ca, servername } = options;
    this.#socket = connect({
      host: options.host ?? "127.0.0.1",
      port: options.port,
      rejectUnauthorized: ca !== undefined,
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(ca === undefined ? {} : { ca }),
      ...(servername === undefined ? {} : { servername }),
      ...(options.minVersion === undefined ? {} : { minVersion: options.minVersion }),
      ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
    });
    this.#socket.setNoDelay(true);
    let failure = "";
    this.closed = new Promise((done) => {
      this.#socket.on("error", (error: NodeJS.ErrnoException) => {
        failure = error.code ?? error.message;
      });
      this.#socket.on("close", () => {
        this.#gone = true;
        this.#wake();
        done(failure);
      });
    });
    this.#socket.on("secureConnect", () => {
      this.secured = true;
    });
    this.#socket.on("data", (bytes) => {
      this.#text += bytes.toString();
      this.#wake();
    });
  }

  write(bytes: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  async read(timeoutMs = DEFAULT_WAIT_MS): Promise<string> {
    await this.#until(() => this.#text !== "" || this.#gone, timeoutMs, "any bytes");
    return this.#take();
  }

  async readUntil(text: string, timeoutMs = DEFAULT_WAIT_MS): Promise<string> {
    const what = JSON.stringify(text);
    await this.#until(() => this.#text.includes(text) || this.#gone, timeoutMs, what);
    if (!this.#text.includes(text))
      throw new Error(`closed before ${what}; received: ${this.#text || "nothing"}`);
    return this.#take();
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  async #until(ready: () => boolean, timeoutMs: number, what: string): Promise<void> {
    if (ready()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = () => {};
        reject(new Error(`waited ${timeoutMs / 1000} s for ${what}; received: ${this.#text || "nothing"}`));
      }, timeoutMs);
      this.#wake = () => {
        if (!ready()) return;
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Opens a TLS connection at once; whether it was taken shows in `read`, `closed` and `secured`. */
export function openRaw(options: RawOptions): RawConnection {
  return new Raw(options);
}
