import type { Availability, SystemKey, TableId } from "./system.ts";

/** What a source shows: a state, or a state that counts only together with this status text. */
export type SourceCell = Availability | { readonly state: Availability; readonly text: string };

/**
 * What a target is shown. A bare state lets the source's own note through; `text` is canned and comes before that
 * note; `received` says that the published table promises a text without naming it, so the received one goes on.
 */
export type TargetCell =
  | Availability
  | { readonly state: Availability; readonly text: string }
  | { readonly state: Availability; readonly received: true };

/** One row: `from` and `to` are positional, one cell per column of the table. */
export interface AvailabilityRow {
  readonly id: string;
  readonly from: readonly SourceCell[];
  readonly to: readonly TargetCell[];
  /** What does not read back to the same state at the source. Mandatory where that is so. */
  readonly loss?: string;
}

export interface AvailabilityTable {
  readonly id: TableId;
  readonly title: string;
  /** The requirement that this table answers. */
  readonly ref: string;
  readonly from: readonly SystemKey[];
  readonly to: readonly SystemKey[];
  readonly rows: readonly AvailabilityRow[];
}

interface RowOf<Id extends string, From extends readonly SystemKey[], To extends readonly SystemKey[]>
  extends AvailabilityRow {
  readonly id: `${Id}.${string}`;
  readonly from: { readonly [Column in keyof From]: SourceCell };
  readonly to: { readonly [Column in keyof To]: TargetCell };
}

/** The two states that every fallback can end in, so every table needs a row for them. */
type Needed = "Available" | "Offline";
type Complete<Rows extends readonly AvailabilityRow[]> = [
  Exclude<Needed, Rows[number]["from"][number]>,
] extends [never]
  ? unknown
  : { readonly missing: Exclude<Needed, Rows[number]["from"][number]> };

/**
 * Types a table: row ids carry the table's id, each row has a cell per column, and rows for Available and Offline exist.
 * Deleting one of those is the type error `missing: "Offline"`.
 */
export function defineTable<
  const Id extends TableId,
  const From extends readonly SystemKey[],
  const To extends readonly SystemKey[],
  const Rows extends readonly RowOf<Id, From, To>[],
>(table: {
  readonly id: Id;
  readonly title: string;
  readonly ref: `MAP-${Id}`;
  readonly from: From;
  readonly to: To;
  readonly rows: Rows & Complete<Rows>;
}): {
  readonly id: Id;
  readonly title: string;
  readonly ref: string;
  readonly from: From;
  readonly to: To;
  readonly rows: Rows;
} {
  return table;
}
