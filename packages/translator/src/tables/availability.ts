import {
  AVAILABILITY_FALLBACKS,
  type AvailabilityFallbackId,
  SHOWN_STATES,
} from "./availability-fallback.ts";
import { type AvailabilityRoute, availabilityRoute } from "./availability-routes.ts";
import type { AvailabilityRow, SourceCell, TargetCell } from "./availability-table.ts";
import { AVAILABILITY_TABLES, type AvailabilityRowId } from "./availability-tables.ts";
import type { Availability, SystemKey, TableId } from "./system.ts";

/** Other cells than the published ones, by row id and target: `{ "1-12.away": { "cupc-8": "Busy" } }`. */
export type AvailabilityOverrides = Readonly<
  Partial<Record<AvailabilityRowId, Readonly<Partial<Record<SystemKey, TargetCell>>>>>
>;

/** An override that keeps a Webex Connect user in a meeting Away for XMPP clients too, where MAP-1-12 says Available. */
export const KEEP_AWAY_IN_A_MEETING = {
  "1-12.away-in-a-meeting": { "xmpp-third-party": { state: "Away", text: "In a meeting" } },
} as const satisfies AvailabilityOverrides;

export interface AvailabilityQuestion {
  readonly from: SystemKey;
  readonly state: Availability;
  /** Status text that came with the state, if any. */
  readonly text?: string | undefined;
  readonly to: SystemKey;
  readonly overrides?: AvailabilityOverrides;
}

export interface AvailabilityAnswer {
  readonly ok: true;
  readonly table: TableId;
  /** The row that decided; `fallback.*` where the table has none for the state. */
  readonly row: AvailabilityRowId | AvailabilityFallbackId;
  readonly state: Availability;
  /** Status text to show; absent where there is none. */
  readonly text?: string;
}

export interface NoAvailabilityTable {
  readonly ok: false;
  readonly why: string;
}

/**
 * How `to` sees a user of `from` who shows `state` with `text` (MAP-1-1 to MAP-1-15). A row that names a source text
 * wins over the plain row of the state and uses that text up. A canned target text comes first and the user's own note
 * after it, "Busy - note" (C-02); without one the note passes. `ok` is false for pairs that no table or route covers.
 */
export function mapAvailability(question: AvailabilityQuestion): AvailabilityAnswer | NoAvailabilityTable {
  const { from, to, state } = question;
  const route = availabilityRoute(from, to);
  if (route === undefined) return { ok: false, why: `no table says how ${to} sees ${from}` };
  const note = question.text?.trim() || undefined;
  const match = findRow(route, state, note);
  if (match === undefined) return fallback(route, state, note);
  const { row, byText } = match;
  const id = row.id as AvailabilityRowId;
  const own = question.overrides?.[id];
  const cell = own?.[to] ?? own?.[route.to] ?? row.to[route.targetColumn];
  if (cell === undefined) return fallback(route, state, note);
  return answer(route.table.id, id, stateOf(cell), textOf(cell, note, byText));
}

/** What is wrong with overrides that came from configuration: row ids or targets that no table has. Empty when fine. */
export function checkOverrides(
  overrides: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): string[] {
  const faults: string[] = [];
  for (const [id, targets] of Object.entries(overrides)) {
    const table = Object.values(AVAILABILITY_TABLES).find(({ rows }) => rows.some((row) => row.id === id));
    if (table === undefined) {
      faults.push(`no availability row is called "${id}"`);
      continue;
    }
    for (const target of Object.keys(targets)) {
      if (!(table.to as readonly string[]).includes(target)) {
        faults.push(`row "${id}" has no target "${target}"; it has ${table.to.join(", ")}`);
      }
    }
  }
  return faults;
}

/**
 * Joins a canned status text and the user's own note: "Busy - note", or whichever of the two there is. A note that only
 * repeats the canned text adds nothing.
 */
export function joinStatusText(canned: string | undefined, note: string | undefined): string | undefined {
  if (canned === undefined || canned === "") return note || undefined;
  return note === undefined || note === "" || sameText(canned, note) ? canned : `${canned} - ${note}`;
}

function findRow(
  route: AvailabilityRoute,
  state: Availability,
  note: string | undefined,
): { row: AvailabilityRow; byText: boolean } | undefined {
  let plain: AvailabilityRow | undefined;
  for (const row of route.table.rows) {
    const cell = row.from[route.sourceColumn] as SourceCell;
    if (cell === state) plain = row;
    else if (
      typeof cell === "object" &&
      cell.state === state &&
      note !== undefined &&
      sameText(cell.text, note)
    ) {
      return { row, byText: true };
    }
  }
  return plain && { row: plain, byText: false };
}

function fallback(
  route: AvailabilityRoute,
  state: Availability,
  note: string | undefined,
): AvailabilityAnswer {
  const { id, order } = AVAILABILITY_FALLBACKS[state];
  const shown: readonly Availability[] = SHOWN_STATES[route.to];
  const first = order.find((candidate) => shown.includes(candidate)) ?? "Offline";
  return answer(route.table.id, id, first, note);
}

function answer(
  table: TableId,
  row: AvailabilityAnswer["row"],
  state: Availability,
  text: string | undefined,
): AvailabilityAnswer {
  return text === undefined ? { ok: true, table, row, state } : { ok: true, table, row, state, text };
}

function stateOf(cell: TargetCell): Availability {
  return typeof cell === "string" ? cell : cell.state;
}

function textOf(cell: TargetCell, note: string | undefined, byText: boolean): string | undefined {
  if (typeof cell === "object" && "received" in cell) return note;
  const ownNote = byText ? undefined : note;
  return typeof cell === "string" ? ownNote : joinStatusText(cell.text, ownNote);
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
