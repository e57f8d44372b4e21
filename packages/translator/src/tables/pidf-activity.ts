import type { Availability } from "./system.ts";
import { isShow, type Show, XMPP_READING } from "./xmpp-presence.ts";

/**
 * Which PIDF a peer reads and writes: activities inside `<status>` in the draft namespace `...:pidf:status:rpid-status`,
 * or in a `<person>` as RFC 4480 has them.
 */
export type PidfDialect = "rpid-status-draft" | "rpid";

/** An activity that says nothing about availability reads as Available; the ones in doubt are told apart by dialect. */
interface ReadingRow {
  readonly id: `PR.${string}`;
  readonly tokens: readonly string[];
  readonly state: Availability;
  readonly ref: string;
}

const DRAFT_READING = [
  { id: "PR.draft-available", tokens: ["available", "online"], state: "Available", ref: "MAP-X1" },
  {
    id: "PR.draft-busy",
    tokens: [
      "busy",
      "on-the-phone",
      "in-a-call",
      "in-a-meeting",
      "meeting",
      "in-a-conference",
      "in-presentation",
      "appointment",
      "presentation",
    ],
    state: "Busy",
    ref: "MAP-X1",
  },
  {
    id: "PR.draft-do-not-disturb",
    tokens: ["do-not-disturb", "urgent-interruptions-only"],
    state: "Do Not Disturb",
    ref: "MAP-X1",
  },
  {
    id: "PR.draft-be-right-back",
    tokens: ["be-right-back", "berightback"],
    state: "Be Right Back",
    ref: "MAP-X1",
  },
  {
    id: "PR.draft-away",
    tokens: [
      "away",
      "out-to-lunch",
      "meal",
      "idle",
      "inactive",
      "vacation",
      "out-of-office",
      "off-work",
      "permanent-absence",
    ],
    state: "Away",
    ref: "MAP-X1",
  },
] as const satisfies readonly ReadingRow[];

const RPID_READING = [
  {
    id: "PR.rpid-available",
    tokens: ["available", "online", "working", "looking-for-work", "other", "unknown"],
    state: "Available",
    ref: "RFC 4480 3.2",
  },
  {
    id: "PR.rpid-busy",
    tokens: [
      "busy",
      "on-the-phone",
      "meeting",
      "appointment",
      "performance",
      "presentation",
      "steering",
      "in-transit",
      "worship",
    ],
    state: "Busy",
    ref: "RFC 4480 3.2",
  },
  { id: "PR.rpid-do-not-disturb", tokens: ["do-not-disturb", "dnd"], state: "Do Not Disturb", ref: "MAP-X2" },
  { id: "PR.rpid-be-right-back", tokens: ["be-right-back"], state: "Be Right Back", ref: "MAP-X2" },
  {
    id: "PR.rpid-away",
    tokens: ["away", "meal", "breakfast", "lunch", "dinner", "shopping", "tv", "playing", "spectator"],
    state: "Away",
    ref: "RFC 4480 3.2",
  },
  { id: "PR.rpid-idle", tokens: ["idle", "inactive"], state: "Idle", ref: "MAP-X1" },
  {
    id: "PR.rpid-extended-away",
    tokens: ["sleeping", "holiday", "vacation", "travel", "permanent-absence"],
    state: "Extended Away",
    ref: "RFC 4480 3.2",
  },
] as const satisfies readonly ReadingRow[];

/** The activity tokens that each dialect's documents are read by. */
export const PIDF_READING = {
  "rpid-status-draft": DRAFT_READING,
  rpid: RPID_READING,
} as const satisfies Record<PidfDialect, readonly ReadingRow[]>;

/** Where a document names several activities, the first state of this list that one of them means counts. */
export const ACTIVITY_PRECEDENCE = [
  "Do Not Disturb",
  "Busy",
  "Be Right Back",
  "Extended Away",
  "Idle",
  "Away",
  "Available",
] as const satisfies readonly Availability[];

interface WritingRow {
  readonly id: `PW.${string}`;
  readonly basic: "open" | "closed";
  readonly activity?: "away" | "busy";
  /** Value of a `<show xmlns='jabber:client'/>` beside basic, for readers that know it (RFC 8048 6.2). */
  readonly show?: Show;
  /** A `<user-input>` of the person says idle (RFC 4480 3.14). */
  readonly isIdle?: true;
  readonly ref: string;
  readonly loss?: string;
}

