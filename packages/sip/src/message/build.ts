import { canonicalHeader, type HeaderName, isKnownHeader, isToken } from "./header-names.ts";
import { NO_BODY, SipMessage } from "./message.ts";
import { reasonPhrase } from "./reason-phrase.ts";
import type { StartLine } from "./start-line.ts";

/**
 * Headers to write, in order. A value with CR or LF, or a name that is no token, is a programming error and throws a
 * RangeError: it would inject headers. Content-Length is left out: `serialize` writes it.
 */
export type HeaderFields = readonly (readonly [name: HeaderName, value: string])[];

export interface Body {
  /** Content-Type value. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The same with one character for each byte, where it is at hand in that form. */
  readonly chars?: string;
}

export function buildRequest(method: string, uri: string, headers: HeaderFields, body?: Body): SipMessage {
  return build({ kind: "request", method, uri }, headers, body);
}

/**
 * Answers a request (RFC 3261 8.2.6.2): Via, From, To, Call-ID and CSeq copied, the To tag added where the request
 * has none, then `headers` and the body. Nothing else is copied.
 *
 * @param toTag our tag; left out for 100, which needs none.
 */
export function buildResponse(
  request: SipMessage,
  status: number,
  options: {
    readonly reason?: string | undefined;
    readonly toTag?: string | undefined;
    readonly headers?: HeaderFields | undefined;
    readonly body?: Body | undefined;
    /** Record-Route too, as a dialog-forming answer must (RFC 3261 12.1.1). */
    readonly recordRoute?: boolean | undefined;
  } = {},
): SipMessage {
  const headers: (readonly [string, string])[] = [];
  for (const via of request.lines("Via")) headers.push(["Via", via]);
  if (options.recordRoute)
    for (const route of request.lines("Record-Route")) headers.push(["Record-Route", route]);
  copyFirst(request, "From", headers);
  const to = request.get("To");
  if (to !== undefined) {
    const tag = request.toTag === undefined && options.toTag !== undefined ? `;tag=${options.toTag}` : "";
    headers.push(["To", to + tag]);
  }
  copyFirst(request, "Call-ID", headers);
  copyFirst(request, "CSeq", headers);
  if (options.headers) for (const header of options.headers) headers.push(header);
  const reason = options.reason ?? reasonPhrase(status);
  return build({ kind: "response", status, reason }, headers, options.body);
}

function build(start: StartLine, headers: HeaderFields, body: Body | undefined): SipMessage {
  checkStartLine(start);
  const names: string[] = [];
  const values: string[] = [];
  for (const [given, value] of headers) {
    const name = canonicalHeader(given);
    checkHeader(name, value);
    if (name === "Content-Length") continue;
    names.push(name);
    values.push(value);
  }
  if (body) {
    checkHeader("Content-Type", body.type);
    names.push("Content-Type");
    values.push(body.type);
  }
  return new SipMessage(start, names, values, body?.chars ?? body?.bytes ?? NO_BODY);
}

function copyFirst(request: SipMessage, name: HeaderName, into: (readonly [string, string])[]): void {
  const value = request.get(name);
  if (value !== undefined) into.push([name, value]);
}

/**
 * Throws a RangeError for what would be read back as something else than one header.
 *
 * @param name canonical.
 */
export function checkHeader(name: string, value: string): void {
  if (!isKnownHeader(name) && !isToken(name)) throw new RangeError("a header name is not a token");
  if (hasLineBreak(value)) throw new RangeError(`${name} would carry a line break`);
}

/** The same for a start line; gives it back. */
export function checkStartLine(start: StartLine): StartLine {
  const isGood =
    start.kind === "request"
      ? isToken(start.method) && start.uri !== "" && !/[\x00-\x20\x7f]/.test(start.uri)
      : Number.isInteger(start.status) &&
        start.status >= 100 &&
        start.status < 700 &&
        !hasLineBreak(start.reason);
  if (!isGood) throw new RangeError("the start line would not be one");
  return start;
}

function hasLineBreak(value: string): boolean {
  return value.indexOf("\r") >= 0 || value.indexOf("\n") >= 0;
}
