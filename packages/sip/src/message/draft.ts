import { nextComma } from "../header/list.ts";
import { type HeaderName, sameHeader } from "./header-names.ts";
import { SipMessage, type StartLine } from "./message.ts";

/** A changed copy of a message in the making: what a proxy does to what it forwards (RFC 3261 16.6, 16.7). */
export class MessageDraft {
  private start: StartLine;
  private readonly names: string[];
  private readonly values: string[];
  private body: Uint8Array;

  constructor(message: SipMessage) {
    this.start = message.start;
    this.names = [...message.headerNames];
    this.values = [...message.headerValues];
    this.body = message.body;
  }

  requestUri(uri: string): this {
    if (this.start.kind === "request") this.start = { kind: "request", method: this.start.method, uri };
    return this;
  }

  status(status: number, reason: string): this {
    if (this.start.kind === "response") this.start = { kind: "response", status, reason };
    return this;
  }

  withBody(body: Uint8Array): this {
    this.body = body;
    return this;
  }

  /** Puts a header above the first of its name, or at the top when there is none. */
  prepend(name: HeaderName, value: string): this {
    const at = Math.max(0, this.names.indexOf(name));
    this.names.splice(at, 0, name);
    this.values.splice(at, 0, value);
    return this;
  }

  append(name: HeaderName, value: string): this {
    this.names.push(name);
    this.values.push(value);
    return this;
  }

  /** Sets the first header of that name and drops the others; appends where there was none. */
  set(name: HeaderName, value: string): this {
    const at = this.names.findIndex((own) => sameHeader(own, name));
    if (at < 0) return this.append(name, value);
    this.values[at] = value;
    for (let i = this.names.length - 1; i > at; i--) if (sameHeader(this.names[i]!, name)) this.drop(i);
    return this;
  }

  remove(name: HeaderName): this {
    for (let i = this.names.length - 1; i >= 0; i--) if (sameHeader(this.names[i]!, name)) this.drop(i);
    return this;
  }

  /** Takes the first element of a comma-separated header away (the top Via, the top Route). */
  removeFirst(name: HeaderName): this {
    const at = this.names.indexOf(name);
    if (at < 0) return this;
    const value = this.values[at]!;
    const comma = nextComma(value, 0);
    if (comma >= value.length) this.drop(at);
    else this.values[at] = value.slice(comma + 1).trim();
    return this;
  }

  /** Replaces the first element of a comma-separated header. */
  replaceFirst(name: HeaderName, element: string): this {
    const at = this.names.indexOf(name);
    if (at < 0) return this;
    const value = this.values[at]!;
    this.values[at] = element + value.slice(nextComma(value, 0));
    return this;
  }

  build(): SipMessage {
    return new SipMessage(this.start, this.names, this.values, this.body);
  }

  private drop(at: number): void {
    this.names.splice(at, 1);
    this.values.splice(at, 1);
  }
}
