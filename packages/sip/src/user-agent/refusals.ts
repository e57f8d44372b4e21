/** Requests that are answered without asking anybody (RFC 3261 8.2), as a pure function of the request. */

import { contactUri } from "../dialog/dialog.ts";
import type { Body, HeaderFields } from "../message/build.ts";
import type { SipMessage } from "../message/message.ts";
import { uriScheme } from "../uri/sip-uri.ts";
import { ALLOW, ALLOWED_METHODS } from "./settings.ts";

/** An answer besides what is copied from the request. */
export interface Answer {
  readonly status: number;
  readonly reason?: string | undefined;
  readonly headers?: HeaderFields | undefined;
  readonly body?: Body | undefined;
}

const ALLOWED: ReadonlySet<string> = new Set(ALLOWED_METHODS);

/** Make no sense outside a dialog: without one they get 481 (RFC 3261 15.1.2, RFC 6665 4.1.3, RFC 6086, RFC 3311). */
const IN_DIALOG_ONLY: ReadonlySet<string> = new Set(["BYE", "NOTIFY", "INFO", "UPDATE"]);

const DIALOG_FORMING: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE"]);

export function formsDialog(method: string): boolean {
  return DIALOG_FORMING.has(method);
}

/** A request that can't be read: 400 with what is wrong with it. Via and CSeq are known to be fine. */
export function malformed(request: SipMessage): Answer | undefined {
  const reason = request.fault ?? missing(request);
  return reason === undefined ? undefined : { status: 400, reason: `Bad Request (${reason})` };
}

function missing(request: SipMessage): string | undefined {
  if (!request.from) return "From missing or malformed";
  if (!request.to) return "To missing or malformed";
  if (request.callId === "") return "Call-ID missing";
  if (request.cseq?.method !== request.method) return "CSeq method is another";
  return undefined;
}

/** RFC 3261 8.2.1 */
export function methodRefusal(request: SipMessage): Answer | undefined {
  return ALLOWED.has(request.method) ? undefined : { status: 405, headers: [["Allow", ALLOW]] };
}

/** RFC 3261 8.2.2.3. Proxy-Require is for proxies. */
export function requireRefusal(request: SipMessage, supported: readonly string[]): Answer | undefined {
  if (request.get("Require") === undefined) return undefined;
  const unknown = request.list("Require").filter((tag) => !supported.includes(tag.toLowerCase()));
  if (unknown.length === 0) return undefined;
  return { status: 420, headers: [["Unsupported", unknown.join(", ")]] };
}

/** What speaks against a request outside dialogs, besides method and extensions. */
export function initialRefusal(request: SipMessage, agent: string): Answer | undefined {
  if (IN_DIALOG_ONLY.has(request.method)) return { status: 481 };
  const scheme = uriScheme(request.uri);
  // RFC 5630 4 and RFC 7247 8: end-to-end TLS can't be promised beyond us.
  if (scheme === "sips") return { status: 480, headers: [["Warning", `380 ${agent} "SIPS Not Allowed"`]] };
  if (scheme !== "sip") return { status: 416 };
  // RFC 3261 8.1.1.8, RFC 6665 4.1.2.1: without it there is nowhere to go back to.
  if (DIALOG_FORMING.has(request.method) && contactUri(request) === undefined)
    return { status: 400, reason: "Bad Request (exactly one SIP Contact needed)" };
  return undefined;
}
