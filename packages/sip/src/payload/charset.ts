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
]);

/** Decoders of the runtime by label. The labels of the Encoding Standard bound it: others are not kept. */
const DECODERS = new Map<string, Decode>();

/**
 * Text from bytes. Byte sequences that the charset does not know become U+FFFD, a byte order mark is taken off. Reads
 * every charset of the Encoding Standard; undefined when the charset is none of them.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string | undefined {
  const label = charset.trim().toLowerCase();
  const decode = CHARSETS.get(label) ?? DECODERS.get(label) ?? findDecoder(label);
  return decode?.(bytes);
}

function findDecoder(label: string): Decode | undefined {
  try {
    const decoder = new TextDecoder(label);
    // It decodes to U+FFFD whatever it is given: a guard against attacks on browsers, and no text to us.
    if (decoder.encoding === "replacement") return undefined;
    const decode: Decode = (bytes) => decoder.decode(bytes);
    DECODERS.set(label, decode);
    return decode;
  } catch {
    return undefined;
  }
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
