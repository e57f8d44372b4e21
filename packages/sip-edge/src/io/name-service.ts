import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { Millis } from "@tombolo/sip";
import type { SrvRecord } from "../routing/srv-order.ts";

export interface NaptrRecord {
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
  readonly order: number;
  readonly preference: number;
}

/** The questions that finding partners asks. Each rejects with an error whose `code` is Node's (ENOTFOUND, ETIMEOUT). */
export interface NameService {
  srv(name: string): Promise<readonly SrvRecord[]>;
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  /** IPv4 and IPv6 addresses, best first. An address is its own answer. */
  addresses(host: string): Promise<readonly string[]>;
}

/** One DNS question, ms; and how often it is put. */
const QUESTION_MS: Millis = 2_000;
const TRIES = 2;
/** A look-up by the system, which may ask slowly, ms. */
const LOOK_UP_MS: Millis = 5_000;

/**
 * The system's own: host names as everything else on this machine finds them, /etc/hosts included; service records by
 * DNS. Given servers are asked for everything instead.
 *
 * @param servers addresses, with a port where it is not 53
 */
export function systemNames(servers: readonly string[] = []): NameService {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    srv: (name) => resolver.resolveSrv(name),
    naptr: (name) => resolver.resolveNaptr(name),
    addresses: async (host) => {
      if (isIP(host) !== 0) return [host];
      return servers.length > 0 ? byDns(resolver, host) : bySystem(host);
    },
  };
}

/** Small letters, no final dot. */
export function plainName(name: string): string {
  return (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
}

async function bySystem(host: string): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("no answer"), { code: "ETIMEOUT" })), LOOK_UP_MS);
  });
  try {
    const found = await Promise.race([lookup(host, { all: true, order: "verbatim" }), late]);
    return [...new Set(found.map(({ address }) => address))];
  } finally {
    clearTimeout(timer);
  }
}

/** IPv6 first, the two kinds by turns, so that a broken one costs one attempt (RFC 8305 4). */
async function byDns(resolver: Resolver, host: string): Promise<string[]> {
  const [six, four] = await Promise.allSettled([resolver.resolve6(host), resolver.resolve4(host)]);
  if (six.status === "rejected" && four.status === "rejected") throw four.reason;
  const sixes = six.status === "fulfilled" ? six.value : [];
  const fours = four.status === "fulfilled" ? four.value : [];
  const addresses: string[] = [];
  for (let at = 0; at < Math.max(sixes.length, fours.length); at++) {
    if (at < sixes.length) addresses.push(sixes[at]!);
    if (at < fours.length) addresses.push(fours[at]!);
  }
  return addresses;
}
