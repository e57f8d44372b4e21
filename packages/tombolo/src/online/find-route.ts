/** Where a partner's edge is, when the configuration does not say: by DNS. */
import { promises as dns } from "node:dns";
import type { HostPort } from "../config/addresses.ts";
import type { SipPartner } from "../config/config.ts";
import type { Trouble } from "./trouble.ts";

const DEFAULT_PORT = 5061;
const NOTHING = new Set(["ENOTFOUND", "ENODATA"]);

/** The part of node:dns that is asked, so that tests can answer. */
export interface Resolver {
  resolveSrv(
    name: string,
  ): Promise<readonly { name: string; port: number; priority: number; weight: number }[]>;
}

/**
 * The places to try, best first: the route of the configuration, else `_sipfederationtls._tcp`, else `_sips._tcp`
 * (RFC 3263 4.1), else the domain itself.
 */
export async function findRoute(
  partner: SipPartner,
  resolver: Resolver = dns,
): Promise<{ readonly places: readonly HostPort[] } | { readonly trouble: Trouble }> {
  if (partner.route !== undefined) return { places: [partner.route] };
  for (const service of ["_sipfederationtls._tcp", "_sips._tcp"]) {
    const name = `${service}.${partner.domain}`;
    try {
      const records = [...(await resolver.resolveSrv(name))];
      records.sort((one, other) => one.priority - other.priority || other.weight - one.weight);
      if (records.length === 1 && records[0]!.name === "") {
        const message = `${partner.domain} says by ${name} that it does not federate`;
        return { trouble: { message, cure: "ask the partner, or write its route" } };
      }
      if (records.length > 0) {
        return { places: records.map((record) => ({ host: record.name.toLowerCase(), port: record.port })) };
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
      if (NOTHING.has(code)) continue;
      const cure = "check this machine's DNS servers, or write a route for this partner";
      return { trouble: { message: `the DNS look-up of ${name} failed (${code})`, cure } };
    }
  }
  return { places: [{ host: partner.domain, port: DEFAULT_PORT }] };
}
