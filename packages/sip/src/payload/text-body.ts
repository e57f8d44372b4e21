import { decodeCharset } from "./charset.ts";
import { type MediaType, parseMediaType } from "./media-type.ts";
import { type BodyPart, splitMultipart } from "./multipart.ts";
import { dropIllegalXml } from "./xml-text.ts";

/** How deep a multipart may stand in a multipart; the outermost is 1. */
export const MAX_MULTIPART_DEPTH = 3;

/** Content-Type of every text that `encodeTextBody` makes. */
export const TEXT_CONTENT_TYPE = "text/plain; charset=UTF-8";

export type TextReading =
  | {
      readonly ok: true;
      /** Lines end in LF; only characters that XML 1.0 can carry. May be empty. */
      readonly text: string;
    }
  | {
      readonly ok: false;
      /** All three are the sender's; each is a 415 (RFC 3261 21.4.13). */
      readonly why: "unsupported-media-type" | "unknown-charset" | "malformed";
      /** The type, or the charset, that we can't read, as written. */
      readonly what: string;
    };

/**
 * The text of a MESSAGE body. Reads text/plain, and out of multipart/alternative, mixed and related their first readable
 * text/plain part; a part that is marked `handling=required` and is not understood refuses the whole (RFC 5621 4).
 * `contentType` is the header's value; undefined reads as UTF-8 text.
 */
export function decodeTextBody(contentType: string | undefined, body: Uint8Array): TextReading {
  if (contentType === undefined) return decodePlain(undefined, body);
  const mediaType = parseMediaType(contentType);
  return mediaType === undefined ? refuse("malformed", contentType) : decodeEntity(mediaType, body, 1);
}

/** Text to put into a body under `TEXT_CONTENT_TYPE`: every line end becomes CRLF. */
export function encodeTextBody(text: string): Uint8Array {
  return new TextEncoder().encode(text.replace(/\r\n|\r|\n/g, "\r\n"));
}

/** LF line ends and no character that would break an XML stream (MS-15). */
export function cleanText(text: string): string {
  return dropIllegalXml(text.replace(/\r\n?/g, "\n"));
}

function refuse(why: "unsupported-media-type" | "unknown-charset" | "malformed", what: string): TextReading {
  return { ok: false, why, what };
}

function decodeEntity(mediaType: MediaType, body: Uint8Array, depth: number): TextReading {
  switch (mediaType.type) {
    case "text/plain":
      return decodePlain(mediaType.params.get("charset"), body);
    case "multipart/alternative":
    case "multipart/mixed":
    case "multipart/related":
      return depth > MAX_MULTIPART_DEPTH
        ? refuse("malformed", mediaType.type)
        : decodeMultipart(mediaType, body, depth);
    default:
      return refuse("unsupported-media-type", mediaType.type);
  }
}

function decodePlain(charset: string | undefined, body: Uint8Array): TextReading {
  const text = decodeCharset(body, charset ?? "utf-8");
  return text === undefined ? refuse("unknown-charset", charset ?? "") : { ok: true, text: cleanText(text) };
}

function decodeMultipart(mediaType: MediaType, body: Uint8Array, depth: number): TextReading {
  const parts = splitMultipart(body, mediaType.params.get("boundary") ?? "");
  if (parts === undefined) return refuse("malformed", mediaType.type);
  let text: TextReading | undefined;
  let firstRefusal: TextReading | undefined;
  for (const part of parts) {
    const reading = decodePart(part, depth);
    if (reading.ok) text ??= reading;
    else if (part.required && mediaType.type !== "multipart/alternative") return reading;
    else firstRefusal ??= reading;
  }
  return text ?? firstRefusal ?? refuse("malformed", mediaType.type);
}

function decodePart(part: BodyPart, depth: number): TextReading {
  if (!part.plainTransfer) return refuse("unsupported-media-type", part.contentType ?? "text/plain");
  if (part.contentType === undefined) return decodePlain(undefined, part.body);
  if (part.mediaType === undefined) return refuse("malformed", part.contentType);
  return decodeEntity(part.mediaType, part.body, depth + 1);
}
