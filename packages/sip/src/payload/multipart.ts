import { type MediaType, parseMediaType, parseParams } from "./media-type.ts";
import { decodeTransfer } from "./transfer-encoding.ts";

/** Parts read from one multipart body; what follows is not looked at. */
export const MAX_PARTS = 16;
/** Longest boundary, RFC 2046 5.1.1. */
export const MAX_BOUNDARY = 70;

export interface BodyPart {
  /** Undefined: none given or unreadable. RFC 2046 5.1 says text/plain for none. */
  readonly contentType: string | undefined;
  readonly mediaType: MediaType | undefined;
  /** `handling` of Content-Disposition is `required` (RFC 5621 4). Not assumed where it is not written. */
  readonly required: boolean;
  /** As it was before its Content-Transfer-Encoding; undefined where that can't be undone. */
  readonly body: Uint8Array | undefined;
}

const CR = 13;
const LF = 10;

/**
 * Splits a multipart body (RFC 2046 5.1) at its boundary. Tolerates bare LF, a missing preamble line end and a missing
 * closing delimiter. Undefined when the boundary is empty, too long, or nowhere in the body.
 */
export function splitMultipart(body: Uint8Array, boundary: string): readonly BodyPart[] | undefined {
  if (boundary === "" || boundary.length > MAX_BOUNDARY) return undefined;
  const delimiter = new TextEncoder().encode(`--${boundary}`);
  let at = findDelimiter(body, delimiter, 0);
  if (at < 0) return undefined;
  const parts: BodyPart[] = [];
  while (parts.length < MAX_PARTS) {
    const start = lineAfter(body, at + delimiter.length);
    if (start === undefined) break;
    const next = findDelimiter(body, delimiter, start);
    parts.push(readPart(body.subarray(start, next < 0 ? body.length : beforeLineEnd(body, start, next))));
    if (next < 0) break;
    at = next;
  }
  return parts;
}

/** Start of the next delimiter that stands at the beginning of a line. */
function findDelimiter(body: Uint8Array, delimiter: Uint8Array, from: number): number {
  const last = body.length - delimiter.length;
  for (let at = from; at <= last; at++) {
    if (at > 0 && body[at - 1] !== LF) continue;
    let matched = 0;
    while (matched < delimiter.length && body[at + matched] === delimiter[matched]) matched++;
    if (matched === delimiter.length && endsDelimiter(body, at + matched)) return at;
  }
  return -1;
}

/** After a delimiter come `--`, blanks or the end of the line: else it is a longer boundary that begins like ours. */
function endsDelimiter(body: Uint8Array, at: number): boolean {
  const byte = body[at];
  const closing = byte === 0x2d && body[at + 1] === 0x2d;
  return closing || byte === undefined || byte === CR || byte === LF || byte === 0x20 || byte === 0x09;
}

/** Where the line after a delimiter begins; undefined for the closing delimiter or at the end of the body. */
function lineAfter(body: Uint8Array, at: number): number | undefined {
  if (body[at] === 0x2d && body[at + 1] === 0x2d) return undefined;
  const end = body.indexOf(LF, at);
  return end < 0 ? undefined : end + 1;
}

/** The line end before a delimiter belongs to the delimiter. */
function beforeLineEnd(body: Uint8Array, start: number, at: number): number {
  const end = at - 1;
  return end > start && body[end - 1] === CR ? end - 1 : Math.max(start, end);
}

function readPart(bytes: Uint8Array): BodyPart {
  const { head, body } = splitHead(bytes);
  const contentType = headerOf(head, "content-type");
  const disposition = headerOf(head, "content-disposition") ?? "";
  const dispositionParams = parseParams(disposition, disposition.match(/^[^;]*/)?.[0].length ?? 0);
  return {
    contentType,
    mediaType: contentType === undefined ? undefined : parseMediaType(contentType),
    required: dispositionParams?.get("handling")?.toLowerCase() === "required",
    body: decodeTransfer(headerOf(head, "content-transfer-encoding"), body),
  };
}

/** Header lines, unfolded, and what follows the first empty line. */
function splitHead(bytes: Uint8Array): { head: readonly string[]; body: Uint8Array } {
  let lineStart = 0;
  while (lineStart < bytes.length) {
    const lineEnd = bytes.indexOf(LF, lineStart);
    if (lineEnd < 0) break;
    const empty = lineEnd === lineStart || (lineEnd === lineStart + 1 && bytes[lineStart] === CR);
    if (empty) return { head: headLines(bytes.subarray(0, lineStart)), body: bytes.subarray(lineEnd + 1) };
    lineStart = lineEnd + 1;
  }
  return { head: headLines(bytes), body: bytes.subarray(bytes.length) };
}

function headLines(bytes: Uint8Array): readonly string[] {
  return new TextDecoder("utf-8")
    .decode(bytes)
    .replace(/\r?\n[ \t]+/g, " ")
    .split(/\r?\n/);
}

function headerOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((candidate) => candidate.slice(0, name.length + 1).toLowerCase() === `${name}:`);
  return line?.slice(name.length + 1).trim();
}
