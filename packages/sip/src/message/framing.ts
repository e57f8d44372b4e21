import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./limits.ts";
import { NO_BODY, type SipMessage, withBody } from "./message.ts";
import { type Latin1, latin1Plain } from "./octets.ts";
import { parseHead } from "./parse.ts";

export type Frame =
  | { readonly kind: "message"; readonly message: SipMessage }
  /** A double CRLF between messages (RFC 5626 4.4.1). */
  | { readonly kind: "keepalive" }
  /**
   * The stream can't be followed any further: answer `message` with `status` where there is one to answer, then
   * close (RFC 3261 18.3). Nothing more comes out of this framer. `message` may lack its last headers and has no body.
   */
  | {
      readonly kind: "broken";
      readonly why: string;
      readonly status: 400 | 413 | 513;
      readonly message?: SipMessage;
    };

const CR = 0x0d;
const LF = 0x0a;
/** The CRLFCRLF behind a head. */
const HEAD_END = 4;
/** First size of a buffer of our own, bytes. */
const FIRST_BUFFER = 4096;

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 18.3). The same bytes give the same frames,
 * however they are cut into chunks. A reader pushes a chunk and takes frames until there are none: then no more is
 * held than one incomplete message within its limits.
 */
export class StreamFramer {
  private readonly limits: MessageLimits;
  private readonly latin1: Latin1;
  /** What is not consumed yet is `buffer` from `start` to `end`. */
  private buffer: Uint8Array = NO_BODY;
  private start = 0;
  private end = 0;
  /** True when `buffer` is ours to write into, and not a chunk of the socket. */
  private owned = false;
  /** How far the search for the end of the head has come: bytes are looked at once. */
  private searched = 0;
  /** CRLFs since the last message. */
  private lineEnds = 0;
  /** Whose body is awaited. */
  private waiting: SipMessage | undefined;
  private readonly body = new BodyBuffer();
  private dead = false;

  constructor(latin1: Latin1 = latin1Plain, limits: MessageLimits = DEFAULT_MESSAGE_LIMITS) {
    this.limits = limits;
    this.latin1 = latin1;
  }

  /** Bytes held because a message is not complete. */
  get held(): number {
    return this.end - this.start + this.body.have;
  }

  /** True when a message has begun and is not complete, so that a reader can put a time limit on it. */
  get isPartial(): boolean {
    return this.held > 0 || this.waiting !== undefined;
  }

  /**
   * True once for a single CRLF that stands between messages with nothing behind it: the pong of RFC 5626 4.4.1. To be
   * asked when all frames are taken.
   */
  takeLineEnd(): boolean {
    if (this.lineEnds % 2 === 0 || this.isPartial || this.dead) return false;
    this.lineEnds = 0;
    return true;
  }

  /** Takes the next bytes of the stream. The chunk must not change while bytes of it are `held`. */
  push(chunk: Uint8Array): void {
    if (this.dead) return;
    const taken = this.waiting ? this.body.fill(chunk) : 0;
    if (taken === chunk.length) return;
    if (this.start < this.end) {
      this.append(chunk, taken);
      return;
    }
    this.buffer = chunk;
    this.owned = false;
    this.start = taken;
    this.end = chunk.length;
    this.searched = taken;
  }

  /** The next frame, or undefined when more bytes are needed. */
  next(): Frame | undefined {
    if (this.dead) return undefined;
    if (this.waiting) return this.takeBody(this.waiting);
    if (this.skipLineEnds()) return { kind: "keepalive" };
    if (this.start === this.end) return undefined;
    const headEnd = this.findHeadEnd();
    return headEnd < 0 ? this.checkPartialHead() : this.takeHead(headEnd);
  }

  private takeHead(headEnd: number): Frame | undefined {
    const { head, startLine, body } = this.limits;
    if (headEnd - this.start > head) return this.headTooLong();
    if (this.isStartLineOver(headEnd)) return this.broken(`start line over ${startLine} bytes`, 513);
    const parsed = parseHead(this.latin1(this.buffer, this.start, headEnd), this.limits);
    if (!parsed) return this.broken("not a SIP start line", 400);
    const { message, contentLength } = parsed;
    if (contentLength === undefined) return this.broken("Content-Length is missing", 400, message);
    if (contentLength < 0) return this.broken(message.fault ?? "Content-Length is malformed", 400, message);
    if (contentLength > body) return this.broken(`body over ${body} bytes`, 513, message);
    this.start = headEnd + HEAD_END;
    this.searched = this.start;
    this.lineEnds = 0;
    if (contentLength === 0) return { kind: "message", message };
    if (this.end - this.start >= contentLength) return this.takeWholeBody(message, contentLength);
    this.body.begin(contentLength);
    this.start += this.body.fill(this.buffer.subarray(this.start, this.end));
    this.searched = this.start;
    this.waiting = message;
    return undefined;
  }

