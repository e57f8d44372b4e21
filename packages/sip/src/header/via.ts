import { type Params, paramIn, parseParams, quotesClose } from "./params.ts";
import {
  COLON,
  charTable,
  digits,
  isBlank,
  lowerCase,
  SEMICOLON,
  SLASH,
  skipSpace,
  skipToken,
} from "./scan.ts";

/** One Via element (RFC 3261 20.42). */
export interface Via {
  /** Upper-case transport token: TLS, TCP, ... */
  readonly transport: string;
  /** sent-by host, lower-case, IPv6 with its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
  /** `branch`, or undefined where there is none (old clients leave it out on inner Vias). */
  readonly branch: string | undefined;
  /** What `param(via.params, name)` gives, without making the others. @param name small letters */
  param(name: string): string | undefined;
}

/** Branches that begin so are unique per transaction (RFC 3261 8.1.1.7). */
export const MAGIC_COOKIE = "z9hG4bK";

const NAME_CHARS = charTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
const IPV6_CHARS = charTable("ABCDEFabcdef0123456789:.");
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Whether a Via line names this host as its first sender: a glance that spares the reading of the others.
 *
 * @param host small letters; an address of IPv6 with its brackets.
 * @returns undefined where only `parseVia` can tell: the line holds several, or is written in an unusual way.
 */
export function isSentBy(line: string, host: string): boolean | undefined {
  if (!line.startsWith("SIP/2.0/TLS ") && !line.startsWith("SIP/2.0/TCP ")) return undefined;
  const start = 12;
  if (isBlank(line.charCodeAt(start)) || line.indexOf(",") >= 0) return undefined;
  for (let i = 0; i < host.length; i++) {
    const c = line.charCodeAt(start + i);
    if (c !== host.charCodeAt(i) && (c | 0x20) !== host.charCodeAt(i)) return false;
  }
  return NAME_CHARS[line.charCodeAt(start + host.length)] !== 1;
}

/** Reads one Via element (not a list). Undefined when it is not one. Blanks are let pass where the RFC's LWS may stand. */
export function parseVia(text: string): Via | undefined {
  const transportStart = skipSentProtocol(text);
  if (transportStart < 0) return undefined;
  const transportEnd = skipToken(text, transportStart);
  if (transportEnd === transportStart || !isBlank(text.charCodeAt(transportEnd))) return undefined;
  const hostStart = skipSpace(text, transportEnd);
  const hostEnd = skipHost(text, hostStart);
  if (hostEnd === hostStart) return undefined;
  let at = skipSpace(text, hostEnd);
  let port: number | undefined;
  if (text.charCodeAt(at) === COLON) {
    const portStart = skipSpace(text, at + 1);
    const portEnd = skipToken(text, portStart);
    port = digits(text, portStart, portEnd);
    if (port < 0 || port > 65535) return undefined;
    at = portEnd;
  }
  at = skipSpace(text, at);
  if (at < text.length && text.charCodeAt(at) !== SEMICOLON) return undefined;
  if (!quotesClose(text, at)) return undefined;
  const transport = upperCase(text.slice(transportStart, transportEnd));
  return new ViaElement(transport, lowerCase(text.slice(hostStart, hostEnd)), port, text, at);
}

/** Parameters are only made when asked for, save the branch, which every transaction key has in it. */
class ViaElement implements Via {
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  private readonly text: string;
  private readonly paramsAt: number;
  private known: Params | undefined;

  constructor(transport: string, host: string, port: number | undefined, text: string, paramsAt: number) {
    this.transport = transport;
    this.host = host;
    this.port = port;
    this.text = text;
    this.paramsAt = paramsAt;
    this.branch = paramIn(text, paramsAt, "branch") || undefined;
  }

  param(name: string): string | undefined {
    return paramIn(this.text, this.paramsAt, name);
  }

  get params(): Params {
    this.known ??= parseParams(this.text, this.paramsAt) ?? [];
    return this.known;
  }
}

function upperCase(transport: string): string {
  return transport === "TLS" || transport === "TCP" ? transport : transport.toUpperCase();
}

/** Index behind `SIP/2.0/`, or -1. */
function skipSentProtocol(text: string): number {
  if (text.startsWith("SIP/2.0/")) return skipSpace(text, 8);
  let at = skipSpace(text, 0);
  for (const part of ["SIP", "2.0"]) {
    if (text.slice(at, at + 3).toUpperCase() !== part) return -1;
    at = skipSpace(text, at + 3);
    if (text.charCodeAt(at) !== SLASH) return -1;
    at = skipSpace(text, at + 1);
  }
  return at;
}

/** Index behind the host that begins at `from`, or `from` when there is none. */
function skipHost(text: string, from: number): number {
  const inBrackets = text.charCodeAt(from) === OPEN_BRACKET;
  const table = inBrackets ? IPV6_CHARS : NAME_CHARS;
  let i = inBrackets ? from + 1 : from;
  while (i < text.length && table[text.charCodeAt(i)] === 1) i++;
  if (!inBrackets) return i;
  return text.charCodeAt(i) === CLOSE_BRACKET && i > from + 1 ? i + 1 : from;
}
