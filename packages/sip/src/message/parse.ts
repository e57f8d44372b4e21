import { digits, isBlank, SP, sliceTrimmed, trimBlanks } from "../header/scan.ts";
import { type KnownHeader, knownHeaderAt, otherHeader, placeOf } from "./header-names.ts";
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

const BAD_LENGTH = "Content-Length is malformed";
/** A CR without its LF, an LF without its CR. */
const STRAY_LINE_ENDS = /\r(?!\n)|(?<!\r)\n/g;
/** A NUL that is not half of a quoted-pair (RFC 3261 25.1). */
const STRAY_NULS = /(?<!\\)\0/g;

const MANDATORY = ["Via", "From", "To", "Call-ID", "CSeq"] as const satisfies KnownHeader[];
const MANDATORY_PLACES = MANDATORY.reduce((places, name) => places | placeOf(name), 0);
const VIA = placeOf("Via");

/**
 * Reads the start line and headers of one message.
 *
 * @param head one character per byte (latin1), from the start line to the last header, without the CRLFs behind it.
 * @returns undefined when the start line is not SIP at all; a message with `fault` when something else is wrong
 *   (RFC 3261 7, 25.1). Folded lines are unfolded. No value ever holds a CR or LF.
 */
export function parseHead(head: string, limits: MessageLimits): ParsedHead | undefined {
  if (head.indexOf("\0") >= 0) return parseStrays(head, STRAY_NULS, "NUL in a header", limits);
  const parsed = parseLines(head, limits);
  return parsed === "stray" ? parseStrays(head, STRAY_LINE_ENDS, "line end is not CRLF", limits) : parsed;
}

/** Reads a head with a blank for each stray character. */
function parseStrays(
  head: string,
  strays: RegExp,
  why: string,
  limits: MessageLimits,
): ParsedHead | undefined {
  const clean = head.replace(strays, " ");
  const parsed = parseLines(clean, limits);
  if (parsed === "stray") return parseStrays(clean, STRAY_LINE_ENDS, "line end is not CRLF", limits);
  if (!parsed || clean === head) return parsed;
  const { start, headerNames, headerValues } = parsed.message;
  const message = new SipMessage(start, headerNames, headerValues, NO_BODY, why);
  // Who sees line ends in other places sees another message and body.
  return { message, contentLength: strays === STRAY_LINE_ENDS ? -1 : parsed.contentLength };
}

/** Lines end at CRLF and nowhere else. */
function parseLines(head: string, limits: MessageLimits): ParsedHead | undefined | "stray" {
  let end = lineEnd(head, 0);
  if (end < 0) return "stray";
  const start = parseStartLine(head.slice(0, end));
  if (!start) return undefined;
  let { fault } = start;
  const names: string[] = [];
  const values: string[] = [];
  const lines: number[] = [];
  let contentLength: number | undefined;
  let seen = 0;
  for (let at = end + 2; at < head.length; at = end + 2) {
    end = lineEnd(head, at);
    const folded = isFolded(head, end);
    while (isFolded(head, end)) end = lineEnd(head, end + 2);
    if (end < 0) return "stray";
    const colon = head.indexOf(":", at);
    if (colon < 0 || colon > end) {
      fault ??= "header line without a colon";
      continue;
    }
    const nameEnd = skipBlanksBack(head, at, colon);
    const known = knownHeaderAt(head, at, nameEnd);
    const name = known ? known.name : otherHeader(head, at, nameEnd);
    if (name === undefined) {
      fault ??= "header name is not a token";
      continue;
    }
    const isTidy = !folded && isTidyValue(head, colon, end);
    let value: string;
    if (isTidy) value = head.slice(colon + 2, end);
    else value = folded ? unfold(head.slice(colon + 1, end)) : sliceTrimmed(head, colon + 1, end);
    if (name === "Content-Length") {
      contentLength = mergeLength(contentLength, value);
      continue;
    }
    if (names.length >= limits.headers) {
      fault ??= `more than ${limits.headers} headers`;
      continue;
    }
    const place = known === undefined ? placeOf(name) : known.place;
    if ((seen & place) > VIA) fault ??= `${name} stands twice`;
    seen |= place;
    names.push(name);
    values.push(value);
    lines.push(isTidy && nameEnd === colon && (known === undefined || known.text === name) ? at : -1);
  }
  if (contentLength === -1) fault ??= BAD_LENGTH;
  if ((seen & MANDATORY_PLACES) !== MANDATORY_PLACES) fault ??= `${missing(seen)} is missing`;
  return {
    message: new SipMessage(start.line, names, values, NO_BODY, fault, { head, lines }),
    contentLength,
  };
}

/** Index of the CRLF that ends the line, or the length; -1 when the next line end is a CR or LF alone. */
function lineEnd(head: string, from: number): number {
  const cr = head.indexOf("\r", from);
  const lf = head.indexOf("\n", from);
  if (cr >= 0 && cr === lf - 1) return cr;
  return cr < 0 && lf < 0 ? head.length : -1;
}

/** True when the line that ends at `end` goes on in the next one (RFC 3261 7.3.1). */
function isFolded(head: string, end: number): boolean {
  return end >= 0 && end + 2 < head.length && isBlank(head.charCodeAt(end + 2));
}

/** True when one blank and no more stands between the colon and the value, and none behind it. */
function isTidyValue(head: string, colon: number, end: number): boolean {
  if (head.charCodeAt(colon + 1) !== SP) return false;
  return end === colon + 2 || (!isBlank(head.charCodeAt(colon + 2)) && !isBlank(head.charCodeAt(end - 1)));
}

function unfold(value: string): string {
  return trimBlanks(value.split("\r\n").map(trimBlanks).join(" "));
}

/** RFC 3261 7.3.1 allows white space before the colon. A line that begins with it continues nothing: no name. */
function skipBlanksBack(head: string, start: number, from: number): number {
  let end = from;
  while (end > start && isBlank(head.charCodeAt(end - 1))) end--;
  return end;
}

/** Digits only, and one value only: anything else is how bodies are smuggled past a framer. */
function mergeLength(before: number | undefined, value: string): number {
  const short = digits(value, 0, value.length);
  const length = short < 0 && /^[0-9]+$/.test(value) ? Number(value) : short;
  return before === undefined || before === length ? length : -1;
}

function missing(seen: number): string {
  return MANDATORY.find((name) => (seen & placeOf(name)) === 0) ?? "a header";
}
