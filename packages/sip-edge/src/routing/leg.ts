import { isToken, parseNameAddr, parseSipUri, type SipMessage, type SipUri, type Via } from "@tombolo/sip";

/** One side of the edge as messages show it: its sent-by and its Record-Route. */
export interface Leg {
  /** Small letters; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  /** A Via up to and with `branch=`. */
  readonly viaHead: string;
  readonly recordRoute: string;
}

export interface LegPlace {
  readonly host: string;
  readonly port: number;
  /** Of the connection, for Via; default `tls`. */
  readonly hop?: "tls" | "tcp" | undefined;
  /** Of the listener that others are to connect to; default `tls`. */
  readonly listener?: "tls" | "tcp" | undefined;
}

export function makeLeg({ host: given, port, hop = "tls", listener = "tls" }: LegPlace): Leg {
  const host = given.includes(":") ? `[${given.toLowerCase()}]` : given.toLowerCase();
  const hostPort = `${host}:${port}`;
  return {
    host,
    port,
    viaHead: `SIP/2.0/${hop === "tls" ? "TLS" : "TCP"} ${hostPort};branch=`,
    recordRoute: `<sip:${hostPort};transport=${listener};lr>`,
  };
}

const DEFAULT_TLS_PORT = 5061;

/** Whether a Via is one of ours. */
export function isOwnVia(leg: Leg, via: Via): boolean {
  return via.host === leg.host && (via.port ?? DEFAULT_TLS_PORT) === leg.port;
}

/** The branch of a response's top Via, "" where that is not ours; undefined where it can't be read. */
export function ownBranch(leg: Leg, response: SipMessage): string | undefined {
  const asWritten = writtenBranch(leg, response.get("Via") ?? "");
  if (asWritten !== undefined) return asWritten;
  const via = response.topVia;
  return via && (isOwnVia(leg, via) ? (via.branch ?? "") : "");
}

/** The branch of a Via line that is to the letter as we have written it: nearly every answer's is. */
function writtenBranch({ viaHead }: Leg, line: string): string | undefined {
  if (!line.startsWith(viaHead)) return undefined;
  const branch = line.slice(viaHead.length);
  return isToken(branch) ? branch : undefined;
}

/** Whether a URI leads to this leg. */
export function isOwnUri(leg: Leg, uri: SipUri): boolean {
  return uri.host === leg.host && (uri.port ?? DEFAULT_TLS_PORT) === leg.port;
}

/** Whether a Route or Record-Route element names this leg. */
export function isOwnRoute(leg: Leg, element: string): boolean {
  if (element === leg.recordRoute) return true;
  const route = parseNameAddr(element);
  const uri = route && parseSipUri(route.uri);
  return uri !== undefined && isOwnUri(leg, uri);
}

/**
 * The public side: one host, and the ports on which partners find us. Port by port it is the same edge, seen as
 * another node's.
 */
export class PublicSide {
  /** The address that new dialogs come to. */
  readonly main: Leg;
  private readonly byPort: ReadonlyMap<number, Leg>;

  /** @param ports of nodes that have one of their own */
  constructor(advertise: LegPlace, ports: readonly number[]) {
    this.main = makeLeg(advertise);
    const legs = ports.map((port) => makeLeg({ host: advertise.host, port }));
    this.byPort = new Map([this.main, ...legs].map((leg) => [leg.port, leg]));
  }

  get host(): string {
    return this.main.host;
  }

  /** The leg with that port, or the main one. */
  leg(port: number | undefined): Leg {
    return (port === undefined ? undefined : this.byPort.get(port)) ?? this.main;
  }

  isOwnVia(via: Via): boolean {
    return via.host === this.main.host && this.byPort.has(via.port ?? DEFAULT_TLS_PORT);
  }

  /** As the function of that name, for any of its ports. */
  ownBranch(response: SipMessage): string | undefined {
    const asWritten = writtenBranch(this.main, response.get("Via") ?? "");
    if (asWritten !== undefined) return asWritten;
    const via = response.topVia;
    return via && (this.isOwnVia(via) ? (via.branch ?? "") : "");
  }

  isOwnUri(uri: SipUri): boolean {
    return uri.host === this.main.host && this.byPort.has(uri.port ?? DEFAULT_TLS_PORT);
  }

  /** Our port in a Route element, or undefined where it leads elsewhere. */
  portOf(element: string): number | undefined {
    if (element === this.main.recordRoute) return this.main.port;
    const route = parseNameAddr(element);
    const uri = route && parseSipUri(route.uri);
    return uri !== undefined && this.isOwnUri(uri) ? (uri.port ?? DEFAULT_TLS_PORT) : undefined;
  }

  /** Our port in the top Route. */
  topRoutePort(message: SipMessage): number | undefined {
    const line = message.get("Route");
    if (line === undefined) return undefined;
    return line === this.main.recordRoute ? this.main.port : this.portOf(message.first("Route") ?? "");
  }
}
