import { type Params, param, parseParams } from "../header/params.ts";
import { COLON, charTable, digits, lowerCase } from "../header/scan.ts";

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

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const NAME_CHARS = charTable(`${LETTERS}._-`);
/** What a name may end with; it may not begin with a dot. */
const NAME_EDGES = charTable(`${LETTERS}.`);
const IPV6_CHARS = charTable("ABCDEFabcdef0123456789:.");
/** Blanks, controls and angle brackets. */
const FORBIDDEN = /[\x00-\x20<>\x7f]/;
const DOT = 0x2e;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The scheme of any URI, lower-case, or undefined. */
export function uriScheme(text: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
}

/** Reads a SIP URI. Undefined when it is not one: other scheme, bad host or port, white space, `<>`, stray `"`. */
export function parseSipUri(text: string): SipUri | undefined {
  const scheme = schemeOf(text);
  if (!scheme || FORBIDDEN.test(text)) return undefined;
  const start = scheme.length + 1;
  const at = text.indexOf("@", start);
  const user = at < 0 ? undefined : text.slice(start, at);
  const quote = text.indexOf('"', start);
  if (user === "" || (quote >= 0 && quote < at)) return undefined;
  const hostStart = at < 0 ? start : at + 1;
  const question = text.indexOf("?", hostStart);
  const uriEnd = question < 0 ? text.length : question;
  const semicolon = text.indexOf(";", hostStart);
  const hostEnd = semicolon < 0 || semicolon > uriEnd ? uriEnd : semicolon;
  const nameEnd = skipHost(text, hostStart, hostEnd);
  if (nameEnd < 0) return undefined;
  const port = nameEnd === hostEnd ? undefined : portAt(text, nameEnd, hostEnd);
  if (port !== undefined && (port < 0 || port > 65535)) return undefined;
  const params = hostEnd < uriEnd ? parseParams(text.slice(hostEnd, uriEnd), 0) : [];
  if (!params) return undefined;
  if (quote >= 0 && question >= 0 && text.indexOf('"', question) >= 0) return undefined;
  const headers = question < 0 ? undefined : text.slice(question + 1);
  return { scheme, user, host: lowerCase(text.slice(hostStart, nameEnd)), port, params, headers };
}

/** `sip:user@host` without port, parameters and headers: the address of record. Undefined without a user part. */
export function addressOfRecord(uri: SipUri): string | undefined {
  return uri.user === undefined ? undefined : `${uri.scheme}:${uri.user}@${uri.host}`;
}

/** True when the URI asks for loose routing (RFC 3261 19.1.1, `lr`). */
export function isLooseRoute(uri: SipUri): boolean {
  return param(uri.params, "lr") !== undefined;
}

/** Index behind a host name, or an IPv6 address in brackets; -1 where neither stands there. */
function skipHost(text: string, start: number, end: number): number {
  let i = start;
  if (text.charCodeAt(start) === OPEN_BRACKET) {
    i++;
    while (i < end && IPV6_CHARS[text.charCodeAt(i)] === 1) i++;
    return i > start + 1 && i < end && text.charCodeAt(i) === CLOSE_BRACKET ? i + 1 : -1;
  }
  while (i < end && NAME_CHARS[text.charCodeAt(i)] === 1) i++;
  if (i === start || NAME_EDGES[text.charCodeAt(start)] !== 1 || text.charCodeAt(start) === DOT) return -1;
  return NAME_EDGES[text.charCodeAt(i - 1)] === 1 ? i : -1;
}

/** The number behind the colon at `colon`; -1 where there is none, or one too long. */
function portAt(text: string, colon: number, end: number): number {
  return text.charCodeAt(colon) === COLON && end - colon <= 6 ? digits(text, colon + 1, end) : -1;
}

function schemeOf(text: string): "sip" | "sips" | undefined {
  if (text.startsWith("sip:")) return "sip";
  const colon = text.indexOf(":");
  if (colon !== 3 && colon !== 4) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  return scheme === "sip" || scheme === "sips" ? scheme : undefined;
}
