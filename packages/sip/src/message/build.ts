import type { HeaderName } from "./header-names.ts";
import { NO_BODY, SipMessage } from "./message.ts";
import { reasonPhrase } from "./reason-phrase.ts";

/** Headers to write, in order. A value with CR, LF or NUL is a programming error and throws: it would inject headers. */
export type HeaderFields = readonly (readonly [name: HeaderName, value: string])[];

export interface Body {
  /** Content-Type value. */
  readonly type: string;
  readonly bytes: Uint8Array;
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

function build(start: SipMessage["start"], headers: HeaderFields, body: Body | undefined): SipMessage {
  const names: string[] = [];
  const values: string[] = [];
  for (const [name, value] of headers) {
    if (hasLineBreak(value)) throw new RangeError(`${name} would carry a line break`);
    names.push(name);
    values.push(value);
  }
  if (start.kind === "request" ? hasLineBreak(start.uri) : hasLineBreak(start.reason)) {
    throw new RangeError("the start line would carry a line break");
  }
  if (body) {
    names.push("Content-Type");
    values.push(body.type);
  }
  return new SipMessage(start, names, values, body?.bytes ?? NO_BODY);
}

function copyFirst(request: SipMessage, name: HeaderName, into: (readonly [string, string])[]): void {
  const value = request.get(name);
  if (value !== undefined) into.push([name, value]);
}

function hasLineBreak(value: string): boolean {
  return value.indexOf("\r") >= 0 || value.indexOf("\n") >= 0 || value.indexOf("\0") >= 0;
}
