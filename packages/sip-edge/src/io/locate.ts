import type { Millis } from "@tombolo/sip";
import { type DialTarget, errorCode } from "@tombolo/sip/io";
import { orderRecords, type SrvRecord, saysNoService } from "../routing/srv-order.ts";
import type { EdgePartner, RoutingDomain } from "../settings.ts";
import { type NameService, plainName } from "./name-service.ts";

/** Where a partner may be found, best first; an empty list with the reason where it can't be. */
export interface Location {
  readonly targets: readonly DialTarget[];
  readonly detail: string;
  /**
   * The targets of its service records, small letters: names its certificate may have where none are configured.
   * Undefined where they could not be asked for.
   */
  readonly names?: readonly string[] | undefined;
}

export type Locate = (partner: EdgePartner) => Promise<Location>;

/** Targets of one look-up that are tried. */
export const MAX_TARGETS = 8;
/** How long an answer is kept, ms: a good one, and one that there is nothing. */
export const LOCATION_TTL_MS: Millis = 60_000;
export const NO_LOCATION_TTL_MS: Millis = 15_000;
/** Partners whose answers are kept. */
export const MAX_LOCATIONS = 1_000;

export const DEFAULT_SIP_TLS_PORT = 5061;
/** Codes of an answer, as opposed to those of no answer. */
const NOTHING: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);

/** Hosts in groups of equal rank are ordered anew for each use: the draw by weight is not kept. */
type Places =
  | { readonly kind: "found"; readonly records: readonly Place[]; readonly names: readonly string[] }
  | { readonly kind: "none"; readonly detail: string; readonly names: readonly string[] | undefined };

/** A service record with the addresses of its target. */
interface Place extends SrvRecord {
  readonly addresses: readonly string[];
}

export interface LocatorOptions {
  readonly names: NameService;
  readonly now: () => Millis;
  /** [0, 1) */
  readonly random: () => number;
}

/**
 * Finds partners: by their route; else by `_sipfederationtls._tcp`, which federation partners publish; else as RFC 3263
 * 4 has it for TLS: NAPTR, `_sips._tcp`, the domain itself on port 5061. Where a partner has a routing domain, that one's
 * route and then its service records stand in place of the last.
 */
export class Locator {
  private readonly options: LocatorOptions;
  private readonly kept = new Map<string, { readonly until: Millis; readonly places: Promise<Places> }>();

  constructor(options: LocatorOptions) {
    this.options = options;
  }

  get size(): number {
    return this.kept.size;
  }

  /** Never rejects. */
  readonly locate: Locate = async (partner) => {
    const places = await this.places(partner);
    if (places.kind === "none") return { targets: [], detail: places.detail, names: places.names };
    const targets: DialTarget[] = [];
    for (const { name: host, port, addresses } of orderRecords(
      places.records,
      this.options.random,
    ) as Place[])
      for (const address of addresses) targets.push({ host, port, address, transport: "tls" });
    return { targets: targets.slice(0, MAX_TARGETS), detail: "", names: places.names };
  };

  /** Forgets all answers. */
  clear(): void {
    this.kept.clear();
  }

  private places(partner: EdgePartner): Promise<Places> {
    const { route, domain, routedBy } = partner;
    const key = route ? `${route.host}:${route.port}` : `${domain} ${JSON.stringify(routedBy)}`;
    const now = this.options.now();
    const kept = this.kept.get(key);
    if (kept && kept.until > now) return kept.places;
    this.kept.delete(key);
    const places = this.ask(partner);
    const entry = { until: Number.POSITIVE_INFINITY, places };
    this.keep(key, entry);
    void places.then(({ kind }) => {
      if (this.kept.get(key) !== entry) return;
      const ttl = kind === "found" ? LOCATION_TTL_MS : NO_LOCATION_TTL_MS;
      this.kept.set(key, { until: this.options.now() + ttl, places });
    });
    return places;
  }

  private keep(key: string, entry: { readonly until: Millis; readonly places: Promise<Places> }): void {
    if (this.kept.size >= MAX_LOCATIONS) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(key, entry);
  }

  private async ask({ route, domain, routedBy }: EdgePartner): Promise<Places> {
    if (route) return this.resolve([hostRecord(route.host, route.port)], []);
    try {
      const places = await this.byServices(domain);
      if (places !== undefined) return places;
      if (routedBy) return await this.byRoutingDomain(domain, routedBy);
    } catch (error) {
      return { kind: "none", detail: `${domain}: ${errorCode(error) || "look-up failed"}`, names: undefined };
    }
    return this.resolve([hostRecord(domain, DEFAULT_SIP_TLS_PORT)], []);
  }

  private async byRoutingDomain(domain: string, { domain: other, route }: RoutingDomain): Promise<Places> {
    if (route) return this.resolve([hostRecord(route.host, route.port)], []);
    const places = await this.byServices(other);
    return places ?? { kind: "none", detail: `${domain}, ${other}: no service records`, names: [] };
  }

  /** Undefined where the domain has no service records. Rejects where DNS says nothing. */
  private async byServices(domain: string): Promise<Places | undefined> {
    for await (const service of this.services(domain)) {
      const records = await this.records(service);
      if (saysNoService(records)) return { kind: "none", detail: `${service}: no service`, names: [] };
      if (records.length > 0)
        return await this.resolve(records, records.map(({ name }) => name).filter(Boolean));
    }
    return undefined;
  }

  /** The names to ask for service records, in order; NAPTR is asked only where the first has none. */
  private async *services(domain: string): AsyncGenerator<string> {
    yield `_sipfederationtls._tcp.${domain}`;
    yield* await this.naptr(domain);
    yield `_sips._tcp.${domain}`;
  }

  /** RFC 3263 4.1: only TLS will do, and only what points to service records. */
  private async naptr(domain: string): Promise<string[]> {
    const records = await orNothing(this.options.names.naptr(domain));
    return records
      .filter(({ flags, service }) => flags.toLowerCase() === "s" && service.toLowerCase() === "sips+d2t")
      .sort((one, other) => one.order - other.order || one.preference - other.preference)
      .slice(0, 2)
      .map(({ replacement }) => plainName(replacement));
  }

  private async records(service: string): Promise<SrvRecord[]> {
    const records = await orNothing(this.options.names.srv(service));
    return records.map((record) => ({ ...record, name: plainName(record.name) }));
  }

  private async resolve(records: readonly SrvRecord[], names: readonly string[]): Promise<Places> {
    const failures: string[] = [];
    const places = await Promise.all(
      records.slice(0, MAX_TARGETS * 2).map(async (record): Promise<Place> => {
        try {
          const addresses = await this.options.names.addresses(record.name);
          if (addresses.length === 0) failures.push(`${record.name}: no address`);
          return { ...record, addresses };
        } catch (error) {
          failures.push(`${record.name}: ${errorCode(error) || "look-up failed"}`);
          return { ...record, addresses: [] };
        }
      }),
    );
    if (places.every(({ addresses }) => addresses.length === 0))
      return { kind: "none", detail: failures.join(", "), names };
    return { kind: "found", records: places, names };
  }
}

function hostRecord(name: string, port: number): SrvRecord {
  return { name, port, priority: 0, weight: 0 };
}

/** What DNS has; nothing where it says that it has nothing. Rejects where it says nothing. */
async function orNothing<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asked;
  } catch (error) {
    if (NOTHING.has(errorCode(error))) return [];
    throw error;
  }
}
