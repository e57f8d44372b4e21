import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./limits.ts";
import { SipMessage } from "./message.ts";
import { parseHead } from "./parse.ts";
import type { StartLine } from "./start-line.ts";

const NONE: readonly string[] = [];
/** What was let in is written with a few lines more. */
const LIMITS: MessageLimits = { ...DEFAULT_MESSAGE_LIMITS, headers: Number.POSITIVE_INFINITY };
/** The CRLFCRLF behind a head. */
const HEAD_END = 4;

/**
 * A message whose head is written already: what a proxy passes on, and hardly ever looks at again. Its headers are
 * read from the text when somebody asks for them.
 */
export class WrittenMessage extends SipMessage {
  private readonly written: string;
  private asRead: SipMessage | undefined;

  /**
   * @param headText from the start line to the empty line, one character per byte, with the Content-Length of `body`
   * @param body a text has one character per byte
   */
  constructor(start: StartLine, headText: string, body: Uint8Array | string) {
    super(start, NONE, NONE, body);
    this.written = headText;
    this.asRead = undefined;
  }

  override get headText(): string {
    return this.written;
  }

  override get headerNames(): readonly string[] {
    return this.read.headerNames;
  }

  override get headerValues(): readonly string[] {
    return this.read.headerValues;
  }

  private get read(): SipMessage {
    this.asRead ??= parseHead(this.written.slice(0, -HEAD_END), LIMITS)!.message;
    return this.asRead;
  }
}
