import type { StanzaCondition, StanzaError, StanzaErrorType } from "./stanza-condition.ts";

/** One meaning of a SIP status for an XMPP user. */
interface SipErrorRow {
  readonly id: `E2.${string}`;
  readonly condition: StanzaCondition;
  readonly type: StanzaErrorType;
  readonly text: string;
  /** Type where the answer carries Retry-After, so that trying again makes sense. */
  readonly typeWithRetryAfter?: StanzaErrorType;
  /** Hidden from senders who may not see the user's presence: it would tell whether he exists or is there. */
  readonly reveals?: true;
  /** Nothing a user can mend: the operator should hear of it. */
  readonly alarm?: true;
  readonly ref: string;
}

const REF = "RFC 7247 7.2";
const NOT_SUPPORTED = "The other system does not support this.";
const NOT_ACCEPTED = "The other side does not accept this kind of message.";
const TOO_LARGE = "The message is too large for the other system. Send a shorter one.";
const NO_SUCH_USER = "There is no such user at this address. Check the spelling.";
const BAD_REQUEST = "The other system did not understand the request.";
const NOT_REACHED = "The other user can't be reached now and may be offline. Try again later.";
const DECLINED = "The other user declined.";
const TIMEOUT = "The other system did not answer in time. Try again later.";
const SERVER_TROUBLE = "The other system has a problem. Try again later.";
const MOVED = "The other user has moved to another address.";
const LOOP = "The address leads back to itself. Tell your administrator.";

const redirect = <const Id extends string>(id: Id) =>
  ({ id: `E2.${id}`, condition: "redirect", type: "modify", text: MOVED, ref: REF }) as const;
const badRequest = <const Id extends string>(id: Id) =>
  ({ id: `E2.${id}`, condition: "bad-request", type: "modify", text: BAD_REQUEST, ref: REF }) as const;
const unsupported = <const Id extends string>(id: Id) =>
  ({
    id: `E2.${id}`,
    condition: "feature-not-implemented",
    type: "cancel",
    text: NOT_SUPPORTED,
    ref: REF,
  }) as const;
const notAcceptable = <const Id extends string>(id: Id) =>
  ({ id: `E2.${id}`, condition: "not-acceptable", type: "modify", text: NOT_ACCEPTED, ref: REF }) as const;
const timeout = <const Id extends string>(id: Id) =>
  ({ id: `E2.${id}`, condition: "remote-server-timeout", type: "wait", text: TIMEOUT, ref: REF }) as const;
const tooLarge = <const Id extends string>(id: Id) =>
  ({ id: `E2.${id}`, condition: "policy-violation", type: "modify", text: TOO_LARGE, ref: REF }) as const;
const unavailable = <const Id extends string>(id: Id, text: string) =>
  ({
    id: `E2.${id}`,
    condition: "recipient-unavailable",
    type: "wait",
    text,
    reveals: true,
    ref: "RFC 6120 8.3.3.13",
  }) as const;
const noSuchUser = <const Id extends string>(id: Id) =>
  ({
    id: `E2.${id}`,
    condition: "item-not-found",
    type: "cancel",
    text: NO_SUCH_USER,
    reveals: true,
    ref: "RFC 6120 8.3.3.7",
  }) as const;
const loop = <const Id extends string>(id: Id) =>
  ({
    id: `E2.${id}`,
    condition: "not-acceptable",
    type: "cancel",
    text: LOOP,
    alarm: true,
    ref: REF,
  }) as const;
const serverTrouble = <const Id extends string>(id: Id) =>
  ({
    id: `E2.${id}`,
    condition: "internal-server-error",
    type: "cancel",
    typeWithRetryAfter: "wait",
    text: SERVER_TROUBLE,
    ref: REF,
  }) as const;

