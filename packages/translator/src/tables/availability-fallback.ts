import type { Availability, SystemKey } from "./system.ts";

/**
 * What becomes of a state that the pair's table has no row for (MAP-X2): the first state of `order` that the target
 * can show. Every order ends in a state that all targets show, so there is always an answer.
 */
export interface AvailabilityFallback {
  readonly id: `fallback.${string}`;
  readonly order: readonly [...Availability[], "Available" | "Offline"];
  readonly ref: "MAP-X2";
  readonly why: string;
}

export const AVAILABILITY_FALLBACKS = {
  Available: { id: "fallback.available", order: ["Available"], ref: "MAP-X2", why: "shown by all" },
  Away: { id: "fallback.away", order: ["Away", "Available"], ref: "MAP-X2", why: "shown by all" },
  Busy: {
    id: "fallback.busy",
    order: ["Busy", "Do Not Disturb", "Away", "Available"],
    ref: "MAP-X2",
    why: "busy-like states stay busy-like where the target has such a state",
  },
  "Do Not Disturb": {
    id: "fallback.do-not-disturb",
    order: ["Do Not Disturb", "Busy", "Away", "Available"],
    ref: "MAP-X2",
    why: "busy-like states stay busy-like where the target has such a state",
  },
  "Be Right Back": {
    id: "fallback.be-right-back",
    order: ["Be Right Back", "Away", "Available"],
    ref: "MAP-X2",
    why: "away-like",
  },
  "Extended Away": {
    id: "fallback.extended-away",
    order: ["Extended Away", "Away", "Available"],
    ref: "MAP-X2",
    why: "away-like",
  },
  Idle: { id: "fallback.idle", order: ["Idle", "Away", "Available"], ref: "MAP-X2", why: "away-like" },
  Invisible: {
    id: "fallback.invisible",
    order: ["Offline"],
    ref: "MAP-X2",
    why: "who hides must not be shown as present where no table says so",
  },
  Offline: { id: "fallback.offline", order: ["Offline"], ref: "MAP-X2", why: "no presence" },
} as const satisfies Record<Availability, AvailabilityFallback>;

export type AvailabilityFallbackId = (typeof AVAILABILITY_FALLBACKS)[Availability]["id"];

/** The states that each system is shown by the tables; a fallback picks among these. */
export const SHOWN_STATES = {
  moc: ["Available", "Away", "Busy", "Offline"],
  lync: ["Available", "Away", "Busy", "Offline"],
  aim: ["Available", "Away", "Offline"],
  sametime: ["Available", "Away", "Do Not Disturb", "Extended Away", "Idle", "Offline"],
  "webex-connect": ["Available", "Away", "Do Not Disturb", "Extended Away", "Idle", "Offline"],
  "xmpp-third-party": ["Available", "Away", "Do Not Disturb", "Offline"],
  "cupc-7": ["Available", "Away", "Do Not Disturb", "Offline"],
  "cupc-8": ["Available", "Away", "Busy", "Do Not Disturb", "Offline"],
  "fed-cupc-7": ["Available", "Away", "Do Not Disturb", "Idle", "Offline"],
  "fed-cupc-8": ["Available", "Away", "Busy", "Do Not Disturb", "Idle", "Offline"],
  "fed-xmpp-third-party": ["Available", "Away", "Do Not Disturb", "Extended Away", "Idle", "Offline"],
} as const satisfies Record<SystemKey, readonly Availability[]>;
