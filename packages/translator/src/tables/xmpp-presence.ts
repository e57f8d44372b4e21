import { joinStatusText } from "./availability.ts";
import type { Availability, SystemKey } from "./system.ts";

/** The values of `<show/>` (RFC 6121 4.7.2.1). */
export type Show = "away" | "chat" | "dnd" | "xa";

/** Presence as XMPP says it: available with or without a show, or unavailable. */
export interface XmppPresence {
  readonly type?: "unavailable";
  readonly show?: Show;
  readonly status?: string;
}

interface ReadingRow {
  readonly id: `XR.${string}`;
  readonly state: Availability;
  readonly ref: string;
  readonly loss?: string;
}

interface WritingForm {
  readonly type?: "unavailable";
  readonly show?: Show;
  /** Status text that stands for what the show can't say. */
  readonly text?: string;
}

interface WritingRow extends WritingForm {
  readonly id: `XW.${string}`;
  readonly ref: string;
  readonly loss?: string;
}

/** What an XMPP presence says: by its show, `available` without one, or `unavailable`. */
export const XMPP_READING = {
  available: { id: "XR.available", state: "Available", ref: "RFC 6121 4.7.1" },
  chat: { id: "XR.chat", state: "Available", ref: "MAP-X2", loss: "written without a show" },
  away: { id: "XR.away", state: "Away", ref: "RFC 6121 4.7.2.1" },
  xa: { id: "XR.xa", state: "Extended Away", ref: "RFC 6121 4.7.2.1" },
  dnd: { id: "XR.dnd", state: "Do Not Disturb", ref: "RFC 6121 4.7.2.1" },
  unavailable: { id: "XR.unavailable", state: "Offline", ref: "RFC 6121 4.7.1" },
} as const satisfies Record<Show | "available" | "unavailable", ReadingRow>;

/** How a state is written for XMPP clients. */
export const XMPP_WRITING = {
  Available: { id: "XW.available", ref: "RFC 6121 4.7.1" },
  Away: { id: "XW.away", show: "away", ref: "RFC 6121 4.7.2.1" },
  Busy: { id: "XW.busy", show: "dnd", ref: "RFC 8048 6.2", loss: "reads back as Do Not Disturb" },
  "Do Not Disturb": { id: "XW.do-not-disturb", show: "dnd", ref: "RFC 6121 4.7.2.1" },
  "Be Right Back": { id: "XW.be-right-back", show: "away", ref: "MAP-X1", loss: "reads back as Away" },
  "Extended Away": { id: "XW.extended-away", show: "xa", ref: "RFC 6121 4.7.2.1" },
  Idle: {
    id: "XW.idle",
    show: "away",
    text: "Idle",
    ref: "MAP-1-13",
    loss: "reads back as Away with the text Idle, which MAP-1-15 knows as Idle",
  },
  Invisible: { id: "XW.invisible", type: "unavailable", ref: "MAP-X1", loss: "reads back as Offline" },
  Offline: { id: "XW.offline", type: "unavailable", ref: "RFC 6121 4.7.1" },
} as const satisfies Record<Availability, WritingRow>;

interface TextRow {
  readonly id: `XT.${string}`;
  /** The systems whose users say it so. */
  readonly systems: readonly SystemKey[];
  /** What the show alone would mean. */
  readonly show: "away";
  readonly text: string;
  readonly state: Availability;
  readonly ref: string;
}

const CUP_8: readonly SystemKey[] = ["cupc-8", "fed-cupc-8"];

/** States that a system's users have and no show can say: a show with a status text that stands for the rest. */
export const XMPP_TEXTS = [
  { id: "XT.busy", systems: CUP_8, show: "away", text: "Busy", state: "Busy", ref: "MAP-1-14" },
  { id: "XT.idle", systems: CUP_8, show: "away", text: "Idle", state: "Idle", ref: "MAP-1-14" },
] as const satisfies readonly TextRow[];

/**
 * A state with its status text as users of `system` mean it: where the text begins with one that stands for a state, that
 * state and the rest of the text.
 */
export function readXmppText(
  system: SystemKey,
  state: Availability,
  text: string | undefined,
): { readonly state: Availability; readonly text?: string } {
  if (state === "Away" && text !== undefined) {
    for (const row of XMPP_TEXTS as readonly TextRow[]) {
      const rest = row.systems.includes(system) ? textAfter(row.text, text) : undefined;
      if (rest !== undefined) return { state: row.state, ...(rest !== "" && { text: rest }) };
    }
  }
  return { state, ...(text !== undefined && { text }) };
}

/** What follows a canned text; undefined where the text does not begin with it. */
function textAfter(canned: string, text: string): string | undefined {
  const [first = "", ...rest] = text.split(" - ");
  return first.trim().toLowerCase() === canned.toLowerCase() ? rest.join(" - ").trim() : undefined;
}

export interface ReadXmppPresence {
  readonly row: (typeof XMPP_READING)[keyof typeof XMPP_READING]["id"];
  readonly state: Availability;
  readonly text?: string;
}

/**
 * The state that a presence of no type or of type unavailable says. An unknown show counts as none (RFC 6121 4.7.2.1),
 * and so does any show of an unavailable presence. The status passes as the text; an empty one is none.
 */
export function readXmppPresence(presence: {
  readonly type?: string | undefined;
  readonly show?: string | undefined;
  readonly status?: string | undefined;
}): ReadXmppPresence {
  const { id, state } = XMPP_READING[readingKey(presence.type, presence.show)];
  const text = presence.status?.trim();
  return text ? { row: id, state, text } : { row: id, state };
}

/** True for the four values of `<show/>`. */
export function isShow(text: string): text is Show {
  return text === "away" || text === "chat" || text === "dnd" || text === "xa";
}

export type XmppWritingId = (typeof XMPP_WRITING)[Availability]["id"] | (typeof XMPP_TEXTS)[number]["id"];

/** Type, show and status of the presence to send to users of `system`; `row` says which rule wrote it. */
export function writeXmppPresence(
  state: Availability,
  text?: string,
  system: SystemKey = "xmpp-third-party",
): XmppPresence & { readonly row: XmppWritingId } {
  const special = XMPP_TEXTS.find((row) => row.state === state && row.systems.includes(system));
  const row: WritingForm & { readonly id: XmppWritingId } = special ?? XMPP_WRITING[state];
  const status = joinStatusText(row.text, text);
  return {
    row: row.id,
    ...(row.type === undefined ? {} : { type: row.type }),
    ...(row.show === undefined ? {} : { show: row.show }),
    ...(status === undefined ? {} : { status }),
  };
}

function readingKey(type: string | undefined, show: string | undefined): keyof typeof XMPP_READING {
  if (type === "unavailable") return "unavailable";
  const value = show?.trim();
  return value !== undefined && isShow(value) ? value : "available";
}
