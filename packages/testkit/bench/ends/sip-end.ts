import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, connect as tlsConnect } from "node:tls";
import type { Credentials } from "../../src/pki.ts";
import { SipStream } from "../edge/sip-stream.ts";
import { Writer } from "./writer.ts";

export type Transport = "tls" | "tcp";

/** A request or an answer as it came; `head` is without its empty line. */
export interface SipText {
  readonly head: string;
  readonly body: string;
  /** Where an answer to it goes. */
  readonly line: Writer;
}

export interface SipListener {
  onRequest(message: SipText): void;
  onAnswer(message: SipText): void;
}

export interface SipPorts {
  readonly tls: number;
  readonly tcp: number;
}

export interface Identity {
  readonly credentials: Credentials;
  readonly ca: string;
}

/** The SIP side of a measurement: some connections to what is measured, and a listener for its own. */
export class SipEnd {
  readonly #identity: Identity;
  readonly #listener: SipListener;
  /** Connections by the port that they lead to. */
  readonly #byPort = new Map<number, readonly Writer[]>();
  #lines: readonly Writer[] = [];
  #next = 0;

  constructor(identity: Identity, listener: SipListener) {
    this.#identity = identity;
    this.#listener = listener;
  }

  async listen(): Promise<SipPorts> {
    const { credentials, ca } = this.#identity;
    const options = { ...credentials, ca, requestCert: true, rejectUnauthorized: true };
    const serve = (socket: Socket) => void this.#serve(socket);
    const ports: number[] = [];
    for (const server of [createTlsServer(options, serve), createServer(serve)]) {
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      ports.push((server.address() as AddressInfo).port);
    }
    return { tls: ports[0]!, tcp: ports[1]! };
  }

  /** `count` connections to that port are used from now on. Those to other ports stay open: nobody takes us for gone. */
  async connect(transport: Transport, port: number, count: number): Promise<void> {
    const known = this.#byPort.get(port);
    if (known?.every((line) => line.isOpen)) {
      this.#lines = known;
      return;
    }
    const lines: Writer[] = [];
    const { credentials, ca } = this.#identity;
    for (let at = 0; at < count; at++) {
      const tls = { ...credentials, ca, port, host: "127.0.0.1", servername: "sip.example.com" };
      const socket = transport === "tls" ? tlsConnect(tls) : connect(port, "127.0.0.1");
      const line = this.#serve(socket);
      await new Promise<void>((resolve, reject) => {
        socket.once(transport === "tls" ? "secureConnect" : "connect", resolve);
        socket.once("error", reject);
      });
      lines.push(line);
    }
    this.#byPort.set(port, lines);
    this.#lines = lines;
  }

  /** One of the connections, each in its turn. */
  line(): Writer {
    return this.#lines[this.#next++ % this.#lines.length]!;
  }

  #serve(socket: Socket): Writer {
    const line = new Writer(socket, "latin1");
    const stream = new SipStream();
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) =>
      stream.push(chunk, (head, body) => {
        const message = { head, body, line };
        if (head.startsWith("SIP/2.0")) this.#listener.onAnswer(message);
        else this.#listener.onRequest(message);
      }),
    );
    return line;
  }
}
