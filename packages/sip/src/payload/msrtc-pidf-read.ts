import type { Basic } from "./presence-document.ts";
import type { StatementReading } from "./presence-statement.ts";
import { childrenNamed, descend, numberIn, readXml } from "./xml.ts";
import type { XmlElement } from "./xml-element.ts";

/** Availability classes below this can't be reached; at or above it they may be or are (classes are 0 to 999). */
export const FIRST_REACHABLE_CLASS = 100;
/** Classes above this are none. */
const LAST_CLASS = 999;

/**
 * Reads `text/xml+msrtc.pidf`, the presence document of RTC servers: two aggregated classes, one for how well somebody
 * can be reached and one for what he does. A `state` that the user set says it in enhanced-presence numbers, which are
 * more exact. `uri` comes without a scheme; the declared encoding is often wrong and never looked at. Never throws.
 */
export function readMsrtcPidf(bytes: Uint8Array): StatementReading {
  const xml = readXml(bytes);
  if (!xml.ok) return xml;
  const { root } = xml;
  if (root.name !== "presentity") return { ok: false, why: "not a presentity document" };
  const reach = aggregateOf(root, "availability");
  const activityClass = aggregateOf(root, "activity");
  const state = stateOf(root);
  const availability = numberIn(state?.attrs.get("avail"));
  const token = state?.text.trim().toLowerCase();
  const note = noteOf(root);
  return {
    ok: true,
    entity: root.attrs.get("uri")?.trim() ?? "",
    summary: {
      basic: basicOf(reach),
      activities: token ? [token] : [],
      ...(availability !== undefined && { availability }),
      ...(activityClass !== undefined && { activityClass }),
      ...(note && { note }),
    },
  };
}

function aggregateOf(root: XmlElement, name: string): number | undefined {
  const value = numberIn(childrenNamed(root, name)[0]?.attrs.get("aggregate"));
  return value !== undefined && value <= LAST_CLASS ? value : undefined;
}

function basicOf(reach: number | undefined): Basic | undefined {
  if (reach === undefined) return undefined;
  return reach < FIRST_REACHABLE_CLASS ? "closed" : "open";
}

/** The state with a number; one that was set by hand before one that a device or a calendar set. */
function stateOf(root: XmlElement): XmlElement | undefined {
  const states = descend(root, "userInfo", "states", "state").filter(
    (state) => numberIn(state.attrs.get("avail")) !== undefined,
  );
  return states.find((state) => state.attrs.get("set")?.toLowerCase() === "manual") ?? states[0];
}

/** The user's note, else the one that goes with the activity. */
function noteOf(root: XmlElement): string | undefined {
  const notes = descend(root, "userInfo", "note").map((note) => note.text.trim());
  return notes.find(Boolean) ?? childrenNamed(root, "activity")[0]?.attrs.get("note")?.trim();
}
