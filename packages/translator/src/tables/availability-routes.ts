import type { AvailabilityTable } from "./availability-table.ts";
import { AVAILABILITY_TABLES } from "./availability-tables.ts";
import type { SystemKey } from "./system.ts";

/** Which table answers for a pair of systems, and which of its columns: they differ from the pair on a derived route. */
export interface AvailabilityRoute {
  readonly table: AvailabilityTable;
  /** The columns that are read. */
  readonly from: SystemKey;
  readonly to: SystemKey;
  readonly sourceColumn: number;
  readonly targetColumn: number;
}

/**
 * Pairs without a column of their own that borrow another system's. AOL's tables have none for XMPP clients: what AOL
 * shows is read as the 8.x client sees it, and an XMPP client is shown to AOL as the 7.x client, whose column has Away.
 */
export const BORROWED_COLUMNS = [
  { from: "aim", to: "xmpp-third-party", as: { from: "aim", to: "cupc-8" }, ref: "MAP-1-9" },
  { from: "aim", to: "fed-xmpp-third-party", as: { from: "aim", to: "cupc-8" }, ref: "MAP-1-9" },
  { from: "xmpp-third-party", to: "aim", as: { from: "cupc-7", to: "aim" }, ref: "MAP-1-10" },
  { from: "fed-xmpp-third-party", to: "aim", as: { from: "cupc-7", to: "aim" }, ref: "MAP-1-10" },
] as const satisfies readonly {
  readonly from: SystemKey;
  readonly to: SystemKey;
  readonly as: { readonly from: SystemKey; readonly to: SystemKey };
  readonly ref: string;
}[];

/**
 * The same client here and at a partner. Where a pair has no table, the source is read as the local one and the target
 * as the partner's one: tables 1-13 to 1-15 seen from the other side.
 */
const AT_PARTNER = {
  "cupc-7": "fed-cupc-7",
  "cupc-8": "fed-cupc-8",
  "xmpp-third-party": "fed-xmpp-third-party",
} as const satisfies Partial<Record<SystemKey, SystemKey>>;

const TWINS: ReadonlyMap<SystemKey, { readonly local: SystemKey; readonly partner: SystemKey }> = new Map(
  (Object.entries(AT_PARTNER) as [SystemKey, SystemKey][]).flatMap(([local, partner]) => [
    [local, { local, partner }],
    [partner, { local, partner }],
  ]),
);

/**
 * The table and columns for a pair, tried in this order: its own table; the source as its local twin; the target as its
 * twin at a partner; both; the target as its local twin; a borrowed column. Undefined where none of them exists (two
 * foreign systems, which never meet without a local one between them).
 */
export function availabilityRoute(from: SystemKey, to: SystemKey): AvailabilityRoute | undefined {
  return ROUTES.get(`${from}>${to}`);
}

const DIRECT = directRoutes();
const ROUTES = allRoutes();

function directRoutes(): Map<string, AvailabilityRoute> {
  const routes = new Map<string, AvailabilityRoute>();
  for (const table of Object.values(AVAILABILITY_TABLES) as AvailabilityTable[]) {
    table.from.forEach((from, sourceColumn) => {
      table.to.forEach((to, targetColumn) => {
        routes.set(`${from}>${to}`, { table, from, to, sourceColumn, targetColumn });
      });
    });
  }
  return routes;
}

function allRoutes(): Map<string, AvailabilityRoute> {
  const systems = new Set([...DIRECT.values()].flatMap(({ from, to }) => [from, to]));
  const routes = new Map<string, AvailabilityRoute>();
  for (const from of [...systems, ...TWINS.keys()]) {
    for (const to of systems) {
      const route = findRoute(from, to);
      if (route !== undefined) routes.set(`${from}>${to}`, route);
    }
  }
  return routes;
}

function findRoute(from: SystemKey, to: SystemKey): AvailabilityRoute | undefined {
  const source = TWINS.get(from)?.local ?? from;
  const partner = TWINS.get(to)?.partner ?? to;
  const local = TWINS.get(to)?.local ?? to;
  const borrowed = BORROWED_COLUMNS.find((pair) => pair.from === from && pair.to === to)?.as;
  return (
    DIRECT.get(`${from}>${to}`) ??
    DIRECT.get(`${source}>${to}`) ??
    DIRECT.get(`${from}>${partner}`) ??
    DIRECT.get(`${source}>${partner}`) ??
    DIRECT.get(`${from}>${local}`) ??
    (borrowed && DIRECT.get(`${borrowed.from}>${borrowed.to}`))
  );
}
