import { type Outcome, TOO_LARGE } from "@tombolo/sip";
import { readDiagnostics } from "./diagnostics.ts";
import { LOCAL_ERRORS } from "./local-condition.ts";
import { type StanzaErrorFromSip, sipStatusToStanzaError } from "./sip-to-stanza.ts";
import type { StanzaError } from "./stanza-condition.ts";

/** What failed, for the XMPP user, and the row that says so. */
export interface OutcomeError {
  readonly error: StanzaError & Pick<StanzaErrorFromSip, "address">;
  readonly row: string;
}

/** What is known beside the outcome. */
export interface OutcomeContext {
  readonly authorized: boolean;
  /** The request carried a text: without an answer nobody knows whether it arrived. */
  readonly wasSent?: boolean;
}

/** The stanza error for a request that did not succeed: its final status, or that nobody answered. */
export function stanzaErrorForOutcome(outcome: Outcome, context: OutcomeContext): OutcomeError {
  if (outcome.kind === "final") {
    const { message } = outcome;
    const diagnostics = readDiagnostics(message)?.id;
    if (outcome.status === 504 && diagnostics !== undefined && UNKNOWN_DOMAIN.has(diagnostics))
      return { error: LOCAL_ERRORS["domain-not-found"].xmpp, row: LOCAL_ERRORS["domain-not-found"].id };
    const warning = /^\s*([0-9]{3})\b/.exec(message.get("Warning") ?? "")?.[1];
    const error = sipStatusToStanzaError(outcome.status, {
      authorized: context.authorized,
      retryAfter: message.get("Retry-After") !== undefined,
      warning: warning === undefined ? undefined : Number(warning),
    });
    const isSilence = outcome.status === 408 || outcome.status === 504;
    if (isSilence && message.get(UNSENT_HEADER) !== undefined) return localError("peer-unreachable");
    if (error && context.wasSent && isSilence)
      return { error: { ...error, text: LOCAL_ERRORS.unanswered.xmpp.text }, row: error.row };
    if (error) return { error, row: error.row };
  }
  return localError(localConditionOf(outcome, context.wasSent === true));
}

function localError(condition: LocalCondition): OutcomeError {
  const row = LOCAL_ERRORS[condition];
  return { error: row.xmpp, row: row.id };
}

type LocalCondition = "message-too-large" | "unanswered" | "peer-unreachable";

function localConditionOf(outcome: Outcome, wasSent: boolean): LocalCondition {
  if (outcome.kind === "unreachable" && outcome.why === TOO_LARGE) return "message-too-large";
  const isOut = outcome.kind === "timeout" || (outcome.kind === "unreachable" && outcome.mayHaveBeenSent);
  return wasSent && isOut ? "unanswered" : "peer-unreachable";
}

/** The edge says so of a request that never went out. It takes this header off what comes from elsewhere. */
const UNSENT_HEADER = "X-Tombolo-Unsent";

/** Diagnostics of a 504: no SRV or A record leads to the domain. */
const UNKNOWN_DOMAIN: ReadonlySet<number> = new Set([1008, 1014]);
