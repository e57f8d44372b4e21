import { type StanzaCondition, stanzaCondition } from "./stanza-condition.ts";

/** A header that the answer has to carry with its status. */
export type NeededHeader = "Allow" | "Contact" | "Retry-After";

/** Facts beside the condition that pick another row. */
type Variant =
  | "gone-with-address"
  | "policy-violation-size"
  | "redirect-without-address"
  | "unexpected-request-in-dialog";

/** Statuses for a stanza that was addressed to a full JID and to a bare one. */
interface Statuses {
  readonly full: number;
  readonly bare: number;
}

interface StanzaErrorRow {
  readonly id: `E1.${string}`;
  readonly invite: Statuses;
  readonly other: Statuses;
  /** The status of RFC 7247 table 2 where ours is another one. */
  readonly literal?: number;
  /** The header that a status of this row makes no sense without. */
  readonly needs?: Readonly<Record<number, NeededHeader>>;
  readonly ref: string;
}

const same = (full: number, bare = full) => ({ full, bare });

/**
 * Stanza error condition to SIP status (RFC 7247 7.1, with the deviations that `ref` names). A 6xx in the column for bare
 * JIDs gives way to the one for full JIDs where the peer takes none; 600 is never used.
 */
export const STANZA_ERROR_STATUSES = {
  "bad-request": { id: "E1.bad-request", invite: same(400), other: same(400), ref: "RFC 7247 7.1" },
  conflict: { id: "E1.conflict", invite: same(400), other: same(400), ref: "RFC 7247 7.1" },
  "feature-not-implemented": {
    id: "E1.feature-not-implemented",
    invite: same(405, 501),
    other: same(405, 501),
    needs: { 405: "Allow" },
    ref: "RFC 7247 7.1",
  },
  forbidden: { id: "E1.forbidden", invite: same(403, 603), other: same(403, 603), ref: "RFC 7247 7.1" },
  gone: { id: "E1.gone", invite: same(410), other: same(410), ref: "RFC 7247 7.1(3)" },
  "gone-with-address": {
    id: "E1.gone-with-address",
    invite: same(301),
    other: same(301),
    needs: { 301: "Contact" },
    ref: "RFC 7247 7.1(3)",
  },
  "internal-server-error": {
    id: "E1.internal-server-error",
    invite: same(500),
    other: same(500),
    ref: "RFC 7247 7.1",
  },
  "item-not-found": {
    id: "E1.item-not-found",
    invite: same(404, 604),
    other: same(404, 604),
    ref: "RFC 7247 7.1",
  },
  "jid-malformed": { id: "E1.jid-malformed", invite: same(400), other: same(400), ref: "RFC 7247 7.1" },
  "not-acceptable": {
    id: "E1.not-acceptable",
    invite: same(488, 606),
    other: same(406, 606),
    ref: "RFC 7247 7.1",
  },
  "not-allowed": { id: "E1.not-allowed", invite: same(403), other: same(403), ref: "RFC 7247 7.1" },
  "not-authorized": { id: "E1.not-authorized", invite: same(403), other: same(403), ref: "C-06" },
  "policy-violation": {
    id: "E1.policy-violation",
    invite: same(403),
    other: same(403),
    ref: "RFC 7247 7.1",
  },
  "policy-violation-size": {
    id: "E1.policy-violation-size",
    invite: same(403),
    other: same(413),
    ref: "RFC 7572 6",
  },
  "recipient-unavailable": {
    id: "E1.recipient-unavailable",
    invite: same(480),
    other: same(480),
    ref: "RFC 7247 7.1",
  },
  redirect: {
    id: "E1.redirect",
    invite: same(302),
    other: same(302),
    needs: { 302: "Contact" },
    ref: "RFC 7247 7.1",
  },
  "redirect-without-address": {
    id: "E1.redirect-without-address",
    invite: same(480),
    other: same(480),
    ref: "RFC 3261 21.3.3",
  },
  "registration-required": {
    id: "E1.registration-required",
    invite: same(403),
    other: same(403),
    ref: "C-06",
  },
  "remote-server-not-found": {
    id: "E1.remote-server-not-found",
    invite: same(404),
    other: same(404),
    ref: "C-05",
  },
  "remote-server-timeout": {
    id: "E1.remote-server-timeout",
    invite: same(408),
    other: same(504),
    ref: "C-05",
  },
  "resource-constraint": {
    id: "E1.resource-constraint",
    invite: same(500),
    other: same(500),
    needs: { 500: "Retry-After" },
    ref: "RFC 7247 7.1",
  },
  "service-unavailable": {
    id: "E1.service-unavailable",
    invite: same(480),
    other: same(480),
    literal: 403,
    ref: "C-07",
  },
  "subscription-required": {
    id: "E1.subscription-required",
    invite: same(403),
    other: same(403),
    literal: 400,
    ref: "RFC 7247 7.1",
  },
  "undefined-condition": {
    id: "E1.undefined-condition",
    invite: same(500),
    other: same(500),
    literal: 400,
    ref: "RFC 6120 8.3.2",
  },
  "unexpected-request": {
    id: "E1.unexpected-request",
    invite: same(400),
    other: same(400),
    ref: "RFC 7247 7.1",
  },
  "unexpected-request-in-dialog": {
    id: "E1.unexpected-request-in-dialog",
    invite: same(491),
    other: same(491),
    ref: "RFC 7247 7.1",
  },
} as const satisfies Record<StanzaCondition | Variant, StanzaErrorRow>;

