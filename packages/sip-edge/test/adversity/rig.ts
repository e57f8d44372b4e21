/** Processes and senders for the tests in this folder. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { createAuthority } from "@tombolo/testkit";

export const GOOD = "contoso.example";
export const BAD = "fabrikam.example";
/** Neighbours enough for many connections: the edge takes few of each partner. */
export const CROWD: readonly string[] = Array.from({ length: 8 }, (_, at) => `crowd${at}.example`);

export interface EdgeOrder {
  readonly credentials: { readonly cert: string; readonly key: string };
  readonly ca: string;
  readonly partners: readonly string[];
  readonly handshakeMs: number;
  readonly partialMs: number;
}

export type EdgeQuestion = "figures";

/** Of the edge's process, after garbage collections. Bytes. */
export interface EdgeFigures {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  /** Sockets, timers and the like that keep Node's loop going. */
  readonly resources: number;
  readonly connections: number;
  /** Closed connections by reason. */
  readonly closed: Readonly<Record<string, number>>;
  readonly handshakes: Readonly<Record<string, number>>;
  readonly cpuMs: number;
}

export interface FloodOrder {
  readonly port: number;
  readonly domain: string;
  readonly credentials: { readonly cert: string; readonly key: string };
  readonly ca: string;
  readonly connections: number;
}

const authority = createAuthority({ name: "adversity" });
const ours = authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });
const certificates = new Map<string, { readonly cert: string; readonly key: string }>();
function certificateOf(domain: string) {
  let found = certificates.get(domain);
  if (!found) {
    found = authority.issue({ commonName: `sip.${domain}`, dns: [`sip.${domain}`] });
    certificates.set(domain, found);
  }
  return found;
}

/** A process beside this one that is asked and answers. */
class Beside {
  readonly #child: ChildProcess;

  constructor(file: string) {
    // A small young generation fills at once: with Node's own the resident set grows by 100 MiB before it stands still.
    const execArgv = ["--expose-gc", "--max-semi-space-size=1", "--disable-warning=ExperimentalWarning"];
    this.#child = fork(join(import.meta.dirname, file), {
      execArgv,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  ask<T>(question: object | string): Promise<T> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the process ended with ${code}`));
      this.#child.once("exit", onExit);
      this.#child.once("message", (answer) => {
        this.#child.off("exit", onExit);
        resolve(answer as T);
      });
      this.#child.send(question);
    });
  }

  tell(order: object): void {
    this.#child.send(order);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await ended;
  }
}

export class AdversityRig {
  readonly #edge = new Beside("edge-process.ts");
  readonly #others: Beside[] = [];
  readonly #sockets = new Set<TLSSocket>();
  port = 0;

  async start(limits: { readonly handshakeMs?: number; readonly partialMs?: number } = {}): Promise<this> {
    const { handshakeMs = 10_000, partialMs = 15_000 } = limits;
    const order: EdgeOrder = {
      credentials: ours,
      ca: authority.cert,
      partners: [GOOD, BAD, ...CROWD],
      handshakeMs,
      partialMs,
    };
    this.port = (await this.#edge.ask<{ port: number }>(order)).port;
    return this;
  }

  figures(): Promise<EdgeFigures> {
    return this.#edge.ask<EdgeFigures>("figures" satisfies EdgeQuestion);
  }

  /** Rejects where the edge does not want it. */
  async connect(domain: string): Promise<TLSSocket> {
    const options = { ...certificateOf(domain), ca: authority.cert, servername: "sip.example.com" };
    const socket = connect({ ...options, host: "127.0.0.1", port: this.port });
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    await new Promise((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
    });
    socket.on("error", () => {});
    return socket;
  }

  /** Another process that floods the edge from now on; ask it how much it has got through. */
  flood(
    domain: string,
    connections: number,
  ): () => Promise<{ readonly sent: number; readonly answers: number }> {
    const beside = new Beside("flood-process.ts");
    this.#others.push(beside);
    const order: FloodOrder = {
      port: this.port,
      domain,
      credentials: certificateOf(domain),
      ca: authority.cert,
      connections,
    };
    beside.tell(order);
    return () => beside.ask("how much");
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const other of this.#others) await other.end();
    await this.#edge.end();
  }
}

/** A partner that behaves: one MESSAGE after the other on one connection, each timed. */
export class GoodPartner {
  readonly #socket: TLSSocket;
  #serial = 0;
  #answered: () => void = () => {};
  #failed: (error: Error) => void = () => {};
  #text = "";

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("close", () => this.#failed(new Error("the good partner's connection was closed")));
    socket.on("data", (chunk: Buffer) => {
      this.#text = (this.#text + chunk.toString("latin1")).slice(-16_384);
      if (this.#text.includes(`Call-ID: good${this.#serial}\r\n`)) this.#answered();
    });
  }

  /** ms that each of `count` MESSAGEs took, sorted; `pauseMs` lies between them. */
  async times(count: number, pauseMs: number): Promise<Times> {
    const all: number[] = [];
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      await this.#message();
      all.push(performance.now() - began);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    all.sort((a, b) => a - b);
    const at = (share: number) => all[Math.min(all.length - 1, Math.floor(all.length * share))]!;
    return { p50: at(0.5), p99: at(0.99), max: all.at(-1)! };
  }

  #message(): Promise<void> {
    const id = ++this.#serial;
    const lines = [
      "MESSAGE sip:alice@example.com SIP/2.0",
      `Via: SIP/2.0/TLS sip.${GOOD}:5061;branch=z9hG4bKgood${id}`,
      "Max-Forwards: 70",
      `From: <sip:bob@${GOOD}>;tag=b1`,
      "To: <sip:alice@example.com>",
      `Call-ID: good${id}`,
      "CSeq: 1 MESSAGE",
      "Content-Type: text/plain",
      "Content-Length: 5",
      "",
      "hello",
    ];
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(lines.join("\r\n"), "latin1");
    });
  }
}

/** ms */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function shown({ p50, p99, max }: Times): string {
  return `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} max ${max.toFixed(2)} ms`;
}

export const MIB = 1024 * 1024;