/** The statuses with a meaning of their own. */
type KnownStatus =
  | (300 | 301 | 302 | 305 | 380)
  | (400 | 401 | 402 | 403 | 404 | 405 | 406 | 407 | 408 | 410 | 413 | 414 | 415 | 416 | 420 | 421 | 423)
  | (430 | 439 | 440 | 480 | 481 | 482 | 483 | 484 | 485 | 486 | 487 | 488 | 489 | 491 | 493)
  | (500 | 501 | 502 | 503 | 504 | 505 | 513 | 600 | 603 | 604 | 606);

/** The last row of each class, and rows that a fact beside the status picks. */
type OtherKey = "3xx" | "4xx" | "5xx" | "6xx" | "301-without-address" | "blocked-content";

/** SIP status to stanza error (RFC 7247 7.2, types of RFC 6120 8.3.3); what is not listed falls to its class. */
export const SIP_STATUS_ERRORS = {
  300: redirect("300"),
  301: {
    id: "E2.301",
    condition: "gone",
    type: "cancel",
    text: "The other user has moved to another address for good.",
    ref: "RFC 7247 7.2(1)",
  },
  302: redirect("302"),
  305: redirect("305"),
  380: notAcceptable("380"),
  400: badRequest("400"),
  401: {
    id: "E2.401",
    condition: "not-authorized",
    type: "auth",
    text: "The other system asks this gateway for a password. Tell your administrator.",
    alarm: true,
    ref: REF,
  },
  402: badRequest("402"),
  403: {
    id: "E2.403",
    condition: "forbidden",
    type: "auth",
    text: "The other side does not allow this: you may be blocked, or the two domains do not federate.",
    ref: REF,
  },
  404: noSuchUser("404"),
  405: unsupported("405"),
  406: notAcceptable("406"),
  407: {
    id: "E2.407",
    condition: "registration-required",
    type: "auth",
    text: "A proxy of the other system asks this gateway for a password. Tell your administrator.",
    alarm: true,
    ref: REF,
  },
  408: timeout("408"),
  410: {
    id: "E2.410",
    condition: "gone",
    type: "cancel",
    text: "The other user is no longer at this address.",
    ref: "RFC 7247 7.2(1)",
  },
  413: tooLarge("413"),
  414: tooLarge("414"),
  415: notAcceptable("415"),
  416: notAcceptable("416"),
  420: unsupported("420"),
  421: notAcceptable("421"),
  423: {
    id: "E2.423",
    condition: "resource-constraint",
    type: "wait",
    text: "The other system wants longer subscriptions. Try again later.",
    ref: REF,
  },
  430: unavailable("430", NOT_REACHED),
  439: unsupported("439"),
  440: {
    id: "E2.440",
    condition: "policy-violation",
    type: "wait",
    text: "The request was spread too widely on its way. Try again later.",
    ref: REF,
  },
  480: unavailable("480", NOT_REACHED),
  481: noSuchUser("481"),
  482: loop("482"),
  483: loop("483"),
  484: noSuchUser("484"),
  485: noSuchUser("485"),
  486: unavailable("486", "The other user is busy or set to Do Not Disturb. Try again later."),
  487: unavailable("487", "The conversation was called off before it began. Try again."),
  488: notAcceptable("488"),
  489: {
    id: "E2.489",
    condition: "policy-violation",
    type: "cancel",
    text: "The other system does not share presence this way.",
    ref: REF,
  },
  491: {
    id: "E2.491",
    condition: "unexpected-request",
    type: "wait",
    text: "Both sides changed the conversation at once. Try again.",
    ref: REF,
  },
  493: badRequest("493"),
  500: serverTrouble("500"),
  501: unsupported("501"),
  502: {
    id: "E2.502",
    condition: "remote-server-not-found",
    type: "cancel",
    text: "The other system can't be found from here. Check the domain, or tell your administrator.",
    ref: REF,
  },
  503: serverTrouble("503"),
  504: timeout("504"),
  505: notAcceptable("505"),
  513: tooLarge("513"),
  600: unavailable("600", "The other user is busy everywhere. Try again later."),
  603: unavailable("603", DECLINED),
  604: noSuchUser("604"),
  606: notAcceptable("606"),
  "301-without-address": {
    id: "E2.301-without-address",
    condition: "item-not-found",
    type: "cancel",
    text: "The other user has moved and left no address.",
    reveals: true,
    ref: "RFC 7247 7.2(1)",
  },
  "blocked-content": {
    id: "E2.blocked-content",
    condition: "policy-violation",
    type: "modify",
    text: "The other system blocked the content, such as a link or a file. Send it without.",
    ref: "RFC 3261 20.43",
  },
  "3xx": redirect("3xx"),
  "4xx": badRequest("4xx"),
  "5xx": serverTrouble("5xx"),
  "6xx": unavailable("6xx", NOT_REACHED),
} as const satisfies Record<KnownStatus | OtherKey, SipErrorRow>;

