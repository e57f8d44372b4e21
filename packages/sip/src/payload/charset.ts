/** Code points of windows-1252 for bytes 80 to 9F; the five unassigned bytes stand for the C1 controls, as in WHATWG. */
const WINDOWS_1252_HIGH =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

type Decode = (bytes: Uint8Array) => string;

/** Charset names in lower case. Latin-1 is read as windows-1252, which is what senders who name it mean. */
const CHARSETS: ReadonlyMap<string, Decode> = new Map([
  ["utf-8", decodeUtf8],
  ["utf8", decodeUtf8],
  ["us-ascii", decodeWindows1252],
  ["ascii", decodeWindows1252],
  ["iso-8859-1", decodeWindows1252],
  ["latin1", decodeWindows1252],
  ["windows-1252", decodeWindows1252],
  ["cp1252", decodeWindows1252],
  ["utf-16", decodeUtf16],
  ["utf-16le", (bytes) => new TextDecoder("utf-16le").decode(bytes)],
  ["utf-16be", (bytes) => new TextDecoder("utf-16be").decode(bytes)],
]);

/**
 * Text from bytes. Byte sequences that the charset does not know become U+FFFD, a byte order mark is taken off.
 * Undefined when the charset is none that we read.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string | undefined {
  return CHARSETS.get(charset.trim().toLowerCase())?.(bytes);
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

/** RFC 2781 4.3: the byte order mark decides, big-endian without one. */
function decodeUtf16(bytes: Uint8Array): string {
  const little = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(little ? "utf-16le" : "utf-16be").decode(bytes);
}

/** By table: the runtimes' own decoders of this charset have differed in these 32 bytes. */
function decodeWindows1252(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += byte >= 0x80 && byte < 0xa0 ? WINDOWS_1252_HIGH[byte - 0x80] : String.fromCharCode(byte);
  }
  return text;
}
