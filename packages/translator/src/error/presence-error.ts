import { type StanzaCondition, stanzaCondition } from "./stanza-condition.ts";

/** What a failed `subscribe` or probe means for the SIP watcher who waits. */
export type WatcherOutcome =
  | { readonly kind: "closed" }
  | { readonly kind: "pending" }
  | {
      readonly kind: "terminated";
      readonly reason: "noresource" | "probation" | "rejected";
      readonly retryAfterSeconds?: number;
    };

interface PresenceErrorRow {
  readonly id: `E3.${"refused" | "unknown" | "moved" | "soon" | "later"}`;
  readonly outcome: WatcherOutcome;
  /** What the watcher gets instead where a switch says so. */
  readonly polite?: WatcherOutcome;
  readonly hidden?: WatcherOutcome;
  readonly ref: string;
}

const REFUSED = {
  id: "E3.refused",
  outcome: { kind: "terminated", reason: "rejected" },
  polite: { kind: "closed" },
  ref: "SUB-09",
} as const satisfies PresenceErrorRow;
const UNKNOWN = {
  id: "E3.unknown",
  outcome: { kind: "terminated", reason: "noresource" },
  hidden: { kind: "pending" },
  ref: "RFC 6665 4.1.3",
} as const satisfies PresenceErrorRow;
const MOVED = {
  id: "E3.moved",
  outcome: { kind: "terminated", reason: "noresource" },
  ref: "RFC 6665 4.1.3",
} as const satisfies PresenceErrorRow;
const SOON = {
  id: "E3.soon",
  outcome: { kind: "terminated", reason: "probation", retryAfterSeconds: 300 },
  ref: "RFC 6665 4.1.3",
} as const satisfies PresenceErrorRow;
const LATER = {
  id: "E3.later",
  outcome: { kind: "terminated", reason: "probation", retryAfterSeconds: 3600 },
  ref: "RFC 6665 4.1.3",
} as const satisfies PresenceErrorRow;

/** What a stanza error on presence means for the watcher's subscription. */
export const PRESENCE_ERROR_OUTCOMES = {
  forbidden: REFUSED,
  "not-authorized": REFUSED,
  "not-allowed": REFUSED,
  "registration-required": REFUSED,
  "subscription-required": REFUSED,
  "policy-violation": REFUSED,
  "item-not-found": UNKNOWN,
  gone: UNKNOWN,
  "jid-malformed": UNKNOWN,
  redirect: MOVED,
  "remote-server-timeout": SOON,
  "recipient-unavailable": SOON,
  "resource-constraint": SOON,
  "internal-server-error": SOON,
  "remote-server-not-found": LATER,
  "service-unavailable": LATER,
  "bad-request": LATER,
  conflict: LATER,
  "feature-not-implemented": LATER,
  "not-acceptable": LATER,
  "undefined-condition": LATER,
  "unexpected-request": LATER,
} as const satisfies Record<StanzaCondition, PresenceErrorRow>;

export interface PresenceErrorSwitches {
  /** A refusal shows an offline user instead of ending the subscription (SUB-09). */
  readonly polite: boolean;
  /** An unknown user looks like one who has not decided yet. */
  readonly hideUnknown: boolean;
}

/** What the SIP watcher is told when the XMPP side answers `subscribe` or a probe with an error. */
export function presenceErrorToOutcome(
  condition: string,
  { polite, hideUnknown }: PresenceErrorSwitches,
): { readonly row: PresenceErrorRow["id"]; readonly outcome: WatcherOutcome } {
  const row: PresenceErrorRow = PRESENCE_ERROR_OUTCOMES[stanzaCondition(condition)];
  const instead = (polite ? row.polite : undefined) ?? (hideUnknown ? row.hidden : undefined);
  return { row: row.id, outcome: instead ?? row.outcome };
}
