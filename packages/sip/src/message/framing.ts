import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./limits.ts";
import { NO_BODY, SipMessage } from "./message.ts";
import { parseHead } from "./parse.ts";

/** Makes a text of one character per byte. The shell passes its platform's fast way. */
export type Latin1 = (bytes: Uint8Array, start: number, end: number) => string;

export type Frame =
  | { readonly kind: "message"; readonly message: SipMessage }
  /** A double CRLF between messages (RFC 5626 4.4.1). */
  | { readonly kind: "keepalive" }
  /**
   * The stream can't be followed any further: answer `message` with `status` where there is one to answer, then
   * close (RFC 3261 18.3). Nothing more comes out of this framer.
   */
  | {
      readonly kind: "broken";
      readonly why: string;
      readonly status: 400 | 413 | 513;
      readonly message?: SipMessage;
    };

interface Waiting {
  readonly message: SipMessage;
  readonly bodyLength: number;
}

const CR = 0x0d;
const LF = 0x0a;

/** Cuts a byte stream into SIP messages by Content-Length (RFC 3261 18.3). */
export class StreamFramer {
  private readonly limits: MessageLimits;
  private readonly latin1: Latin1;
  private buffer: Uint8Array = NO_BODY;
  private start = 0;
  private end = 0;
  /** True when `buffer` is ours to write into, and not a chunk of the socket. */
  private owned = false;
  /** How far the search for the end of the head has come: bytes are looked at once. */
  private searched = 0;
  private waiting: Waiting | undefined;
  private dead = false;

  constructor(latin1: Latin1 = latin1Plain, limits: MessageLimits = DEFAULT_MESSAGE_LIMITS) {
    this.limits = limits;
    this.latin1 = latin1;
  }

  /** Bytes held because a message is not complete. */
  get held(): number {
    return this.end - this.start;
  }

  /** True when a message has begun and is not complete, so that a reader can put a time limit on it. */
  get isPartial(): boolean {
    return this.held > 0 || this.waiting !== undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.dead || chunk.length === 0) return;
    const held = this.held;
    if (held === 0) {
      this.buffer = chunk;
      this.owned = false;
      this.start = 0;
      this.end = chunk.length;
      this.searched = 0;
      return;
    }
    this.append(chunk, held);
  }

  /** The next frame, or undefined when more bytes are needed. */
  next(): Frame | undefined {
    if (this.dead) return undefined;
    if (this.waiting) return this.takeBody(this.waiting);
    const keepalive = this.skipLineEnds();
    if (keepalive) return keepalive;
    if (this.held === 0) return undefined;
    const headEnd = this.findHeadEnd();
    if (headEnd < 0) return this.checkPartialHead();
    return this.takeHead(headEnd);
  }

  private takeHead(headEnd: number): Frame | undefined {
    if (headEnd - this.start > this.limits.head)
      return this.broken(`head over ${this.limits.head} bytes`, 513);
    const parsed = parseHead(this.latin1(this.buffer, this.start, headEnd), this.limits);
    if (!parsed) return this.broken("not a SIP start line", 400);
    const { message, contentLength } = parsed;
    if (contentLength === undefined) return this.broken("Content-Length is missing", 400, message);
    if (contentLength < 0) return this.broken("Content-Length is malformed", 400, message);
    if (contentLength > this.limits.body)
      return this.broken(`body over ${this.limits.body} bytes`, 513, message);
    this.start = headEnd + 4;
    this.searched = this.start;
    if (contentLength === 0) return { kind: "message", message };
    return this.takeBody({ message, bodyLength: contentLength });
  }

  private takeBody(waiting: Waiting): Frame | undefined {
    if (this.held < waiting.bodyLength) {
      this.waiting = waiting;
      return undefined;
    }
    this.waiting = undefined;
    const body = this.buffer.slice(this.start, this.start + waiting.bodyLength);
    this.start += waiting.bodyLength;
    this.searched = this.start;
    const { message } = waiting;
    return {
      kind: "message",
      message: new SipMessage(message.start, message.headerNames, message.headerValues, body, message.fault),
    };
  }

  /** RFC 3261 7.5: CRLFs before a start line are skipped; two of them together are a keep-alive. */
  private skipLineEnds(): Frame | undefined {
    let pairs = 0;
    while (
      this.start + 1 < this.end &&
      this.buffer[this.start] === CR &&
      this.buffer[this.start + 1] === LF
    ) {
      this.start += 2;
      pairs++;
      if (pairs === 2) break;
    }
    if (this.searched < this.start) this.searched = this.start;
    return pairs === 2 ? { kind: "keepalive" } : undefined;
  }

  /** Index of the CRLFCRLF that ends the head, or -1. */
  private findHeadEnd(): number {
    const { buffer, end } = this;
    let at = buffer.indexOf(CR, this.searched);
    while (at >= 0 && at + 3 < end) {
      if (buffer[at + 1] === LF && buffer[at + 2] === CR && buffer[at + 3] === LF) return at;
      at = buffer.indexOf(CR, at + 1);
    }
    this.searched = at >= 0 && at < end ? at : end;
    return -1;
  }

  private checkPartialHead(): Frame | undefined {
    if (this.held > this.limits.head) return this.broken(`head over ${this.limits.head} bytes`, 513);
    if (this.held > this.limits.startLine) {
      const line = this.buffer.subarray(this.start, this.start + this.limits.startLine).indexOf(LF);
      if (line < 0) return this.broken(`start line over ${this.limits.startLine} bytes`, 513);
    }
    return undefined;
  }

  private broken(why: string, status: 400 | 413 | 513, message?: SipMessage): Frame {
    this.dead = true;
    this.buffer = NO_BODY;
    this.start = 0;
    this.end = 0;
    return message ? { kind: "broken", why, status, message } : { kind: "broken", why, status };
  }

  private append(chunk: Uint8Array, held: number): void {
    const need = held + chunk.length;
    if (this.end + chunk.length <= this.buffer.length && this.owned) {
      this.buffer.set(chunk, this.end);
      this.end += chunk.length;
      return;
    }
    const grown = new Uint8Array(Math.max(need * 2, 4096));
    grown.set(this.buffer.subarray(this.start, this.end), 0);
    grown.set(chunk, held);
    this.searched -= this.start;
    this.buffer = grown;
    this.owned = true;
    this.start = 0;
    this.end = need;
  }
}

/** The slow, pure way: fine for tests and small messages. */
export function latin1Plain(bytes: Uint8Array, start: number, end: number): string {
  let out = "";
  for (let at = start; at < end; at += 4096) {
    out += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4096, end)));
  }
  return out;
}
