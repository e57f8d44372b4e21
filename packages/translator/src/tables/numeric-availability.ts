import type { Availability } from "./system.ts";

/** Where partners, or their own papers, disagree on what a number means. */
export interface BandVariants {
  /** Numbers below 3000 mean Available, as the schema of Lync has it; else nobody is there. */
  readonly lowIsAvailable?: boolean;
  /** Somebody who is there but has not touched his machine counts as Available; else as Idle. */
  readonly idleIsAvailable?: boolean;
}

interface Band {
  readonly id: `NB.${string}`;
  /** The first number of the band; it ends where the next one begins. */
  readonly from: number;
  readonly state: Availability;
  readonly variant?: { readonly when: keyof BandVariants; readonly state: Availability };
  readonly ref: string;
}

/** The numbers of enhanced presence (Office Communications Server 2007 and later), in rising order. Ranges, never equality. */
export const AVAILABILITY_BANDS = [
  {
    id: "NB.none",
    from: 0,
    state: "Offline",
    variant: { when: "lowIsAvailable", state: "Available" },
    ref: "MAP-X2",
  },
  { id: "NB.available", from: 3000, state: "Available", ref: "PF-16" },
  {
    id: "NB.available-idle",
    from: 4500,
    state: "Idle",
    variant: { when: "idleIsAvailable", state: "Available" },
    ref: "PF-16",
  },
  { id: "NB.busy", from: 6000, state: "Busy", ref: "PF-16" },
  { id: "NB.busy-idle", from: 7500, state: "Busy", ref: "PF-16" },
  { id: "NB.do-not-disturb", from: 9000, state: "Do Not Disturb", ref: "PF-16" },
  { id: "NB.be-right-back", from: 12000, state: "Be Right Back", ref: "PF-16" },
  { id: "NB.away", from: 15000, state: "Away", ref: "PF-16" },
  { id: "NB.offline", from: 18000, state: "Offline", ref: "PF-16" },
] as const satisfies readonly Band[];

interface Refinement {
  readonly id: `NT.${string}`;
  readonly tokens: readonly string[];
  /** The token counts for numbers of this range, both ends included. */
  readonly from: number;
  readonly to: number;
  readonly state: Availability;
  readonly ref: string;
}

/** Tokens that say more than the number they come with. Outside its range a token says nothing. */
export const TOKEN_REFINEMENTS = [
  {
    id: "NT.urgent-only",
    tokens: ["urgent-interruptions-only"],
    from: 6000,
    to: 11999,
    state: "Do Not Disturb",
    ref: "MAP-X1",
  },
  {
    id: "NT.presenting",
    tokens: ["in-presentation"],
    from: 9000,
    to: 11999,
    state: "Do Not Disturb",
    ref: "MAP-X1",
  },
  {
    id: "NT.engaged",
    tokens: ["on-the-phone", "in-a-conference", "in-a-meeting"],
    from: 6000,
    to: 8999,
    state: "Busy",
    ref: "MAP-X1",
  },
  {
    id: "NT.not-at-work",
    tokens: ["out-of-office", "off-work", "out-to-lunch"],
    from: 3000,
    to: 17999,
    state: "Away",
    ref: "MAP-X1",
  },
] as const satisfies readonly Refinement[];

interface ActivityClass {
  readonly id: `NC.${string}`;
  /** The first number of the class; it ends where the next one begins. */
  readonly from: number;
  readonly state: Availability;
  /** The activity token that says the same. */
  readonly token?: string;
  readonly ref: string;
}

/** The activity classes of Live Communications Server's documents, 0 to 999, for somebody who can be reached. */
export const ACTIVITY_CLASSES = [
  { id: "NC.no-information", from: 0, state: "Away", ref: "MAP-X2" },
  { id: "NC.away", from: 100, state: "Away", ref: "MAP-X1" },
  { id: "NC.out-to-lunch", from: 150, state: "Away", token: "out-to-lunch", ref: "MAP-X1" },
  { id: "NC.idle", from: 200, state: "Away", ref: "MAP-X1" },
  { id: "NC.be-right-back", from: 300, state: "Be Right Back", ref: "MAP-X1" },
  { id: "NC.active", from: 400, state: "Available", ref: "MAP-X1" },
  { id: "NC.in-a-call", from: 500, state: "Busy", token: "on-the-phone", ref: "MAP-X1" },
  { id: "NC.busy", from: 600, state: "Busy", ref: "MAP-X1" },
  { id: "NC.away-700", from: 700, state: "Away", ref: "MAP-X1" },
  { id: "NC.active-800", from: 800, state: "Available", ref: "MAP-X1" },
] as const satisfies readonly ActivityClass[];

export interface ReadNumber {
  readonly row: string;
  readonly state: Availability;
  /** The activity token that decided or that a class stands for. */
  readonly token?: string;
}

/**
 * The state that an enhanced-presence number and its activity tokens (lower case) mean. A token that is good for the
 * number decides before the band of the number. Negative numbers count as 0.
 */
export function readAvailabilityNumber(
  availability: number,
  tokens: readonly string[],
  variants: BandVariants = {},
): ReadNumber {
  for (const row of TOKEN_REFINEMENTS) {
    if (availability < row.from || availability > row.to) continue;
    const token = (row.tokens as readonly string[]).find((candidate) => tokens.includes(candidate));
    if (token !== undefined) return { row: row.id, state: row.state, token };
  }
  const band = rowOf<Band>(AVAILABILITY_BANDS, availability);
  const { variant } = band;
  return {
    row: band.id,
    state: variant !== undefined && variants[variant.when] ? variant.state : band.state,
  };
}

/** The state that an activity class means for somebody who can be reached. */
export function readActivityClass(activityClass: number): ReadNumber {
  const { id, state, token } = rowOf<ActivityClass>(ACTIVITY_CLASSES, activityClass);
  return { row: id, state, ...(token !== undefined && { token }) };
}

/** The last row that begins at or below `value`, else the first one. */
function rowOf<Row extends { readonly from: number }>(rows: readonly [Row, ...Row[]], value: number): Row {
  let found = rows[0];
  for (const row of rows) if (row.from <= value) found = row;
  return found;
}
