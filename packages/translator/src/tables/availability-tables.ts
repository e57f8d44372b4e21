import { TABLE_1_9, TABLE_1_10 } from "./aol.ts";
import type { AvailabilityTable, SourceCell, TargetCell } from "./availability-table.ts";
import { TABLE_1_1, TABLE_1_5 } from "./from-microsoft.ts";
import { TABLE_1_11, TABLE_1_12 } from "./from-xmpp-partners.ts";
import type { Availability, SystemKey, TableId } from "./system.ts";
import { TABLE_1_2, TABLE_1_3, TABLE_1_4, TABLE_1_6, TABLE_1_7, TABLE_1_8 } from "./to-microsoft.ts";
import { TABLE_1_13, TABLE_1_14, TABLE_1_15 } from "./to-xmpp-partners.ts";

/** All availability tables by id. */
export const AVAILABILITY_TABLES = {
  "1-1": TABLE_1_1,
  "1-2": TABLE_1_2,
  "1-3": TABLE_1_3,
  "1-4": TABLE_1_4,
  "1-5": TABLE_1_5,
  "1-6": TABLE_1_6,
  "1-7": TABLE_1_7,
  "1-8": TABLE_1_8,
  "1-9": TABLE_1_9,
  "1-10": TABLE_1_10,
  "1-11": TABLE_1_11,
  "1-12": TABLE_1_12,
  "1-13": TABLE_1_13,
  "1-14": TABLE_1_14,
  "1-15": TABLE_1_15,
} as const satisfies { readonly [Id in TableId]: AvailabilityTable & { readonly id: Id } };

/** The id of a row in one of the tables, such as "1-5.busy". */
export type AvailabilityRowId = (typeof AVAILABILITY_TABLES)[TableId]["rows"][number]["id"];

/** A cell as it is listed: the state, the canned text if any, and whether the received text goes on. */
export interface ListedCell {
  readonly state: Availability;
  readonly text?: string;
  readonly received?: true;
}

export interface ListedRow {
  readonly id: AvailabilityRowId;
  readonly from: Readonly<Partial<Record<SystemKey, ListedCell>>>;
  readonly to: Readonly<Partial<Record<SystemKey, ListedCell>>>;
  readonly loss?: string;
}

export interface ListedTable {
  readonly id: TableId;
  readonly title: string;
  readonly ref: string;
  readonly from: readonly SystemKey[];
  readonly to: readonly SystemKey[];
  readonly rows: readonly ListedRow[];
}

/** Every table with its cells named by system, in the order of their numbers; plain data, ready for JSON. */
export function listTables(): readonly ListedTable[] {
  return Object.values(AVAILABILITY_TABLES).map((table: AvailabilityTable) => ({
    id: table.id,
    title: table.title,
    ref: table.ref,
    from: table.from,
    to: table.to,
    rows: table.rows.map((row) => ({
      id: row.id as AvailabilityRowId,
      from: cellsBySystem(table.from, row.from),
      to: cellsBySystem(table.to, row.to),
      ...(row.loss === undefined ? {} : { loss: row.loss }),
    })),
  }));
}

function cellsBySystem(
  systems: readonly SystemKey[],
  cells: readonly (SourceCell | TargetCell)[],
): Partial<Record<SystemKey, ListedCell>> {
  const named: Partial<Record<SystemKey, ListedCell>> = {};
  systems.forEach((system, column) => {
    const cell = cells[column];
    if (cell !== undefined) named[system] = typeof cell === "string" ? { state: cell } : cell;
  });
  return named;
}
