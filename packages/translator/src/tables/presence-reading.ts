import type { PresenceBodySummary, PresenceForm } from "@tombolo/sip";
import { activityWords } from "./activity-words.ts";
import { type BandVariants, readActivityClass, readAvailabilityNumber } from "./numeric-availability.ts";
import { type PidfDialect, readPidf } from "./pidf-activity.ts";
import type { Availability } from "./system.ts";

export interface ReadPresence {
  /** The row that decided: `PR.*`, `NB.*`, `NT.*`, `NC.*` or `fallback.unknown-activity`. */
  readonly row: string;
  readonly state: Availability;
  /** What the user is doing, for a status text: the partner's own words, else those of `ACTIVITY_WORDS`. */
  readonly words?: string;
}

export interface PresenceReadingRules {
  /** The vocabulary of the peer's PIDF. The other forms have that of the drafts. */
  readonly dialect: PidfDialect;
  readonly variants?: BandVariants;
}

/**
 * The state that a presence body says, whichever its form. Closed is Offline whatever else is said; then the most exact
 * statement counts: enhanced-presence number, activity class, show, activity tokens. Undefined: nothing is said.
 */
export function readPresence(
  kind: PresenceForm,
  summary: PresenceBodySummary,
  rules: PresenceReadingRules,
): ReadPresence | undefined {
  const decided = decide(kind, summary, rules);
  if (decided === undefined) return undefined;
  const { row, state, token } = decided;
  if (state === "Offline") return { row, state };
  const tokens = token === undefined ? summary.activities : [token, ...summary.activities];
  const words = summary.activityText ?? activityWords(tokens);
  return { row, state, ...(words !== undefined && { words }) };
}

function decide(
  kind: PresenceForm,
  summary: PresenceBodySummary,
  rules: PresenceReadingRules,
): { readonly row: string; readonly state: Availability; readonly token?: string } | undefined {
  const { basic, availability, activityClass, activities } = summary;
  if (basic !== "closed" && availability !== undefined) {
    return readAvailabilityNumber(availability, activities, rules.variants);
  }
  if (basic === "open" && activityClass !== undefined) return readActivityClass(activityClass);
  return readPidf(summary, kind === "pidf" ? rules.dialect : "rpid-status-draft");
}
