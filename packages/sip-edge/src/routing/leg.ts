import { parseNameAddr, parseSipUri, type SipMessage, type SipUri, type Via } from "@tombolo/sip";

/** One side of the edge as messages show it: its sent-by and its Record-Route. */
export interface Leg {
  /** Small letters; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  /** A Via up to and with `branch=`. */
  readonly viaHead: string;
  readonly recordRoute: string;
}

export function makeLeg(place: { readonly host: string; readonly port: number }): Leg {
  const host = place.host.includes(":") ? `[${place.host.toLowerCase()}]` : place.host.toLowerCase();
  const hostPort = `${host}:${place.port}`;
  return {
    host,
    port: place.port,
    viaHead: `SIP/2.0/TLS ${hostPort};branch=`,
    recordRoute: `<sip:${hostPort};transport=tls;lr>`,
  };
}

/** Whether a Via is one of ours. */
export function isOwnVia(leg: Leg, via: Via): boolean {
  return via.host === leg.host && (via.port ?? DEFAULT_TLS_PORT) === leg.port;
}

/** Whether a URI leads to this leg: the host is enough with the default port or ours. */
export function isOwnUri(leg: Leg, uri: SipUri): boolean {
  return uri.host === leg.host && (uri.port ?? DEFAULT_TLS_PORT) === leg.port;
}

/** Whether the top Route names this leg. */
export function isOwnTopRoute(leg: Leg, message: SipMessage): boolean {
  const line = message.get("Route");
  if (line === undefined) return false;
  if (line === leg.recordRoute) return true;
  const route = parseNameAddr(message.first("Route") ?? "");
  const uri = route && parseSipUri(route.uri);
  return uri !== undefined && isOwnUri(leg, uri);
}

const DEFAULT_TLS_PORT = 5061;
