import { param } from "../header/params.ts";
import { parseVia } from "../header/via.ts";
import { parseSipUri, uriScheme } from "../uri/sip-uri.ts";
import { isToken } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { WRONG_VERSION } from "./start-line.ts";

/** Largest Max-Forwards (RFC 3261 20.22). */
export const MAX_MAX_FORWARDS = 255;

/** Why a message may not go on, and what its sender is told. A response with a defect is dropped instead. */
export interface Defect {
  readonly status: 400 | 416 | 505;
  readonly why: string;
}

/**
 * What is wrong with a message beyond its framing, or undefined: the checks of RFC 3261 8.2.2 and 16.3 that need no
 * knowledge of who asks. `SipMessage.fault` is part of it. Made for whoever lets messages in, once for each.
 */
export function findDefect(message: SipMessage): Defect | undefined {
  if (message.fault !== undefined) {
    return { status: message.fault === WRONG_VERSION ? 505 : 400, why: message.fault };
  }
  const why =
    addressDefect(message, "From") ??
    addressDefect(message, "To") ??
    (message.callId === "" ? "Call-ID is empty" : undefined) ??
    viaDefect(message) ??
    cseqDefect(message) ??
    maxForwardsDefect(message);
  if (why !== undefined) return { status: 400, why };
  return message.isRequest ? uriDefect(message.uri) : undefined;
}

function addressDefect(message: SipMessage, name: "From" | "To"): string | undefined {
  const address = name === "From" ? message.from : message.to;
  if (!address) return `${name} is malformed`;
  let tags = 0;
  for (const [key] of address.params) if (key === "tag") tags++;
  if (tags === 0) return undefined;
  // Two readers of `;tag=a;tag=b` would see two dialogs.
  return tags === 1 && isToken(param(address.params, "tag") ?? "") ? undefined : `${name} tag is malformed`;
}

/** Every Via must be readable: the answer goes back along all of them. */
function viaDefect(message: SipMessage): string | undefined {
  const vias = message.list("Via");
  if (vias.length === 0) return "Via is missing";
  for (const via of vias) if (!parseVia(via)) return "Via is malformed";
  return undefined;
}

function cseqDefect(message: SipMessage): string | undefined {
  const { cseq } = message;
  if (!cseq) return "CSeq is malformed";
  return message.isRequest && cseq.method !== message.method ? "CSeq has another method" : undefined;
}

function maxForwardsDefect(message: SipMessage): string | undefined {
  if (message.get("Max-Forwards") === undefined) return undefined;
  const hops = message.number("Max-Forwards");
  return hops === undefined || hops > MAX_MAX_FORWARDS ? "Max-Forwards is malformed" : undefined;
}

/** RFC 3261 19.1.1: no headers in a Request-URI. 8.2.2.1: another scheme than SIP's is not ours to route. */
function uriDefect(uri: string): Defect | undefined {
  const scheme = uriScheme(uri);
  if (scheme === undefined) return { status: 400, why: "Request-URI is malformed" };
  if (scheme !== "sip" && scheme !== "sips") return { status: 416, why: `Request-URI scheme is ${scheme}` };
  const parsed = parseSipUri(uri);
  if (!parsed) return { status: 400, why: "Request-URI is malformed" };
  return parsed.headers === undefined ? undefined : { status: 400, why: "Request-URI has headers" };
}