  /** A body within one chunk becomes text: most are only passed on, and no chunk is kept alive for them. */
  private takeWholeBody(message: SipMessage, length: number): Frame {
    const { start } = this;
    this.start += length;
    this.searched = this.start;
    return { kind: "message", message: withBody(message, this.latin1(this.buffer, start, this.start)) };
  }

  private takeBody(message: SipMessage): Frame | undefined {
    const body = this.body.take();
    this.waiting = body ? undefined : message;
    return body && { kind: "message", message: withBody(message, body) };
  }

  /** RFC 3261 7.5: CRLFs before a start line are skipped; two of them together are a keep-alive. */
  private skipLineEnds(): boolean {
    const { buffer, end } = this;
    while (this.start + 1 < end && buffer[this.start] === CR && buffer[this.start + 1] === LF) {
      this.start += 2;
      this.searched = this.start;
      if (++this.lineEnds % 2 === 0) return true;
    }
    return false;
  }

  /** Index of the CRLFCRLF that ends the head, or -1. Its last byte is in every fourth position, so others are skipped. */
  private findHeadEnd(): number {
    const { buffer, end } = this;
    let last = this.searched + HEAD_END - 1;
    while (last < end) {
      const byte = buffer[last];
      if (byte === LF) {
        if (buffer[last - 1] === CR && buffer[last - 2] === LF && buffer[last - 3] === CR) return last - 3;
        last += 2;
      } else last += byte === CR ? 1 : HEAD_END;
    }
    // What may still be the beginning of the end is looked at again.
    this.searched = Math.max(this.searched, end - HEAD_END + 1);
    return -1;
  }

  private checkPartialHead(): Frame | undefined {
    const { head, startLine } = this.limits;
    // Three bytes of the head's end may have come.
    if (this.end - this.start >= head + HEAD_END) return this.headTooLong();
    return this.isStartLineOver(this.end)
      ? this.broken(`start line over ${startLine} bytes`, 513)
      : undefined;
  }

  /** True when no line end can come in time any more, in what was received up to `end`. */
  private isStartLineOver(end: number): boolean {
    const most = this.start + this.limits.startLine;
    if (end < most) return false;
    const { buffer } = this;
    for (let i = this.start; i <= most && i < end; i++) if (buffer[i] === CR) return false;
    return end > most;
  }

  /** What came up to the limit is read all the same, so that there is something to answer. */
  private headTooLong(): Frame {
    const most = this.start + this.limits.head;
    let end = most;
    while (end > this.start && !(this.buffer[end] === CR && this.buffer[end + 1] === LF)) end--;
    const parsed = parseHead(this.latin1(this.buffer, this.start, end), this.limits);
    return this.broken(`head over ${this.limits.head} bytes`, 513, parsed?.message);
  }

  private broken(why: string, status: 400 | 413 | 513, message?: SipMessage): Frame {
    this.dead = true;
    this.buffer = NO_BODY;
    this.start = 0;
    this.end = 0;
    return message ? { kind: "broken", why, status, message } : { kind: "broken", why, status };
  }

  private append(chunk: Uint8Array, from: number): void {
    const more = chunk.length - from;
    if (!this.owned || this.end + more > this.buffer.length) this.makeRoom(more);
    this.buffer.set(from === 0 ? chunk : chunk.subarray(from), this.end);
    this.end += more;
  }

  private makeRoom(more: number): void {
    const held = this.end - this.start;
    const room = new Uint8Array(Math.max((held + more) * 2, FIRST_BUFFER));
    room.set(this.buffer.subarray(this.start, this.end), 0);
    this.searched -= this.start;
    this.buffer = room;
    this.owned = true;
    this.start = 0;
    this.end = held;
  }
}

/** Collects one body in the memory that is then handed out. Its memory grows with what came, not with what was said. */
class BodyBuffer {
  have = 0;
  private want = 0;
  private bytes: Uint8Array = NO_BODY;

  begin(length: number): void {
    this.want = length;
  }

  /** Takes what it needs of the beginning of `chunk`; gives the number of bytes taken. */
  fill(chunk: Uint8Array): number {
    const taken = Math.min(this.want - this.have, chunk.length);
    const need = this.have + taken;
    if (need > this.bytes.length) this.grow(need);
    this.bytes.set(taken === chunk.length ? chunk : chunk.subarray(0, taken), this.have);
    this.have = need;
    return taken;
  }

  /** The body when it is complete. */
  take(): Uint8Array | undefined {
    if (this.have < this.want) return undefined;
    const { bytes } = this;
    this.bytes = NO_BODY;
    this.have = 0;
    this.want = 0;
    return bytes;
  }

  private grow(need: number): void {
    const room = new Uint8Array(Math.min(this.want, Math.max(need * 2, FIRST_BUFFER)));
    room.set(this.bytes, 0);
    this.bytes = room;
  }
}