/** How a state is written into PIDF. Only away and busy are safe to send in the draft dialect. */
export const PIDF_WRITING = {
  "rpid-status-draft": {
    Available: { id: "PW.draft-available", basic: "open", ref: "MAP-1-8" },
    Away: { id: "PW.draft-away", basic: "open", activity: "away", ref: "MAP-1-8" },
    Busy: { id: "PW.draft-busy", basic: "open", activity: "busy", ref: "MAP-1-8" },
    "Do Not Disturb": {
      id: "PW.draft-do-not-disturb",
      basic: "open",
      activity: "busy",
      ref: "MAP-1-8",
      loss: "reads back as Busy",
    },
    "Be Right Back": awayRow("PW.draft-be-right-back", "MAP-X1"),
    "Extended Away": awayRow("PW.draft-extended-away", "MAP-1-8"),
    Idle: awayRow("PW.draft-idle", "MAP-X1"),
    Invisible: { id: "PW.draft-invisible", basic: "closed", ref: "MAP-X1", loss: "reads back as Offline" },
    Offline: { id: "PW.draft-offline", basic: "closed", ref: "MAP-1-8" },
  },
  rpid: {
    Available: { id: "PW.rpid-available", basic: "open", ref: "RFC 8048 6.2" },
    Away: { id: "PW.rpid-away", basic: "open", activity: "away", show: "away", ref: "RFC 8048 6.2" },
    Busy: {
      id: "PW.rpid-busy",
      basic: "open",
      activity: "busy",
      show: "dnd",
      ref: "C-02",
      loss: "reads back as Do Not Disturb where the show is read",
    },
    "Do Not Disturb": {
      id: "PW.rpid-do-not-disturb",
      basic: "open",
      activity: "busy",
      show: "dnd",
      ref: "RFC 8048 6.2",
      loss: "reads back as Busy where the show is not read",
    },
    "Be Right Back": { ...awayRow("PW.rpid-be-right-back", "MAP-X1"), show: "away" },
    "Extended Away": {
      ...awayRow("PW.rpid-extended-away", "RFC 8048 6.2"),
      show: "xa",
      loss: "reads back as Away where the show is not read",
    },
    Idle: {
      ...awayRow("PW.rpid-idle", "MAP-X1"),
      show: "away",
      isIdle: true,
      loss: "reads back as Away where user-input is not read",
    },
    Invisible: { id: "PW.rpid-invisible", basic: "closed", ref: "MAP-X1", loss: "reads back as Offline" },
    Offline: { id: "PW.rpid-offline", basic: "closed", ref: "RFC 8048 6.2" },
  },
} as const satisfies Record<PidfDialect, Record<Availability, WritingRow>>;

export interface ReadPidf {
  /**
   * `PR.closed`, `PR.show`, the row of the deciding token, `PR.no-activity`, `PR.user-input`, or
   * `fallback.unknown-activity`.
   */
  readonly row: string;
  readonly state: Availability;
}

/**
 * The state that a tuple's basic, its show (where the document carries one) and all its activity tokens (local names or
 * `<activity>` texts, any case) mean. A valid show decides before activities, and an idle user-input makes Idle of nothing
 * and of Away (PF-13). Without a basic nothing is said about availability (RFC 3863 4.1.4): undefined.
 */
export function readPidf(
  document: {
    readonly basic: string | undefined;
    readonly activities: readonly string[];
    readonly show?: string | undefined;
    readonly isIdle?: true | undefined;
  },
  dialect: PidfDialect,
): ReadPidf | undefined {
  const basic = document.basic?.trim().toLowerCase();
  if (basic === "closed") return { row: "PR.closed", state: "Offline" };
  if (basic !== "open") return undefined;
  const said = readOpen(document, dialect);
  const mayBeIdle = said.state === "Away" || said.row === NO_ACTIVITY;
  return document.isIdle && mayBeIdle ? { row: "PR.user-input", state: "Idle" } : said;
}

const NO_ACTIVITY = "PR.no-activity";

function readOpen(
  document: { readonly activities: readonly string[]; readonly show?: string | undefined },
  dialect: PidfDialect,
): ReadPidf {
  const show = document.show?.trim();
  if (show !== undefined && isShow(show)) return { row: "PR.show", state: XMPP_READING[show].state };
  if (document.activities.length === 0) return { row: NO_ACTIVITY, state: "Available" };
  return strongest(document.activities, PIDF_READING[dialect]);
}

export interface WrittenPidf {
  readonly row: string;
  readonly basic: "open" | "closed";
  readonly activity?: "away" | "busy";
  readonly show?: Show;
  readonly isIdle?: true;
}

/** What to put into the one tuple (or its person) for a state, in a peer's dialect. */
export function writePidf(state: Availability, dialect: PidfDialect): WrittenPidf {
  const { id, basic, activity, show, isIdle }: WritingRow = PIDF_WRITING[dialect][state];
  return {
    row: id,
    basic,
    ...(activity === undefined ? {} : { activity }),
    ...(show === undefined ? {} : { show }),
    ...(isIdle && { isIdle }),
  };
}

function strongest(tokens: readonly string[], rows: readonly ReadingRow[]): ReadPidf {
  let best: ReadingRow | undefined;
  for (const token of tokens) {
    const name = token.trim().toLowerCase();
    const row = rows.find((candidate) => candidate.tokens.includes(name));
    if (row !== undefined && (best === undefined || rank(row.state) < rank(best.state))) best = row;
  }
  return best === undefined
    ? { row: "fallback.unknown-activity", state: "Available" }
    : { row: best.id, state: best.state };
}

function rank(state: Availability): number {
  return (ACTIVITY_PRECEDENCE as readonly Availability[]).indexOf(state);
}

function awayRow<const Id extends `PW.${string}`>(id: Id, ref: string) {
  return { id, basic: "open", activity: "away", ref, loss: "reads back as Away" } as const;
}
