import { decodeBase64 } from "./base64.ts";

const CR = 13;
const LF = 10;
const EQUALS = 0x3d;

/**
 * The bytes behind a Content-Transfer-Encoding (RFC 2045 6): base64 and quoted-printable decoded, 7bit, 8bit, binary and
 * none as they are. SIP needs none of them (RFC 3261 27.3), but mail-minded gateways send them.
 * @returns undefined for an encoding that is unknown, or bytes that are not of it
 */
export function decodeTransfer(encoding: string | undefined, bytes: Uint8Array): Uint8Array | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case "":
    case "7bit":
    case "8bit":
    case "binary":
      return bytes;
    case "base64":
      return decodeBase64(new TextDecoder("latin1").decode(bytes).replace(/[\r\n]+/g, ""));
    case "quoted-printable":
      return decodeQuotedPrintable(bytes);
    default:
      return undefined;
  }
}

/** RFC 2045 6.7. Blanks at the end of a line are the transport's; `=` before a line end joins two lines. */
function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  /** What was written as =XX is meant, blanks too. */
  let meant = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === CR || byte === LF) {
      length = withoutBlanks(out, length, meant);
      out[length++] = byte;
    } else if (byte !== EQUALS) out[length++] = byte;
    else {
      const lineEnd = softBreak(bytes, at + 1);
      if (lineEnd !== undefined) at = lineEnd;
      else {
        const value = hexPair(bytes, at + 1);
        if (value === undefined) return undefined;
        out[length++] = value;
        meant = length;
        at += 2;
      }
    }
  }
  return out.subarray(0, withoutBlanks(out, length, meant));
}

function withoutBlanks(out: Uint8Array, length: number, meant: number): number {
  let end = length;
  while (end > meant && (out[end - 1] === 0x20 || out[end - 1] === 0x09)) end--;
  return end;
}

/** Where a soft line break ends that begins here; blanks may stand before it. The end of the body is one. */
function softBreak(bytes: Uint8Array, from: number): number | undefined {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  if (at >= bytes.length) return at - 1;
  if (bytes[at] === LF) return at;
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 1 : undefined;
}

function hexPair(bytes: Uint8Array, at: number): number | undefined {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high === undefined || low === undefined ? undefined : high * 16 + low;
}

function hexDigit(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}
