/** The load: many transactions over a few mutual TLS connections, closed or open loop. A process of its own. */
import { connect, type TLSSocket } from "node:tls";
import type { Caller, LoadFigures, LoadOrder, LoadReport, LoadRun } from "./load-protocol.ts";
import { requestText } from "./requests.ts";
import { headerIn, SipStream } from "./sip-stream.ts";

const MESSAGES_IN_A_SESSION = 10;
const DEFAULT_WINDOW = 64;
/** Handshakes at the same time: the edge takes no more than it can end. */
const AT_ONCE = 32;
/** A run ends when nothing was answered for so long, ms. */
const STALLED_MS = 5_000;

interface Dialog {
  readonly line: Line;
  readonly callId: string;
  toTag: string;
  routes: string;
  cseq: number;
}

/** One request under way. */
interface Pending {
  readonly dialog: Dialog;
  readonly method: string;
  readonly sentAt: number;
}

/** One connection of one caller. What is sent in one turn goes out in one write. */
class Line {
  readonly domain: string;
  readonly socket: TLSSocket;
  readonly #stream = new SipStream();
  #out = "";

  constructor(caller: Caller, order: Extract<LoadOrder, { kind: "connect" }>, take: (head: string) => void) {
    this.domain = caller.domain;
    const { port, ca } = order;
    this.socket = connect({
      ...caller.credentials,
      ca,
      port,
      host: "127.0.0.1",
      servername: "sip.example.com",
    });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.#stream.push(chunk, take);
      flushAll();
    });
  }

  get secured(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once("secureConnect", resolve);
      this.socket.once("error", reject);
    });
  }

  send(text: string): void {
    if (this.#out === "") waiting.push(this);
    this.#out += text;
  }

  flush(): void {
    this.socket.write(this.#out, "latin1");
    this.#out = "";
  }
}

const waiting: Line[] = [];
function flushAll(): void {
  for (const line of waiting.splice(0)) line.flush();
}

let lines: Line[] = [];
let kept: Dialog[] = [];
let serial = 0;
let run: Run | undefined;

class Run {
  readonly #order: LoadRun;
  readonly #pending = new Map<string, Pending>();
  readonly #times: number[] = [];
  readonly #started = performance.now();
  readonly #done: (figures: LoadFigures) => void;
  readonly #timer: NodeJS.Timeout;
  #begun = 0;
  #ended = 0;
  #failures = 0;
  #example = "";
  #lastAnswer = this.#started;

  constructor(order: LoadRun, done: (figures: LoadFigures) => void) {
    this.#order = order;
    this.#done = done;
    if (order.scenario === "open") kept = [];
    const window = Math.min(order.count, order.window ?? DEFAULT_WINDOW);
    if (order.rate === undefined) for (let i = 0; i < window; i++) this.#begin();
    flushAll();
    this.#timer = setInterval(() => this.#tick(), order.rate === undefined ? 200 : 1);
  }

  #tick(): void {
    const { rate, count } = this.#order;
    const now = performance.now();
    if (rate !== undefined) {
      const due = Math.min(count, Math.floor(((now - this.#started) / 1000) * rate));
      while (this.#begun < due) this.#begin();
      flushAll();
    }
    if (now - this.#lastAnswer > STALLED_MS) {
      this.#failures += this.#pending.size;
      this.#finish();
    }
  }

  #begin(): void {
    const at = this.#begun++;
    const { scenario } = this.#order;
    if (scenario === "refresh") {
      this.#send(kept[at % kept.length]!, "SUBSCRIBE");
      return;
    }
    const line = lines[at % lines.length]!;
    const dialog: Dialog = {
      line,
      callId: `${(serial++).toString(36)}-0b1cfe2adc0b4e5b@bench`,
      toTag: "",
      routes: "",
      cseq: 0,
    };
    if (scenario === "open") kept.push(dialog);
    this.#send(dialog, scenario === "message" ? "MESSAGE" : scenario === "session" ? "INVITE" : "SUBSCRIBE");
  }

  #send(dialog: Dialog, method: string): void {
    const { line, callId, toTag, routes } = dialog;
    const branch = (serial++).toString(36);
    const cseq = method === "ACK" ? dialog.cseq : ++dialog.cseq;
    line.send(
      requestText(line.domain, { method, branch: `0a1b2c3d4e-${branch}`, callId, cseq, toTag, routes }),
    );
    if (method !== "ACK") this.#pending.set(branch, { dialog, method, sentAt: performance.now() });
  }

  take(head: string): void {
    if (head.charCodeAt(8) === 49) return;
    const at = head.indexOf("z9hG4bK0a1b2c3d4e-");
    const branch = /^[0-9a-z]+/.exec(head.slice(at + 18, at + 30))?.[0] ?? "";
    const pending = this.#pending.get(branch);
    if (!pending) return;
    this.#pending.delete(branch);
    this.#lastAnswer = performance.now();
    this.#times.push(this.#lastAnswer - pending.sentAt);
    if (head.charCodeAt(8) !== 50) {
      this.#failures++;
      this.#example = head.slice(0, head.indexOf("\r\n"));
      this.#next();
    } else this.#goOn(pending, head);
    if (this.#ended === this.#order.count) this.#finish();
  }

  #goOn({ dialog, method }: Pending, head: string): void {
    if (dialog.toTag === "" && method !== "MESSAGE") {
      dialog.toTag = /;tag=([^;\s]+)/.exec(headerIn(head, "To"))?.[1] ?? "";
      dialog.routes = routesFrom(head);
    }
    if (method === "INVITE") this.#send(dialog, "ACK");
    if (this.#order.scenario !== "session" || method === "BYE") this.#next();
    else this.#send(dialog, dialog.cseq <= MESSAGES_IN_A_SESSION ? "MESSAGE" : "BYE");
  }

  #next(): void {
    this.#ended++;
    if (this.#order.rate === undefined && this.#begun < this.#order.count) this.#begin();
  }

  #finish(): void {
    clearInterval(this.#timer);
    run = undefined;
    const sorted = Float64Array.from(this.#times).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    this.#done({
      transactions: sorted.length,
      failures: this.#failures,
      seconds: (this.#lastAnswer - this.#started) / 1000,
      p50: at(0.5),
      p99: at(0.99),
      max: sorted.at(-1) ?? 0,
      example: this.#example,
    });
  }
}

/** Route lines from the Record-Route of an answer: the caller takes them in reverse order (RFC 3261 12.1.2). */
function routesFrom(head: string): string {
  const found: string[] = [];
  for (const line of head.split("\r\n")) {
    if (!line.startsWith("Record-Route: ")) continue;
    for (const route of line.slice(14).split(/,\s*(?=<)/)) found.unshift(route);
  }
  return found.map((route) => `Route: ${route}\r\n`).join("");
}

function close(): void {
  for (const { socket } of lines) socket.destroy();
  lines = [];
}

function tell(report: LoadReport): void {
  process.send?.(report);
}

async function connectAll(order: Extract<LoadOrder, { kind: "connect" }>): Promise<void> {
  close();
  for (let at = 0; at < order.callers.length; at += AT_ONCE) {
    const some = order.callers.slice(at, at + AT_ONCE);
    const next = some.map((caller) => new Line(caller, order, (head) => run?.take(head)));
    await Promise.all(next.map((line) => line.secured));
    lines.push(...next);
  }
}

process.on("message", (order: LoadOrder) => {
  if (order.kind === "connect") {
    connectAll(order).then(
      () => tell({ kind: "connected" }),
      (error: Error) => tell({ kind: "not-connected", why: error.message }),
    );
  } else if (order.kind === "run") {
    run = new Run(order, (figures) => tell({ kind: "figures", ...figures }));
  } else close();
});
process.once("disconnect", () => process.exit(0));
