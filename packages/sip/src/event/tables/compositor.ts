/**
 * The event state compositor of RFC 3903 6 as a table: what a PUBLISH does to the publication that its entity tag names,
 * and how it is answered. `compositor.ts` drives it.
 */

export const PUBLICATION_STATES = ["absent", "live"] as const;

/** What is there under the SIP-If-Match of a request; without one nothing is. */
export type PublicationState = (typeof PUBLICATION_STATES)[number];

export const PUBLICATION_EVENTS = [
  "create",
  "create-brief",
  "create-unreadable",
  "create-empty",
  "create-over",
  "refresh",
  "modify",
  "remove",
  "match-brief",
  "match-unreadable",
  "expired",
] as const;

/**
 * `create...`: without SIP-If-Match; the others name a publication. `brief`: for a shorter time than we grant.
 * `unreadable`: a body of another type or broken. `empty`: no body. `over`: Expires 0, where there is nothing to remove.
 */
export type PublicationEvent = (typeof PUBLICATION_EVENTS)[number];

export type PublicationAction = "store" | "extend" | "replace" | "discard";

/** Status of the answer; undefined where no request is behind the event. */
export type PublicationStatus = 200 | 400 | 412 | 415 | 423;

export interface PublicationStep {
  readonly row: string;
  readonly ref: string;
  readonly next: PublicationState;
  readonly answer: PublicationStatus | undefined;
  readonly action?: PublicationAction;
}

function step(
  row: string,
  ref: string,
  next: PublicationState,
  answer: PublicationStatus | undefined,
  action?: PublicationAction,
): PublicationStep {
  return { row, ref, next, answer, ...(action && { action }) };
}

/** Rows that nothing leads to. */
export const NO_SUCH_PUBLICATION_EVENT = "never";

function never(state: PublicationState): PublicationStep {
  return step(NO_SUCH_PUBLICATION_EVENT, "", state, undefined);
}

const UNMATCHED = step("unmatched", "RFC 3903 6 step 3", "absent", 412);

export const COMPOSITOR_TABLE = {
  absent: {
    create: step("create", "RFC 3903 4.2, 6", "live", 200, "store"),
    "create-brief": step("create-brief", "RFC 3903 6 step 4", "absent", 423),
    "create-unreadable": step("create-unreadable", "RFC 3903 6 step 5", "absent", 415),
    "create-empty": step("create-empty", "RFC 3903 6 step 5", "absent", 400),
    "create-over": step("create-over", "RFC 3903 4.5: a removal names what it removes", "absent", 400),
    refresh: UNMATCHED,
    modify: UNMATCHED,
    remove: UNMATCHED,
    "match-brief": UNMATCHED,
    "match-unreadable": UNMATCHED,
    expired: never("absent"),
  },
  live: {
    create: never("live"),
    "create-brief": never("live"),
    "create-unreadable": never("live"),
    "create-empty": never("live"),
    "create-over": never("live"),
    refresh: step("refresh", "RFC 3903 4.3, 6", "live", 200, "extend"),
    modify: step("modify", "RFC 3903 4.4, 6", "live", 200, "replace"),
    remove: step("remove", "RFC 3903 4.5, 6", "absent", 200, "discard"),
    "match-brief": step("match-brief", "RFC 3903 6 step 4", "live", 423),
    "match-unreadable": step("match-unreadable", "RFC 3903 6 step 5", "live", 415),
    expired: step("expired", "RFC 3903 6: soft state", "absent", undefined, "discard"),
  },
} as const satisfies Record<PublicationState, Record<PublicationEvent, PublicationStep>>;
