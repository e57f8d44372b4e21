export type Basic = "open" | "closed";

export interface PresenceNote {
  readonly text: string;
  /** xml:lang as written. */
  readonly lang?: string;
}

/** RFC 4480 3.14. */
export interface UserInput {
  readonly state: "active" | "idle";
  /** RFC 3339 time of the last input. */
  readonly lastInput?: string;
}

export interface PresenceTuple {
  readonly id: string;
  /** Absent: the tuple says nothing about availability (RFC 3863 4.1.2). */
  readonly basic?: Basic;
  /** Lower-case activity tokens of this tuple, standard or not, in document order. */
  readonly activities: readonly string[];
  /** The jabber:client `show` of RFC 8048, as written. */
  readonly show?: string;
  /** The first note. */
  readonly note?: string;
  readonly notes: readonly PresenceNote[];
  readonly contact?: string;
  /** 0 to 1; absent when not given or out of range. */
  readonly priority?: number;
  /** RFC 3339, as written. */
  readonly timestamp?: string;
  readonly userInput?: UserInput;
}

/** What one presence document says, whichever dialect of PIDF it was written in. */
export interface PresenceDocument {
  /** The `entity` attribute as written: a pres: or sip: URI, or a bare address from partners that leave out the scheme. */
  readonly entity: string;
  readonly tuples: readonly PresenceTuple[];
  /** Activities of the person, RFC 4480 3.2. */
  readonly activities: readonly string[];
  /** Text of the first `other` activity: words for a person, not a state. */
  readonly otherActivity?: string;
  /** Notes of the presentity, then of the person. */
  readonly notes: readonly PresenceNote[];
  readonly userInput?: UserInput;
}

export interface PresenceSummary {
  /** Undefined: no tuple says anything about availability, so nothing is known that was not known before. */
  readonly basic: Basic | undefined;
  /** Of the tuple that speaks, then of the person; no repetitions; empty unless open. */
  readonly activities: readonly string[];
  readonly show?: string;
  readonly note?: string;
  /** The tuple that speaks, or the person, has not touched the keyboard for a while (RFC 4480 3.14). Only of open ones. */
  readonly isIdle?: true;
}

/** Schemes of a contact that an instant message can reach; no scheme at all counts as one. */
const IM_SCHEMES: ReadonlySet<string> = new Set(["sip", "sips", "im", "pres", "xmpp"]);

function imCapable(tuple: PresenceTuple): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(tuple.contact ?? "")?.[1];
  return scheme === undefined || IM_SCHEMES.has(scheme.toLowerCase());
}

/**
 * One availability for a presentity with any number of tuples: open if any tuple that takes instant messages is open
 * (PF-13), closed if none is but some tuple states a basic, else unknown (PF-04). Of the open tuples the one with the
 * highest contact priority speaks, the first of equals, and nobody else but the person: a device of less weight must not
 * outvote it. The presentity's note serves where that tuple has none (RFC 3863 4.1.6).
 */
export function summarise(document: PresenceDocument): PresenceSummary {
  const [speaker] = document.tuples
    .filter((tuple) => tuple.basic === "open" && imCapable(tuple))
    .sort((a, b) => (b.priority ?? -1) - (a.priority ?? -1));
  const note = document.notes[0]?.text;
  if (speaker === undefined) {
    const basic = document.tuples.some((tuple) => tuple.basic !== undefined) ? "closed" : undefined;
    const last = document.tuples.find((tuple) => tuple.note !== undefined)?.note ?? note;
    return { basic, activities: [], ...(last !== undefined && { note: last }) };
  }
  const { show } = speaker;
  const own = speaker.note ?? note;
  const isIdle = (speaker.userInput ?? document.userInput)?.state === "idle";
  return {
    basic: "open",
    activities: [...new Set([...speaker.activities, ...document.activities])],
    ...(isIdle && { isIdle }),
    ...(show !== undefined && { show }),
    ...(own !== undefined && { note: own }),
  };
}

/**
 * The bare, lower-case address inside an `entity`, for a loose comparison with the presentity asked for: partners differ
 * in scheme (`pres:`, `sip:`, none), case and URI parameters.
 */
export function entityAddress(entity: string): string {
  return entity
    .trim()
    .replace(/^(?:sips?|pres|im):/i, "")
    .replace(/[;?].*$/s, "")
    .toLowerCase();
}
