import { SipMessage, type StartLine } from "@tombolo/sip";

type Source = SipMessage["source"];

/** The headers of a message in the making. Lines that stay as they came are remembered as such, and cost no writing. */
export class HeadWriter {
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  private readonly source: Source;
  private readonly lines: number[] | undefined;

  /** @param source of the message that lines are kept from */
  constructor(source: Source) {
    this.source = source;
    this.lines = source && [];
  }

  /** @param name canonical. */
  add(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
    this.lines?.push(-1);
  }

  /** Header `i` of the message, as it came. */
  keep(i: number, name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
    if (this.lines) this.lines.push(this.source!.lines[i]!);
  }

  /** Header `i` of the message with a value that may be another; undefined = left out. */
  replace(i: number, name: string, value: string | undefined, was: string): void {
    if (value === undefined) return;
    if (value === was) this.keep(i, name, value);
    else this.add(name, value);
  }

  /** @param body one character per byte where it is text */
  message(start: StartLine, body: Uint8Array | string): SipMessage {
    const source = this.lines && { head: this.source!.head, lines: this.lines };
    return new SipMessage(start, this.names, this.values, body, undefined, source);
  }
}
