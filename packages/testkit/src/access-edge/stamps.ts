import { randomBytes } from "node:crypto";

/** Header by header, in the order they go out. */
export type HeaderList = (readonly [name: string, value: string])[];

/** How the simulated servers spell what they send; all of it is legal. */
export interface Style {
  /** Header names in capitals, as OCS 2007 R2 writes them. */
  readonly allCaps?: boolean;
  /** Record-Route on two lines (RFC 3261 7.3.1). */
  readonly foldRecordRoute?: boolean;
  /** The media name of an IM session: `message` (default), or `x-ms-message` of older clients. */
  readonly media?: "message" | "x-ms-message";
}

export const hex = (bytes: number) => randomBytes(bytes).toString("hex");
export const token = (bytes: number) => randomBytes(bytes).toString("base64").replace(/[+/=]/g, "x");

export interface Home {
  /** The Access Edge's FQDN. */
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly user: string;
  readonly displayName: string;
  readonly epid: string;
}

/** sip: address of record of the user behind the edge. */
export function addressOfRecord(home: Home): string {
  return `sip:${home.user}@${home.domain}`;
}

/** The client's Contact: a name, not an address (no host to connect to). */
export function gruu(home: Home): string {
  const opaque = Buffer.from(`epid${home.epid}`).toString("base64").replaceAll("=", "");
  return `${addressOfRecord(home)};opaque=user:epid:${opaque}AAA;gruu`;
}

/**
 * The signed Record-Routes of one dialog as they stand on the wire towards the partner: edge first, then the pool.
 * Both have parameters behind the `>` that belong to the value.
 */
export function signedRoutes(home: Home, style: Style): readonly [edge: string, pool: string] {
  const lr = style.foldRecordRoute === true ? " ;lr" : ";lr";
  return [
    `<sip:${home.host}:${home.port};transport=tls${lr};ms-key-info=AAEAA${token(30)};ms-route-sig=${token(24)}>;tag=${hex(8).toUpperCase()}`,
    `<sip:pool01.corp.${home.domain}:5061;transport=tls;ms-fe=fe02.corp.${home.domain};opaque=state:T:F:Ci.R${hex(3)}${lr};ms-route-sig=${token(24)}>;ms-rrsig=${token(18)};tag=${hex(16).toUpperCase()}`,
  ];
}

/** The three Vias of a request that left a client by its pool and the edge; only the first must have a branch. */
export function viaStack(home: Home, sentBy: string): readonly [edge: string, pool: string, client: string] {
  return [
    `SIP/2.0/TLS ${sentBy};branch=z9hG4bK${hex(4).toUpperCase()}.${hex(8).toUpperCase()};branched=FALSE;ms-internal-info="${token(9)}"`,
    `SIP/2.0/TLS 10.1.2.20:49822;branch=z9hG4bK${hex(4).toUpperCase()}.${hex(8).toUpperCase()};branched=FALSE;ms-received-port=49822;ms-received-cid=1F00`,
    `SIP/2.0/tls 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=${home.epid.slice(0, 6).toUpperCase()}`,
  ];
}

/** Interleaves Vias, Record-Routes and Max-Forwards the way they pile up on the way out. */
export function routingHeaders(vias: readonly string[], routes: readonly string[]): HeaderList {
  const headers: HeaderList = [["Via", vias[0]!]];
  if (routes[0] !== undefined) headers.push(["Record-Route", routes[0]]);
  headers.push(["Max-Forwards", "68"], ["Via", vias[1]!]);
  if (routes[1] !== undefined) headers.push(["Record-Route", routes[1]]);
  headers.push(["Via", vias[2]!]);
  return headers;
}

/** Applies the spelling of header names. */
export function styled(headers: HeaderList, style: Style): HeaderList {
  return style.allCaps === true
    ? headers.map(([name, value]) => [name.toUpperCase(), value] as const)
    : headers;
}
