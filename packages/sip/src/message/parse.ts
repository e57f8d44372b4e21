import { canonicalHeader, isToken } from "./header-names.ts";
import type { MessageLimits } from "./limits.ts";
import { NO_BODY, SipMessage, type StartLine } from "./message.ts";

/** A head that was read: the message without body, and what its Content-Length said. */
export interface ParsedHead {
  readonly message: SipMessage;
  /** Bytes; undefined when the header is missing; -1 when it is not a plain number or is given twice differently. */
  readonly contentLength: number | undefined;
}

const STATUS_LINE = /^SIP\/2\.0 ([1-6][0-9]{2})(?: (.*))?$/;
const METHOD = /^[A-Za-z0-9.!%*_+`'~-]{1,64}$/;

/**
 * Reads the start line and headers of one message.
 *
 * @param head one character per byte (latin1), from the start line to the last header's CRLF, blank line excluded.
 * @returns undefined when the start line is not SIP at all; a message with `fault` when something else is wrong
 *   (RFC 3261 7, 25.1). Folded lines are unfolded, a line end that is not CRLF is a fault.
 */
export function parseHead(head: string, limits: MessageLimits): ParsedHead | undefined {
  const lineEnd = head.indexOf("\r\n");
  const startEnd = lineEnd < 0 ? head.length : lineEnd;
  const start = parseStartLine(head.slice(0, startEnd));
  if (!start) return undefined;
  const names: string[] = [];
  const values: string[] = [];
  let fault = start.fault;
  let contentLength: number | undefined;
  let at = startEnd + 2;
  while (at < head.length) {
    const newline = head.indexOf("\n", at);
    const end = newline < 0 ? head.length : newline - 1;
    // A bare LF or CR is how one parser is made to see other lines than the next.
    if (newline >= 0 && head.charCodeAt(end) !== 0x0d) {
      fault ??= "line end is not CRLF";
      break;
    }
    const first = head.charCodeAt(at);
    if (first === 0x20 || first === 0x09) {
      if (names.length === 0) fault ??= "white space before the first header";
      else values[values.length - 1] = `${values[values.length - 1]} ${head.slice(at, end).trim()}`.trim();
    } else {
      const colon = head.indexOf(":", at);
      if (colon < 0 || colon > end) {
        fault ??= "header line without a colon";
      } else {
        const name = headerName(head, at, colon);
        const value = head.slice(colon + 1, end).trim();
        if (name === undefined) fault ??= "header name is not a token";
        else if (name === "Content-Length") contentLength = mergeLength(contentLength, value);
        else {
          names.push(name);
          values.push(value);
        }
      }
    }
    at = end + 2;
  }
  if (names.length > limits.headers) fault ??= `more than ${limits.headers} headers`;
  if (fault === undefined && hasBareReturn(values)) fault = "line end is not CRLF";
  return { message: new SipMessage(start.line, names, values, NO_BODY, fault), contentLength };
}

function parseStartLine(line: string): { line: StartLine; fault: string | undefined } | undefined {
  const status = STATUS_LINE.exec(line);
  if (status) {
    return {
      line: { kind: "response", status: Number(status[1]), reason: status[2] ?? "" },
      fault: undefined,
    };
  }
  const firstSpace = line.indexOf(" ");
  const lastSpace = line.lastIndexOf(" ");
  if (firstSpace <= 0 || lastSpace === firstSpace) return undefined;
  const version = line.slice(lastSpace + 1);
  if (!/^SIP\/[0-9]+\.[0-9]+$/i.test(version)) return undefined;
  const method = line.slice(0, firstSpace);
  if (!METHOD.test(method)) return undefined;
  const uri = line.slice(firstSpace + 1, lastSpace);
  let fault: string | undefined;
  if (version.toUpperCase() !== "SIP/2.0") fault = "version is not SIP/2.0";
  else if (uri === "" || /[\s<>"]/.test(uri)) fault = "Request-URI is malformed";
  return { line: { kind: "request", method, uri }, fault };
}

/** RFC 3261 7.3.1 allows white space before the colon. */
function headerName(head: string, at: number, colon: number): string | undefined {
  let end = colon;
  while (end > at && (head.charCodeAt(end - 1) === 0x20 || head.charCodeAt(end - 1) === 0x09)) end--;
  const raw = head.slice(at, end);
  const name = canonicalHeader(raw);
  return name !== raw || isToken(name) ? name : undefined;
}

/** Digits only, and one value only: anything else is how bodies are smuggled past a framer. */
function mergeLength(before: number | undefined, value: string): number {
  const length = /^[0-9]{1,9}$/.test(value) ? Number(value) : -1;
  return before === undefined || before === length ? length : -1;
}

function hasBareReturn(values: readonly string[]): boolean {
  for (const value of values) if (value.indexOf("\r") >= 0) return true;
  return false;
}
