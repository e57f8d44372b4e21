/** What goes first when not everything may go at once. */
import { IS_COMPOSING_TYPE, readComposing, type SipMessage } from "@tombolo/sip";

/** Most urgent first. */
export const LANES = ["session", "presence", "typing"] as const;
export type Lane = (typeof LANES)[number];

const PRESENCE: ReadonlySet<string> = new Set([
  "SUBSCRIBE",
  "NOTIFY",
  "BENOTIFY",
  "PUBLISH",
  "OPTIONS",
  "SERVICE",
  "REGISTER",
]);

/** Methods that end or confirm what runs: holding them back would only prolong it. */
const PASSING: ReadonlySet<string> = new Set(["ACK", "CANCEL"]);

/** Media type of a presence document that tells the whole state (RFC 3863). */
const FULL_STATE = "application/pidf+xml";

/** Instant messages and session control; presence; typing (RFC 3994, and its older form in INFO). */
export function laneOf(message: SipMessage): Lane {
  const { method } = message;
  if (PRESENCE.has(method)) return "presence";
  if (method === "MESSAGE" && mediaType(message) === IS_COMPOSING_TYPE) return "typing";
  if (method === "INFO" && readComposing(message.body)) return "typing";
  return "session";
}

/** Whether it never waits. */
export function isPassing(message: SipMessage): boolean {
  return PASSING.has(message.method);
}

/**
 * Whether nobody would miss `older` once `newer` is there; both wait, with the same Call-ID. Of typing the newest
 * counts. A NOTIFY is replaced where the newer one, of the same subscription, carries the whole presence state;
 * partial documents and other packages build on what went before, and a last NOTIFY is never replaced.
 */
export function supersedes(newer: SipMessage, older: SipMessage, lane: Lane): boolean {
  if (newer.method !== older.method || newer.fromTag !== older.fromTag || newer.toTag !== older.toTag) {
    return false;
  }
  if (lane === "typing") return true;
  if (newer.method !== "NOTIFY" && newer.method !== "BENOTIFY") return false;
  const event = newer.get("Event");
  return (
    event !== undefined &&
    event === older.get("Event") &&
    firstPart(event) === "presence" &&
    mediaType(newer) === FULL_STATE &&
    firstPart(older.get("Subscription-State") ?? "") !== "terminated"
  );
}

function mediaType(message: SipMessage): string {
  return firstPart(message.get("Content-Type") ?? "");
}

/** Without parameters, small letters. */
function firstPart(value: string): string {
  const end = value.indexOf(";");
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}