export type StanzaErrorRowId = (typeof STANZA_ERROR_STATUSES)[StanzaCondition | Variant]["id"];

/** How a peer wants errors, from its profile. */
export interface ErrorSwitches {
  /** Whether 6xx may go out: "reached, and refused for all" (on for peers that follow RFC 7247 to the letter). */
  readonly use6xx: boolean;
  /** Whether statuses are those of RFC 7247 table 2 where ours differ and nothing forbids them. */
  readonly literal: boolean;
}

/** What is known about the stanza that the error answers, and about the SIP request behind it. */
export interface StanzaErrorContext {
  /** Whether the stanza went to a full JID or a bare one. */
  readonly addressed: "bare" | "full";
  readonly method: "INVITE" | "other";
  readonly switches: ErrorSwitches;
  /** The error gave a new address that could be mapped to a SIP URI of the same peer. */
  readonly hasAddress?: boolean;
  /** The XMPP side refused because of the size. */
  readonly size?: boolean;
  readonly inDialog?: boolean;
}

export interface SipError {
  readonly row: StanzaErrorRowId;
  readonly status: number;
  readonly needs?: NeededHeader;
}

/**
 * The SIP status for a stanza error. An unknown condition counts as undefined-condition. Never 401, 407, 503 or 600,
 * and never 408 to a request other than INVITE (C-05, C-06, C-07).
 */
export function stanzaErrorToSipStatus(condition: string, context: StanzaErrorContext): SipError {
  const row: StanzaErrorRow & { id: StanzaErrorRowId } =
    STANZA_ERROR_STATUSES[variantOf(stanzaCondition(condition), context)];
  const status = statusOf(row, context);
  const needs = row.needs?.[status];
  return needs === undefined ? { row: row.id, status } : { row: row.id, status, needs };
}

function variantOf(condition: StanzaCondition, context: StanzaErrorContext): StanzaCondition | Variant {
  if (condition === "gone" && context.hasAddress) return "gone-with-address";
  if (condition === "redirect" && !context.hasAddress) return "redirect-without-address";
  if (condition === "policy-violation" && context.size) return "policy-violation-size";
  if (condition === "unexpected-request" && context.inDialog) return "unexpected-request-in-dialog";
  return condition;
}

function statusOf(row: StanzaErrorRow, { addressed, method, switches }: StanzaErrorContext): number {
  if (switches.literal && row.literal !== undefined) return row.literal;
  const { full, bare } = method === "INVITE" ? row.invite : row.other;
  return addressed === "bare" && (bare < 600 || switches.use6xx) ? bare : full;
}
