import { splitFirst } from "../header/list.ts";
import { checkHeader, checkStartLine } from "./build.ts";
import { canonicalHeader, type HeaderName } from "./header-names.ts";
import { indexOfHeader, SipMessage } from "./message.ts";
import type { StartLine } from "./start-line.ts";

/**
 * A changed copy of a message in the making: what a proxy does to what it forwards (RFC 3261 16.6, 16.7).
 * Line breaks in what is put in throw a RangeError, as in `buildRequest`; Content-Length is left to `serialize`.
 */
export class MessageDraft {
  private start: StartLine;
  private readonly names: string[];
  private readonly values: string[];
  private readonly head: string;
  /** `HeadSource.lines`; undefined where there is no source. */
  private readonly lines: number[] | undefined;
  private body: Uint8Array | string;
  private readonly fault: string | undefined;

  constructor(message: SipMessage) {
    this.start = message.start;
    this.names = [...message.headerNames];
    this.values = [...message.headerValues];
    this.head = message.source?.head ?? "";
    this.lines = message.source && [...message.source.lines];
    this.body = message.content;
    this.fault = message.fault;
  }

  requestUri(uri: string): this {
    if (this.start.kind === "request") {
      this.start = checkStartLine({ kind: "request", method: this.start.method, uri });
    }
    return this;
  }

  status(status: number, reason: string): this {
    if (this.start.kind === "response") this.start = checkStartLine({ kind: "response", status, reason });
    return this;
  }

  withBody(body: Uint8Array): this {
    this.body = body;
    return this;
  }

  /** Puts a header above the first of its name, or at the top when there is none. */
  prepend(name: HeaderName, value: string): this {
    return this.insert(Math.max(0, indexOfHeader(this.names, name, 0)), name, value);
  }

  append(name: HeaderName, value: string): this {
    return this.insert(this.names.length, name, value);
  }

  /** Sets the first header of that name and drops the others; appends where there was none. */
  set(name: HeaderName, value: string): this {
    const at = indexOfHeader(this.names, name, 0);
    if (at < 0) return this.append(name, value);
    checkHeader(this.names[at]!, value);
    this.put(at, value);
    this.dropFrom(at + 1, name);
    return this;
  }

  remove(name: HeaderName): this {
    this.dropFrom(0, name);
    return this;
  }

  /** Takes the first element of a comma-separated header away (the top Via, the top Route). */
  removeFirst(name: HeaderName): this {
    const found = this.firstElement(name);
    if (!found) return this;
    if (splitFirst(found.rest)) this.put(found.at, found.rest);
    else this.drop(found.at);
    return this;
  }

  /** Replaces the first element of a comma-separated header. Does nothing where there is none. */
  replaceFirst(name: HeaderName, element: string): this {
    const found = this.firstElement(name);
    if (!found) return this;
    checkHeader(this.names[found.at]!, element);
    this.put(found.at, splitFirst(found.rest) ? `${element}, ${found.rest}` : element);
    return this;
  }

  build(): SipMessage {
    const source = this.lines && { head: this.head, lines: this.lines };
    return new SipMessage(this.start, this.names, this.values, this.body, this.fault, source);
  }

  /** The same element that `SipMessage.list` gives first; lines without any are dropped on the way. */
  private firstElement(name: HeaderName): { readonly at: number; readonly rest: string } | undefined {
    for (;;) {
      const at = indexOfHeader(this.names, name, 0);
      if (at < 0) return undefined;
      const split = splitFirst(this.values[at]!);
      if (split) return { at, rest: split.rest };
      this.drop(at);
    }
  }

  private insert(at: number, name: HeaderName, value: string): this {
    const own = canonicalHeader(name);
    checkHeader(own, value);
    if (own === "Content-Length") return this;
    insertAt(this.names, at, own);
    insertAt(this.values, at, value);
    if (this.lines) insertAt(this.lines, at, -1);
    return this;
  }

  private put(at: number, value: string): void {
    this.values[at] = value;
    if (this.lines) this.lines[at] = -1;
  }

  private dropFrom(from: number, name: HeaderName): void {
    for (let at = indexOfHeader(this.names, name, from); at >= 0; ) {
      this.drop(at);
      at = indexOfHeader(this.names, name, at);
    }
  }

  private drop(at: number): void {
    this.names.splice(at, 1);
    this.values.splice(at, 1);
    this.lines?.splice(at, 1);
  }
}

/** `splice` makes an array of what it removes, even of nothing; every forwarded message comes by here. */
function insertAt<T>(list: T[], at: number, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1]!;
  list[at] = item;
}
