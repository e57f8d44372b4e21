/** Where a partner's edge is, found as the running program finds it. */
import type { DialTarget } from "@tombolo/sip/io";
import { Locator, type NameService } from "@tombolo/sip-edge/io";
import type { SipPartner } from "../config/config.ts";
import type { Trouble } from "./trouble.ts";

export interface FoundRoute {
  /** Best first. */
  readonly places: readonly DialTarget[];
  /** Targets of service records: certificate names, where the configuration gives none. */
  readonly names: readonly string[];
}

/**
 * The places to try: the route of the configuration, else `_sipfederationtls._tcp`, else as RFC 3263 4.1 has it for TLS,
 * else those of its routing domain; each name with all its addresses.
 */
export async function findRoute(
  partner: SipPartner,
  names: NameService,
): Promise<FoundRoute | { readonly trouble: Trouble }> {
  const { domain, route, routedBy, purpose } = partner;
  const locator = new Locator({ names, now: () => 0, random: Math.random });
  const found = await locator.locate({ domain, names: partner.names, purpose, route, routedBy });
  if (found.targets.length > 0) return { places: found.targets, names: found.names ?? [] };
  const [, service] = /^(\S+): no service$/.exec(found.detail) ?? [];
  if (service !== undefined) {
    const message = `${domain} says by ${service} that it does not federate`;
    return { trouble: { message, cure: "ask the partner, or write its route" } };
  }
  const what = route ? `the look-up of ${domain}'s route failed` : `DNS does not lead to ${domain}`;
  const cure = route
    ? "correct the route, or the DNS entry"
    : "check this machine's DNS servers, or write a route for this partner";
  return { trouble: { message: `${what} (${found.detail})`, cure } };
}
