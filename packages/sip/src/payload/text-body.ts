import type { Body } from "../message/build.ts";
import { decodeCharset } from "./charset.ts";
import { CPIM_TYPE, readCpim } from "./cpim.ts";
import { htmlToText } from "./html-text.ts";
import { type MediaType, parseMediaType } from "./media-type.ts";
import { type BodyPart, splitMultipart } from "./multipart.ts";
import { rtfToText } from "./rtf-text.ts";
import { writtenBody } from "./written-body.ts";
import { dropIllegalXml } from "./xml-text.ts";

/** How deep a multipart may stand in a multipart; the outermost is 1. */
export const MAX_MULTIPART_DEPTH = 3;

/** Media types that `decodeTextBody` reads, best first. */
export const READABLE_TYPES = ["text/plain", "multipart/alternative", "text/html", "text/rtf"] as const;

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
 * The text of a MESSAGE body. Reads text/plain; text/html and text/rtf reduced to plain text (C-11); what message/cpim
 * wraps; and the best part of multipart/alternative, mixed and related: plain before the others, and none that is empty
 * if another is not. A part that is marked `handling=required` and is not understood refuses the whole (RFC 5621 4).
 * `contentType` is the header's value; undefined reads as UTF-8 text.
 */
export function decodeTextBody(contentType: string | undefined, body: Uint8Array): TextReading {
  if (contentType === undefined) return decodePlain(undefined, body);
  const mediaType = parseMediaType(contentType);
  return mediaType === undefined ? refuse("malformed", contentType) : decodeEntity(mediaType, body, 1);
}

/** Text to put into a body under `TEXT_CONTENT_TYPE`: every line end becomes CRLF. */
export function encodeTextBody(text: string): Uint8Array {
  return new TextEncoder().encode(withLineEnds(text));
}

/** A text as a body under `TEXT_CONTENT_TYPE`. */
export function textBody(text: string): Body {
  return writtenBody(TEXT_CONTENT_TYPE, withLineEnds(text));
}

function withLineEnds(text: string): string {
  return text.replace(/\r\n|\r|\n/g, "\r\n");
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
    case "text/html":
      return decodeHtml(mediaType.params.get("charset"), body);
    case "text/rtf":
    case "application/rtf":
      return plainOf(rtfToText(body), mediaType.type);
    case CPIM_TYPE:
      return decodeCpim(body, depth);
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

function decodeHtml(charset: string | undefined, body: Uint8Array): TextReading {
  const html = decodeCharset(body, charset ?? "utf-8");
  if (html === undefined) return refuse("unknown-charset", charset ?? "");
  return plainOf(htmlToText(html), "text/html");
}

/** A rich text reduced to a plain one, if it could be. */
function plainOf(text: string | undefined, type: string): TextReading {
  return text === undefined ? refuse("malformed", type) : { ok: true, text: cleanText(text) };
}

function decodeCpim(body: Uint8Array, depth: number): TextReading {
  const cpim = depth > MAX_MULTIPART_DEPTH ? undefined : readCpim(body);
  if (!cpim) return refuse("malformed", CPIM_TYPE);
  if (cpim.contentType === undefined) return decodePlain(undefined, cpim.content);
  const mediaType = parseMediaType(cpim.contentType);
  return mediaType ? decodeEntity(mediaType, cpim.content, depth + 1) : refuse("malformed", cpim.contentType);
}

function decodeMultipart(mediaType: MediaType, body: Uint8Array, depth: number): TextReading {
  const parts = splitMultipart(body, mediaType.params.get("boundary") ?? "");
  if (parts === undefined) return refuse("malformed", mediaType.type);
  let text: TextReading | undefined;
  let textRank = 0;
  let firstRefusal: TextReading | undefined;
  for (const part of parts) {
    const reading = decodePart(part, depth);
    if (reading.ok) {
      const rank = rankOf(part, reading.text);
      if (rank <= textRank) continue;
      text = reading;
      textRank = rank;
    } else if (part.required && mediaType.type !== "multipart/alternative") return reading;
    else firstRefusal ??= reading;
  }
  return text ?? firstRefusal ?? refuse("malformed", mediaType.type);
}

/** Senders make the plain part with more care than we could reduce the rich one, unless they leave it empty. */
function rankOf(part: BodyPart, text: string): number {
  const isPlain = part.mediaType === undefined || part.mediaType.type === "text/plain";
  return (text.trim() === "" ? 1 : 3) + (isPlain ? 1 : 0);
}

function decodePart(part: BodyPart, depth: number): TextReading {
  if (!part.body) return refuse("unsupported-media-type", part.contentType ?? "text/plain");
  if (part.contentType === undefined) return decodePlain(undefined, part.body);
  if (part.mediaType === undefined) return refuse("malformed", part.contentType);
  return decodeEntity(part.mediaType, part.body, depth + 1);
}
