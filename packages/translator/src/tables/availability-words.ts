import { AVAILABILITIES, type Availability } from "./system.ts";

/** What XMPP and people call the states, besides the words of the tables. */
const SHORT_WORDS = {
  available: "Available",
  online: "Available",
  chat: "Available",
  away: "Away",
  busy: "Busy",
  dnd: "Do Not Disturb",
  brb: "Be Right Back",
  xa: "Extended Away",
  idle: "Idle",
  invisible: "Invisible",
  offline: "Offline",
  unavailable: "Offline",
} as const satisfies Record<string, Availability>;

const BY_WORD: ReadonlyMap<string, Availability> = new Map<string, Availability>([
  ...Object.entries(SHORT_WORDS),
  ...AVAILABILITIES.map((state): [string, Availability] => [fold(state), state]),
]);

/** Every word that `availabilityNamed` knows: the states as the tables write them, then the short ones. */
export const AVAILABILITY_NAMES: readonly string[] = [
  ...AVAILABILITIES,
  ...Object.keys(SHORT_WORDS).filter((word) => !AVAILABILITIES.some((state) => fold(state) === word)),
];

/**
 * The state that a word means: as in the tables, or `dnd`, `xa` and the like of XMPP (RFC 6121 4.7.2.1). Case makes no
 * difference, nor do `-` and `_` for a space.
 */
export function availabilityNamed(word: string): Availability | undefined {
  return BY_WORD.get(fold(word));
}

function fold(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, "-");
}
