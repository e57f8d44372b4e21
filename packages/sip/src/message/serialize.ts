import type { SipMessage } from "./message.ts";

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
  const { start, headerNames, headerValues, body } = message;
  let head =
    start.kind === "request"
      ? `${start.method} ${start.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${start.status} ${start.reason}\r\n`;
  for (let i = 0; i < headerNames.length; i++) head += `${headerNames[i]}: ${headerValues[i]}\r\n`;
  head += `Content-Length: ${body.length}\r\n\r\n`;
  return { head, body };
}

/** The whole message as bytes, for tests and tools; connections write head and body themselves. */
export function serializeBytes(message: SipMessage): Uint8Array {
  const { head, body } = serialize(message);
  const out = new Uint8Array(head.length + body.length);
  for (let i = 0; i < head.length; i++) out[i] = head.charCodeAt(i) & 0xff;
  out.set(body, head.length);
  return out;
}
