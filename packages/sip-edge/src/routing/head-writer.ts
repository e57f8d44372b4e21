import { SipMessage, type StartLine } from "@tombolo/sip";

/** The headers of a message in the making, in order; most of them as they came in another. */
export interface HeadWriter {
  /** @param name canonical. */
  add(name: string, value: string): void;
  /** Header `i` of the message, as it came. */
  keep(i: number, name: string, value: string): void;
  /** Header `i` of the message with a value that may be another; undefined = left out. */
  replace(i: number, name: string, value: string | undefined, was: string): void;
  /** @param body one character per byte where it is text */
  message(start: StartLine, body: Uint8Array | string): SipMessage;
}

/** For messages whose headers will be asked for: to the gateway in this process, and INVITEs. */
export class HeadList implements HeadWriter {
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  private readonly source: SipMessage["source"];
  private readonly lines: number[] | undefined;

  /** @param from the message that lines are kept from */
  constructor({ source }: SipMessage) {
    this.source = source;
    this.lines = source && [];
  }

  add(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
    this.lines?.push(-1);
  }

  keep(i: number, name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
    if (this.lines) this.lines.push(this.source!.lines[i]!);
  }

  replace(i: number, name: string, value: string | undefined, was: string): void {
    if (value === undefined) return;
    if (value === was) this.keep(i, name, value);
    else this.add(name, value);
  }

  message(start: StartLine, body: Uint8Array | string): SipMessage {
    const source = this.lines && { head: this.source!.head, lines: this.lines };
    return new SipMessage(start, this.names, this.values, body, undefined, source);
  }
}
