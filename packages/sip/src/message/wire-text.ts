/**
 * Heads are kept as one character per byte. People's words are UTF-8 in those bytes (RFC 3261 7.3.1, 25.1): these two
 * go between the bytes and Unicode.
 */

/** Unicode text as it stands in a head. Control characters are dropped: they could end the line. */
export function toWireText(text: string): string {
  const clean = text.replace(/[\x00-\x1f\x7f]+/g, " ");
  if (isAscii(clean)) return clean;
  let out = "";
  for (const byte of new TextEncoder().encode(clean)) out += String.fromCharCode(byte);
  return out;
}

/** Text of a head as Unicode; bytes that are not UTF-8 are read as Latin-1. */
export function fromWireText(text: string): string {
  if (isAscii(text)) return text;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0xff;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