export type SipErrorRowId = (typeof SIP_STATUS_ERRORS)[KnownStatus | OtherKey]["id"];

/** What else is known when a SIP request has failed. */
export interface SipErrorContext {
  /** The XMPP sender may see the SIP user's presence, so the reason may be told (RFC 6120 8.3.3.7, 8.3.3.13). */
  readonly authorized: boolean;
  /** The answer carries Retry-After. */
  readonly retryAfter?: boolean;
  /** Warning code of the answer, if any (RFC 3261 20.43). */
  readonly warning?: number | undefined;
  /** Where a 3xx points: an `xmpp:` IRI if the domain is bridged, else the URI. Not used for 305. */
  readonly address?: string | undefined;
}

export interface StanzaErrorFromSip extends StanzaError {
  readonly row: SipErrorRowId;
  /** Content of `<gone/>` or `<redirect/>`. */
  readonly address?: string;
  /** The operator should hear of it. */
  readonly alarm?: true;
}

/** Warning code of a peer whose content filter refused a message. */
export const BLOCKED_CONTENT_WARNING = 309;

/**
 * The stanza error for a final SIP status of 300 to 699; undefined for 1xx and 2xx, which are none. Where the sender is
 * not authorized, conditions that would reveal the user become service-unavailable with a text that says nothing.
 */
export function sipStatusToStanzaError(
  status: number,
  context: SipErrorContext,
): StanzaErrorFromSip | undefined {
  if (status < 300 || status > 699) return undefined;
  const row: SipErrorRow & { id: SipErrorRowId } = SIP_STATUS_ERRORS[keyOf(status, context)];
  if (row.reveals && !context.authorized) {
    return { row: row.id, condition: "service-unavailable", type: "cancel", text: UNREVEALING };
  }
  const type = (context.retryAfter && row.typeWithRetryAfter) || row.type;
  const address = carriesAddress(row.condition, status) ? context.address : undefined;
  return {
    row: row.id,
    condition: row.condition,
    type,
    text: row.text,
    ...(address === undefined ? {} : { address }),
    ...(row.alarm === undefined ? {} : { alarm: row.alarm }),
  };
}

const UNREVEALING = "The message or request could not be delivered.";

function keyOf(status: number, { address, warning }: SipErrorContext): KnownStatus | OtherKey {
  if (status === 301 && address === undefined) return "301-without-address";
  if (status === 606 && warning === BLOCKED_CONTENT_WARNING) return "blocked-content";
  if (Object.hasOwn(SIP_STATUS_ERRORS, status)) return status as KnownStatus;
  return `${Math.floor(status / 100)}xx` as OtherKey;
}

/** A 410 must not carry an address (RFC 7247 7.2(1)), and the proxy that a 305 names is nobody's business. */
function carriesAddress(condition: StanzaCondition, status: number): boolean {
  return (condition === "gone" && status === 301) || (condition === "redirect" && status !== 305);
}
