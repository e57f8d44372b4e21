import { headEnd, type SipMessage, type StartLine, startText, WrittenMessage } from "@tombolo/sip";
import type { HeadWriter } from "./head-writer.ts";

/** The CRLF of a line, and the `: ` of a header. */
const LINE_END = 2;
const COLON_BLANK = 2;

/**
 * For messages that only go out: writes the head at once, and takes lines that stay as they came over in runs. What is
 * written is what `wireText` writes for the same headers.
 */
export class HeadText implements HeadWriter {
  private readonly from: SipMessage;
  private readonly head: string;
  private readonly lines: readonly number[] | undefined;
  private text = "";
  /** The run of lines that is not written yet: from `runStart` up to `runEnd`, which is -1 where there is none. */
  private runStart = 0;
  private runEnd = -1;

  /** @param from the message that lines are kept from */
  constructor(from: SipMessage) {
    this.from = from;
    this.head = from.source?.head ?? "";
    this.lines = from.source?.lines;
  }

  add(name: string, value: string): void {
    this.endRun();
    this.text += `${name}: ${value}\r\n`;
  }

  keep(i: number, name: string, value: string): void {
    const at = this.lines === undefined ? -1 : this.lines[i]!;
    if (at < 0) {
      this.add(name, value);
      return;
    }
    if (at !== this.runEnd) {
      this.endRun();
      this.runStart = at;
    }
    this.runEnd = at + name.length + COLON_BLANK + value.length + LINE_END;
  }

  replace(i: number, name: string, value: string | undefined, was: string): void {
    if (value === undefined) return;
    if (value === was) this.keep(i, name, value);
    else this.add(name, value);
  }

  message(start: StartLine, body: Uint8Array | string): SipMessage {
    this.endRun();
    const line = start === this.from.start ? this.startAsCame() : undefined;
    return new WrittenMessage(start, (line ?? startText(start)) + this.text + headEnd(body.length), body);
  }

  private endRun(): void {
    const { head, runStart, runEnd } = this;
    if (runEnd < 0) return;
    // The last line of a head has no CRLF in it.
    this.text += runEnd <= head.length ? head.slice(runStart, runEnd) : `${head.slice(runStart)}\r\n`;
    this.runEnd = -1;
  }

  /** The start line to the letter, where it is written as we would write it. */
  private startAsCame(): string | undefined {
    const { head } = this;
    const end = head.indexOf("\r\n") + LINE_END;
    if (end < LINE_END) return undefined;
    const isUsual = this.from.isRequest
      ? head.startsWith(" SIP/2.0\r\n", end - 10)
      : head.startsWith("SIP/2.0 ") && head.charCodeAt(11) === 0x20;
    return isUsual ? head.slice(0, end) : undefined;
  }
}
