import type { PresenceBodySummary, StatementReading } from "./presence-statement.ts";
import { childrenNamed, numberIn, readXml } from "./xml.ts";
import type { XmlElement } from "./xml-element.ts";

const XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type";
/** Number that an activity without `maxAvailability` goes up to. */
const NO_MAXIMUM = Number.MAX_SAFE_INTEGER;

/**
 * Reads `application/msrtc-event-categories+xml`, enhanced presence: the number and the activity token of category
 * `state` (else of `legacyInterop`, which servers make from it), and the user's `note`. An
 * empty category says that nothing is known or allowed. `basic` is never said here: the number says it. Never throws.
 */
export function readEventCategories(bytes: Uint8Array): StatementReading {
  const xml = readXml(bytes);
  if (!xml.ok) return xml;
  const { root } = xml;
  if (root.name !== "categories") return { ok: false, why: "not a categories document" };
  const state = stateOf(contents(root, "state", "state"));
  const note = noteOf(contents(root, "note", "note"));
  return {
    ok: true,
    entity: root.attrs.get("uri")?.trim() ?? "",
    summary: {
      ...(state === undefined ? readLegacy(root) : readState(state)),
      ...(note && { note }),
    },
  };
}

/** What stands inside the categories of one name. */
function contents(root: XmlElement, category: string, element: string): readonly XmlElement[] {
  return childrenNamed(root, "category")
    .filter((found) => found.attrs.get("name")?.trim().toLowerCase() === category.toLowerCase())
    .flatMap((found) => childrenNamed(found, element));
}

/** The aggregate of all devices, else the first state with a number. */
function stateOf(states: readonly XmlElement[]): XmlElement | undefined {
  const stated = states.filter((state) => availabilityOf(state) !== undefined);
  const isAggregate = (state: XmlElement) => /(?:^|:)aggregateState$/.test(state.attrs.get(XSI_TYPE) ?? "");
  return stated.find(isAggregate) ?? stated[0];
}

function availabilityOf(state: XmlElement): number | undefined {
  return numberIn(childrenNamed(state, "availability")[0]?.text);
}

function readState(state: XmlElement): PresenceBodySummary {
  const availability = availabilityOf(state)!;
  const activities = childrenNamed(state, "activity").filter((activity) => covers(activity, availability));
  const words = activities
    .flatMap((activity) => childrenNamed(activity, "custom"))
    .map((custom) => custom.text.trim())
    .find(Boolean);
  return {
    basic: undefined,
    availability,
    activities: tokens(activities.map((activity) => activity.attrs.get("token"))),
    ...(words && { activityText: words }),
  };
}

/** An activity speaks for numbers from its minimum to its maximum only. */
function covers(activity: XmlElement, availability: number): boolean {
  const least = numberIn(activity.attrs.get("minAvailability")) ?? 0;
  const most = numberIn(activity.attrs.get("maxAvailability")) ?? NO_MAXIMUM;
  return availability >= least && availability <= most;
}

function readLegacy(root: XmlElement): PresenceBodySummary {
  const legacy = contents(root, "legacyInterop", "legacyInterop")[0];
  const availability = numberIn(legacy?.attrs.get("availability"));
  if (availability === undefined) return { basic: undefined, activities: [] };
  return { basic: undefined, availability, activities: tokens([legacy?.attrs.get("token")]) };
}

function tokens(words: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(words.map((word) => word?.trim().toLowerCase() ?? ""))].filter(Boolean);
}

/** A personal note comes before an out-of-office text. */
function noteOf(notes: readonly XmlElement[]): string | undefined {
  const bodies = notes
    .flatMap((note) => childrenNamed(note, "body"))
    .filter((body) => body.text.trim() !== "");
  const personal = bodies.find((body) => body.attrs.get("type")?.toLowerCase() === "personal");
  return (personal ?? bodies[0])?.text.trim();
}
