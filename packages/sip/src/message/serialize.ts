import type { HeadSource, SipMessage } from "./message.ts";
import type { Latin1 } from "./octets.ts";
import type { StartLine } from "./start-line.ts";

/** A message as it goes out: the head one character per byte (latin1), the body as bytes. */
export interface WireMessage {
  readonly head: string;
  readonly body: Uint8Array;
}

/**
 * Writes a message from its parsed structure, so nothing that the parser did not understand as a header can get out.
 * Content-Length is always written (RFC 3261 18.3).
 */
export function serialize(message: SipMessage): WireMessage {
  return { head: headText(message), body: message.body };
}

/** The whole message as it goes out, one character per byte. */
export function wireText(message: SipMessage, latin1?: Latin1): string {
  return message.bodyLength === 0 ? headText(message) : headText(message) + message.bodyText(latin1);
}

function headText(message: SipMessage): string {
  if (message.headText !== undefined) return message.headText;
  return startText(message.start) + headerLines(message) + headEnd(message.bodyLength);
}

/** A start line with its CRLF. */
export function startText(start: StartLine): string {
  return start.kind === "request"
    ? `${start.method} ${start.uri} SIP/2.0\r\n`
    : `SIP/2.0 ${start.status} ${start.reason}\r\n`;
}

/** What every head ends with. @param bodyLength bytes */
export function headEnd(bodyLength: number): string {
  return bodyLength === 0 ? EMPTY_BODY : `Content-Length: ${bodyLength}\r\n\r\n`;
}

const EMPTY_BODY = "Content-Length: 0\r\n\r\n";

function headerLines(message: SipMessage): string {
  const { headerNames, headerValues, source } = message;
  let out = "";
  let runStart = 0;
  let runEnd = -1;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    const value = headerValues[i]!;
    const at = source === undefined ? -1 : source.lines[i]!;
    if (at < 0 || at !== runEnd) {
      if (runEnd >= 0) out += takeRun(source, runStart, runEnd);
      runStart = at;
      runEnd = -1;
    }
    if (at < 0) out += `${name}: ${value}\r\n`;
    else runEnd = at + name.length + 2 + value.length + 2;
  }
  return runEnd < 0 ? out : out + takeRun(source, runStart, runEnd);
}

/** The last line of a head has no CRLF in it. */
function takeRun(source: HeadSource | undefined, start: number, end: number): string {
  if (source === undefined) return "";
  return end <= source.head.length ? source.head.slice(start, end) : `${source.head.slice(start)}\r\n`;
}

/** The whole message as bytes, for tests and tools; connections write head and body themselves. */
export function serializeBytes(message: SipMessage): Uint8Array {
  const { head, body } = serialize(message);
  const out = new Uint8Array(head.length + body.length);
  for (let i = 0; i < head.length; i++) out[i] = head.charCodeAt(i) & 0xff;
  out.set(body, head.length);
  return out;
}
