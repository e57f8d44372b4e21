import { type Params, param, parseParams, skipSpace } from "./params.ts";

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
}

/** Branches that begin so are unique per transaction (RFC 3261 8.1.1.7). */
export const MAGIC_COOKIE = "z9hG4bK";

const SENT_PROTOCOL = /^\s*SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+/i;
const SENT_BY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)\s*(?::\s*([0-9]{1,5}))?\s*/;

/** Reads one Via element (not a list). Undefined when it is not one. */
export function parseVia(text: string): Via | undefined {
  const protocol = SENT_PROTOCOL.exec(text);
  if (!protocol) return undefined;
  const rest = text.slice(protocol[0].length);
  const sentBy = SENT_BY.exec(rest);
  if (!sentBy) return undefined;
  const port = sentBy[2] === undefined ? undefined : Number(sentBy[2]);
  if (port !== undefined && port > 65535) return undefined;
  const params = parseParams(rest, skipSpace(rest, sentBy[0].length));
  if (!params) return undefined;
  return {
    transport: protocol[1]!.toUpperCase(),
    host: sentBy[1]!.toLowerCase(),
    port,
    params,
    branch: param(params, "branch") || undefined,
  };
}
