import {
  type AvailabilityAnswer,
  type AvailabilityQuestion,
  mapAvailability,
  type NoAvailabilityTable,
} from "./availability.ts";
import type { SystemKey } from "./system.ts";

/**
 * Two systems that are both foreign here have no table. One is seen by the other as this one would see it, and be seen
 * with that: state and text go through two tables.
 */
export const TRANSIT_SYSTEM = "xmpp-third-party" satisfies SystemKey;

export type TransitAnswer = Omit<AvailabilityAnswer, "row"> & {
  /** The row, or the two rows, that decided: `1-5.busy`, `1-5.busy 1-15.away`. */
  readonly row: string;
};

/** As `mapAvailability`, and by way of `TRANSIT_SYSTEM` where the pair has no table. */
export function mapAcross(question: AvailabilityQuestion): TransitAnswer | NoAvailabilityTable {
  const direct = mapAvailability(question);
  if (direct.ok) return direct;
  const first = mapAvailability({ ...question, to: TRANSIT_SYSTEM });
  if (!first.ok) return direct;
  const { state, text } = first;
  const second = mapAvailability({ ...question, from: TRANSIT_SYSTEM, state, text });
  return second.ok ? { ...second, row: `${first.row} ${second.row}` } : direct;
}
