import type { StanzaError } from "./stanza-condition.ts";

/** Something that went wrong here, before or without an answer of the other side. */
export type LocalCondition =
  | "peer-not-allowed"
  | "from-not-covered"
  | "address-unmappable"
  | "screen-name-refused"
  | "domain-not-found"
  | "peer-unreachable"
  | "peer-certificate-wrong"
  | "xmpp-link-down"
  | "message-too-large"
  | "request-too-large"
  | "queue-full"
  | "not-kept"
  | "expired"
  | "unanswered"
  | "restarted"
  | "rate-limited"
  | "content-type"
  | "encrypted-only"
  | "hops-exhausted"
  | "loop"
  | "not-a-chat"
  | "room-invitation"
  | "internal-fault";

/** The SIP side of a local condition. */
export interface LocalSipError {
  readonly invite: number;
  readonly other: number;
  readonly needs?: "Accept" | "Retry-After";
}

interface LocalRow {
  readonly id: `E4.${string}`;
  /** Absent where no XMPP user can be behind it. */
  readonly xmpp?: StanzaError;
  /** Absent where no SIP request can be behind it. */
  readonly sip?: LocalSipError;
  readonly alarm?: true;
  readonly ref: string;
}

const both = (status: number) => ({ invite: status, other: status });

/** What each local condition is called on either side. Never 503, which would have the peer avoid the whole edge. */
export const LOCAL_ERRORS = {
  "peer-not-allowed": {
    id: "E4.peer-not-allowed",
    xmpp: {
      type: "cancel",
      condition: "not-allowed",
      text: "This domain is not among the partners that your administrator has set up.",
    },
    sip: both(403),
    ref: "SUB-03",
  },
  "from-not-covered": { id: "E4.from-not-covered", sip: both(403), ref: "C-29" },
  "address-unmappable": {
    id: "E4.address-unmappable",
    xmpp: {
      type: "modify",
      condition: "jid-malformed",
      text: "The address can't be used on the other side.",
    },
    sip: both(404),
    ref: "RFC 7247 6",
  },
  "screen-name-refused": {
    id: "E4.screen-name-refused",
    xmpp: {
      type: "cancel",
      condition: "item-not-found",
      text: "Users of this system whose name is an e-mail address of another provider can't be reached.",
    },
    sip: both(404),
    ref: "AOL-07",
  },
  "domain-not-found": {
    id: "E4.domain-not-found",
    xmpp: {
      type: "cancel",
      condition: "remote-server-not-found",
      text: "The other domain can't be found. Check its spelling.",
    },
    ref: "RFC 3263 4",
  },
  "peer-unreachable": {
    id: "E4.peer-unreachable",
    xmpp: {
      type: "wait",
      condition: "remote-server-timeout",
      text: "The other system can't be reached now. Try again later.",
    },
    ref: "RFC 3261 8.1.3.1",
  },
  "peer-certificate-wrong": {
    id: "E4.peer-certificate-wrong",
    xmpp: {
      type: "cancel",
      condition: "remote-server-not-found",
      text: "The other system could not prove who it is. Tell your administrator.",
    },
    alarm: true,
    ref: "RFC 5922 7",
  },
  "xmpp-link-down": {
    id: "E4.xmpp-link-down",
    sip: { invite: 480, other: 504, needs: "Retry-After" },
    ref: "C-07",
  },
  "message-too-large": {
    id: "E4.message-too-large",
    xmpp: {
      type: "modify",
      condition: "policy-violation",
      text: "The message is too large for the other system. Send a shorter one.",
    },
    sip: both(413),
    ref: "RFC 7572 6",
  },
  "request-too-large": { id: "E4.request-too-large", sip: both(513), ref: "RFC 3261 21.5.7" },
  "queue-full": {
    id: "E4.queue-full",
    xmpp: {
      type: "wait",
      condition: "resource-constraint",
      text: "Too many messages are waiting for this user. Try again later.",
    },
    sip: { ...both(480), needs: "Retry-After" },
    ref: "RFC 6120 8.3.3.18",
  },
  "not-kept": {
    id: "E4.not-kept",
    xmpp: {
      type: "wait",
      condition: "resource-constraint",
      text: "This gateway can't keep messages safe at the moment, so it has not taken this one. Try again later.",
    },
    alarm: true,
    ref: "RFC 6120 8.3.3.18",
  },
  expired: {
    id: "E4.expired",
    xmpp: {
      type: "wait",
      condition: "remote-server-timeout",
      text: "This message waited too long for the other system and has expired: it was not delivered. Send it again.",
    },
    ref: "D5",
  },
  unanswered: {
    id: "E4.unanswered",
    xmpp: {
      type: "wait",
      condition: "remote-server-timeout",
      text: "The other system did not answer. This message may have been delivered all the same: ask before you send it again.",
    },
    ref: "D4",
  },
  restarted: {
    id: "E4.restarted",
    xmpp: {
      type: "wait",
      condition: "remote-server-timeout",
      text: "This gateway was restarted before the other system answered. This message may have been delivered all the same: ask before you send it again.",
    },
    ref: "D4",
  },
  "rate-limited": {
    id: "E4.rate-limited",
    xmpp: {
      type: "wait",
      condition: "policy-violation",
      text: "That was too much in a short time. Wait a little and try again.",
    },
    sip: { ...both(480), needs: "Retry-After" },
    ref: "RFC 6120 8.3.3.12",
  },
  "content-type": {
    id: "E4.content-type",
    xmpp: {
      type: "modify",
      condition: "not-acceptable",
      text: "Only plain text messages reach the other side.",
    },
    sip: { ...both(415), needs: "Accept" },
    ref: "RFC 3428 7",
  },
  "encrypted-only": {
    id: "E4.encrypted-only",
    xmpp: {
      type: "modify",
      condition: "not-acceptable",
      text: "Encrypted messages can't reach this user. Switch encryption off for this conversation.",
    },
    ref: "XEP-0384",
  },
  "hops-exhausted": { id: "E4.hops-exhausted", sip: both(483), alarm: true, ref: "RFC 3261 16.3" },
  loop: { id: "E4.loop", sip: both(482), alarm: true, ref: "RFC 3261 16.3" },
  "not-a-chat": {
    id: "E4.not-a-chat",
    xmpp: {
      type: "cancel",
      condition: "service-unavailable",
      text: "Only one-to-one text chat works with this user: no rooms, calls or files.",
    },
    sip: both(488),
    ref: "IM-05",
  },
  "room-invitation": {
    id: "E4.room-invitation",
    xmpp: {
      type: "modify",
      condition: "not-acceptable",
      text: "This user can't be invited to rooms. Only one-to-one text chat works.",
    },
    ref: "IM-05",
  },
  "internal-fault": {
    id: "E4.internal-fault",
    xmpp: {
      type: "cancel",
      condition: "internal-server-error",
      text: "The gateway has a problem. Tell your administrator.",
    },
    sip: both(500),
    alarm: true,
    ref: "C-07",
  },
} as const satisfies Record<LocalCondition, LocalRow>;

/** The stanza error for a local condition, or undefined where no XMPP user can be behind it. */
export function localStanzaError(condition: LocalCondition): StanzaError | undefined {
  const row: LocalRow = LOCAL_ERRORS[condition];
  return row.xmpp;
}

/** The SIP status for a local condition and the header that it needs, or undefined where no SIP request is behind it. */
export function localSipStatus(
  condition: LocalCondition,
  method: "INVITE" | "other",
): { readonly status: number; readonly needs?: "Accept" | "Retry-After" } | undefined {
  const { sip }: LocalRow = LOCAL_ERRORS[condition];
  if (sip === undefined) return undefined;
  const status = method === "INVITE" ? sip.invite : sip.other;
  return sip.needs === undefined ? { status } : { status, needs: sip.needs };
}
