/** The defined stanza error conditions (RFC 6120 8.3.3). */
export const STANZA_CONDITIONS = [
  "bad-request",
  "conflict",
  "feature-not-implemented",
  "forbidden",
  "gone",
  "internal-server-error",
  "item-not-found",
  "jid-malformed",
  "not-acceptable",
  "not-allowed",
  "not-authorized",
  "policy-violation",
  "recipient-unavailable",
  "redirect",
  "registration-required",
  "remote-server-not-found",
  "remote-server-timeout",
  "resource-constraint",
  "service-unavailable",
  "subscription-required",
  "undefined-condition",
  "unexpected-request",
] as const;
export type StanzaCondition = (typeof STANZA_CONDITIONS)[number];

/** What the sender of a failed stanza may do (RFC 6120 8.3.2). */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** What goes into an `<error/>`: type, condition and a text that its reader can act on. */
export interface StanzaError {
  readonly type: StanzaErrorType;
  readonly condition: StanzaCondition;
  readonly text: string;
}

/** The condition that a name stands for; an unknown one counts as undefined-condition (RFC 6120 8.3.2). */
export function stanzaCondition(name: string): StanzaCondition {
  return STANZA_CONDITIONS.find((condition) => condition === name) ?? "undefined-condition";
}
