import { type Outcome, TOO_LARGE } from "@tombolo/sip";
import { LOCAL_ERRORS } from "./local-condition.ts";
import { type StanzaErrorFromSip, sipStatusToStanzaError } from "./sip-to-stanza.ts";
import type { StanzaError } from "./stanza-condition.ts";

/** What failed, for the XMPP user, and the row that says so. */
export interface OutcomeError {
  readonly error: StanzaError & Pick<StanzaErrorFromSip, "address">;
  readonly row: string;
}

/** The stanza error for a request that did not succeed: its final status, or that nobody answered. */
export function stanzaErrorForOutcome(
  outcome: Outcome,
  context: { readonly authorized: boolean },
): OutcomeError {
  if (outcome.kind === "final") {
    const { message } = outcome;
    const warning = /^\s*([0-9]{3})\b/.exec(message.get("Warning") ?? "")?.[1];
    const error = sipStatusToStanzaError(outcome.status, {
      authorized: context.authorized,
      retryAfter: message.get("Retry-After") !== undefined,
      warning: warning === undefined ? undefined : Number(warning),
    });
    if (error) return { error, row: error.row };
  }
  const isTooLarge = outcome.kind === "unreachable" && outcome.why === TOO_LARGE;
  const row = LOCAL_ERRORS[isTooLarge ? "message-too-large" : "peer-unreachable"];
  return { error: row.xmpp, row: row.id };
}
