import { isBlank, sliceTrimmed, trimBlanks } from "../header/scan.ts";
import { headerNameAt } from "./header-names.ts";
import type { MessageLimits } from "./limits.ts";
import { NO_BODY, SipMessage } from "./message.ts";
import { parseStartLine } from "./start-line.ts";

/** A head that was read: the message without body, and what its Content-Length said. */
export interface ParsedHead {
  readonly message: SipMessage;
  /**
   * Bytes; undefined when the header is missing; -1 when it cannot be trusted: not a plain number, given twice
   * differently, or in a head whose lines two readers could see differently.
   */
  readonly contentLength: number | undefined;
}

/** A CR without its LF, an LF without its CR, and a NUL that is not half of a quoted-pair (RFC 3261 25.1). */
const STRAY = /\r(?!\n)|(?<!\r)\n|(?<!\\)\0/;
const STRAYS = /\r(?!\n)|(?<!\r)\n|(?<!\\)\0/g;
const BAD_LENGTH = "Content-Length is malformed";

const VIA = 1;
/** Via, From, To, Call-ID and CSeq stand in every message (RFC 3261 8.1.1). */
const MANDATORY = 31;

/** A bit for each header that must be there or, save Via, may be there only once (RFC 3261 20); 0 for others. */
function place(name: string): number {
  switch (name) {
    case "Via":
      return VIA;
    case "From":
      return 2;
    case "To":
      return 4;
    case "Call-ID":
      return 8;
    case "CSeq":
      return 16;
    case "Max-Forwards":
      return 32;
    case "Content-Type":
      return 64;
    default:
      return 0;
  }
}

/**
 * Reads the start line and headers of one message.
 *
 * @param head one character per byte (latin1), from the start line to the last header, without the CRLFs behind it.
 * @returns undefined when the start line is not SIP at all; a message with `fault` when something else is wrong
 *   (RFC 3261 7, 25.1). Folded lines are unfolded. No value ever holds a CR or LF.
 */
export function parseHead(head: string, limits: MessageLimits): ParsedHead | undefined {
  if (STRAY.test(head)) return parseStrayHead(head, limits);
  return parseLines(head, limits);
}

/** Lines end at CRLF and nowhere else; who sees line ends in other places would see another message and body. */
function parseStrayHead(head: string, limits: MessageLimits): ParsedHead | undefined {
  const parsed = parseLines(head.replace(STRAYS, " "), limits);
  if (!parsed) return undefined;
  const ambiguous = /\r(?!\n)|(?<!\r)\n/.test(head);
  const { start, headerNames, headerValues } = parsed.message;
  const fault = ambiguous ? "line end is not CRLF" : "NUL in a header";
  const message = new SipMessage(start, headerNames, headerValues, NO_BODY, fault);
  return { message, contentLength: ambiguous ? -1 : parsed.contentLength };
}

function parseLines(head: string, limits: MessageLimits): ParsedHead | undefined {
  const startEnd = lineEnd(head, 0);
  const start = parseStartLine(head.slice(0, startEnd));
  if (!start) return undefined;
  let { fault } = start;
  const names: string[] = [];
  const values: string[] = [];
  let contentLength: number | undefined;
  let seen = 0;
  let end = startEnd;
  for (let at = startEnd + 2; at < head.length; at = end + 2) {
    end = lineEnd(head, at);
    const folded = isFolded(head, end);
    while (isFolded(head, end)) end = lineEnd(head, end + 2);
    const colon = head.indexOf(":", at);
    if (colon < 0 || colon > end) {
      fault ??= "header line without a colon";
      continue;
    }
    const name = headerName(head, at, colon);
    if (name === undefined) {
      fault ??= "header name is not a token";
      continue;
    }
    const value = folded ? unfold(head.slice(colon + 1, end)) : sliceTrimmed(head, colon + 1, end);
    if (name === "Content-Length") {
      contentLength = mergeLength(contentLength, value);
      continue;
    }
    if (names.length >= limits.headers) {
      fault ??= `more than ${limits.headers} headers`;
      continue;
    }
    const bit = place(name);
    if ((seen & bit) > VIA) fault ??= `${name} stands twice`;
    seen |= bit;
    names.push(name);
    values.push(value);
  }
  if (contentLength === -1) fault ??= BAD_LENGTH;
  if ((seen & MANDATORY) !== MANDATORY) fault ??= `${missing(seen)} is missing`;
  return { message: new SipMessage(start.line, names, values, NO_BODY, fault), contentLength };
}

function lineEnd(head: string, from: number): number {
  const end = head.indexOf("\r\n", from);
  return end < 0 ? head.length : end;
}

/** True when the line that ends at `end` goes on in the next one (RFC 3261 7.3.1). */
function isFolded(head: string, end: number): boolean {
  return end + 2 < head.length && isBlank(head.charCodeAt(end + 2));
}

function unfold(value: string): string {
  return trimBlanks(value.split("\r\n").map(trimBlanks).join(" "));
}

/** RFC 3261 7.3.1 allows white space before the colon. A line that begins with it continues nothing: no name. */
function headerName(head: string, at: number, colon: number): string | undefined {
  let end = colon;
  while (end > at && isBlank(head.charCodeAt(end - 1))) end--;
  return headerNameAt(head, at, end);
}

/** Digits only, and one value only: anything else is how bodies are smuggled past a framer. */
function mergeLength(before: number | undefined, value: string): number {
  const length = /^[0-9]+$/.test(value) ? Number(value) : -1;
  return before === undefined || before === length ? length : -1;
}

function missing(seen: number): string {
  return ["Via", "From", "To", "Call-ID", "CSeq"].find((name) => (seen & place(name)) === 0) ?? "a header";
}
