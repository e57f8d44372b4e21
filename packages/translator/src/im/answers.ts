import type { Outcome } from "@tombolo/sip";
import { readDiagnostics, STALE_ROUTE_SET } from "../error/diagnostics.ts";
import { BLOCKED_CONTENT_WARNING } from "../error/index.ts";
import type { ConversationContext } from "./context.ts";

/** What answers to our requests in a session say about it beside their meaning for the user. */

/**
 * The peer does not know the dialog, or had left it before the text came, or its proxies find the route set wrong: surely
 * not delivered (RFC 3261 15.1.2, 21.4.1).
 */
const NOT_DELIVERED: ReadonlySet<number> = new Set([400, 481, 487]);

/** The session is over at the peer, or may be (RFC 3261 12.2.1.2, MS-17). */
const SESSION_OVER: ReadonlySet<number> = new Set([400, 408, 480, 481, 487]);

/** The peer does not take typing indications at all (RFC 3994 4). */
export const TYPING_REFUSED: ReadonlySet<number> = new Set([405, 415, 488, 489, 501]);

/** What a text's failure in a session means for the session, and whether the text may go again in a new one. */
export function readFailure(outcome: Outcome): {
  readonly status: number;
  readonly isSessionOver: boolean;
  readonly isSurelyNotDelivered: boolean;
} {
  if (outcome.kind !== "final") return { status: 408, isSessionOver: true, isSurelyNotDelivered: false };
  const { status, message } = outcome;
  const isStale = readDiagnostics(message)?.id === STALE_ROUTE_SET;
  return {
    status,
    isSessionOver: isStale || SESSION_OVER.has(status),
    isSurelyNotDelivered: isStale || NOT_DELIVERED.has(status),
  };
}

/** The peer's content filter refused a text. */
export function isContentBlocked(outcome: Outcome): boolean {
  if (outcome.kind !== "final") return false;
  return Number.parseInt(outcome.message.get("Warning") ?? "", 10) === BLOCKED_CONTENT_WARNING;
}

/** Notes what the partner's servers say of a failure, for whoever has to find out. */
export function noteDiagnostics(
  outcome: Outcome,
  { pair, observe }: Pick<ConversationContext, "pair" | "observe">,
): void {
  const diagnostics = outcome.kind === "final" ? readDiagnostics(outcome.message) : undefined;
  if (outcome.kind !== "final" || !diagnostics) return;
  const detail = `${outcome.status}: ${diagnostics.id} ${diagnostics.reason}`.trimEnd();
  observe({ what: "note", event: "partner-diagnostics", partner: pair.partner, detail });
}
