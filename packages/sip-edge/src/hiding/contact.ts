/** Contacts of inside nodes as the outside sees them (CLU-06): our public host and the node's public port. */
import {
  formatNameAddr,
  formatParams,
  parseNameAddr,
  parseSipUri,
  type SipUri,
  splitList,
} from "@tombolo/sip";
import type { Leg } from "../routing/leg.ts";
import type { InsideNames } from "./inside-names.ts";

export interface ContactRule {
  readonly names: InsideNames;
  /** A Contact without port in one of them is a public name (a GRUU), and stays. */
  readonly ourDomains: ReadonlySet<string>;
}

/** Parameters of a URI that say where and how to connect: ours replace them. */
const PLACE_PARAMS: ReadonlySet<string> = new Set(["transport", "maddr", "ttl"]);

/**
 * One Contact line, of a redirection, too: where an inside node sends a partner is a place inside.
 *
 * @returns undefined where nothing is left that may be shown.
 */
export function publicContact(line: string, outer: Leg, rule: ContactRule): string | undefined {
  if (line.trim() === "*") return line;
  const shown: string[] = [];
  for (const element of splitList(line)) {
    const one = publicElement(element, outer, rule);
    if (one !== undefined) shown.push(one);
  }
  return shown.length === 0 ? undefined : shown.join(", ");
}

function publicElement(element: string, outer: Leg, { names, ourDomains }: ContactRule): string | undefined {
  const address = parseNameAddr(element);
  if (!address) return undefined;
  const uri = parseSipUri(address.uri);
  const stays = uri === undefined || (ourDomains.has(uri.host) && uri.port === undefined);
  if (stays && !names.areIn(element)) return element;
  if (!uri) return undefined;
  const display = address.display === undefined ? undefined : names.hidden(address.display);
  return formatNameAddr(publicUri(uri, outer, names), display) + names.hidden(formatParams(address.params));
}

function publicUri(uri: SipUri, outer: Leg, names: InsideNames): string {
  const user = uri.user === undefined ? "" : `${names.hidden(uri.user)}@`;
  const rest = uri.params.filter(([name]) => !PLACE_PARAMS.has(name));
  return `sip:${user}${outer.host}:${outer.port};transport=tls${names.hidden(formatParams(rest))}`;
}
