import { type Params, param, parseParams } from "../header/params.ts";

/** A sip: or sips: URI (RFC 3261 19.1), its parts as written except scheme and host, which are lower-case. */
export interface SipUri {
  readonly scheme: "sip" | "sips";
  /** User part still percent-encoded, or undefined. */
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
  /** The part behind `?`, without it, or undefined. */
  readonly headers: string | undefined;
}

const HOSTPORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?)(?::([0-9]{1,5}))?$/;

/** The scheme of any URI, lower-case, or undefined. */
export function uriScheme(text: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
}

/** Reads a SIP URI. Undefined when it is not one: other scheme, bad host or port, white space, `<>`, stray `"`. */
export function parseSipUri(text: string): SipUri | undefined {
  const scheme = schemeOf(text);
  if (!scheme || hasForbidden(text)) return undefined;
  const start = scheme.length + 1;
  const at = text.indexOf("@", start);
  const user = at < 0 ? undefined : text.slice(start, at);
  if (user === "" || user?.includes('"')) return undefined;
  const hostStart = at < 0 ? start : at + 1;
  const question = text.indexOf("?", hostStart);
  const uriEnd = question < 0 ? text.length : question;
  const semicolon = text.indexOf(";", hostStart);
  const hostEnd = semicolon < 0 || semicolon > uriEnd ? uriEnd : semicolon;
  const match = HOSTPORT.exec(text.slice(hostStart, hostEnd));
  if (!match) return undefined;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && port > 65535) return undefined;
  const params = hostEnd < uriEnd ? parseParams(text.slice(hostEnd, uriEnd), 0) : [];
  if (!params) return undefined;
  const headers = question < 0 ? undefined : text.slice(question + 1);
  if (headers?.includes('"')) return undefined;
  return { scheme, user, host: match[1]!.toLowerCase(), port, params, headers };
}

/** `sip:user@host` without port, parameters and headers: the address of record. Undefined without a user part. */
export function addressOfRecord(uri: SipUri): string | undefined {
  return uri.user === undefined ? undefined : `${uri.scheme}:${uri.user}@${uri.host}`;
}

/** True when the URI asks for loose routing (RFC 3261 19.1.1, `lr`). */
export function isLooseRoute(uri: SipUri): boolean {
  return param(uri.params, "lr") !== undefined;
}

function schemeOf(text: string): "sip" | "sips" | undefined {
  const colon = text.indexOf(":");
  if (colon !== 3 && colon !== 4) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  return scheme === "sip" || scheme === "sips" ? scheme : undefined;
}

function hasForbidden(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 0x20 || c === 0x3c || c === 0x3e || c === 0x7f) return true;
  }
  return false;
}
