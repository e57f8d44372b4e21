import { methodOf, statusOf, type WireMessage } from "./wire.ts";

/** What the program under test can do wrong on a federation link, each with its rule. */
export const FAULTS = {
  framing: { ref: "RFC 3261 18.3", says: "the byte stream is a sequence of whole messages" },
  "content-length": { ref: "RFC 3261 18.3", says: "every message on a stream has a Content-Length" },
  certificate: { ref: "RFC 5922 7", says: "the certificate names the partner's edge and serves both roles" },
  via: { ref: "RFC 3261 8.1.1.7", says: "the top Via has an FQDN and a branch with the magic cookie" },
  "max-forwards": { ref: "RFC 3261 8.1.1.6", says: "every request has Max-Forwards" },
  contact: { ref: "RFC 3261 8.1.1.8", says: "the Contact is an FQDN with transport=tls" },
  "record-route": { ref: "RFC 3261 16.6", says: "a Record-Route is an FQDN with transport=tls and lr" },
  "route-set": { ref: "RFC 3261 12.2.1.1", says: "the Route set is copied whole and in order" },
  "request-uri": { ref: "RFC 3261 12.2.1.1", says: "in a dialog the request-URI is the peer's Contact" },
  tags: { ref: "RFC 3261 12.2.1.1", says: "in a dialog From and To carry the dialog's tags" },
  addresses: { ref: "RFC 3261 12.2.1.1", says: "in a dialog the peer's address is echoed with its epid" },
  cseq: { ref: "RFC 3261 12.2.1.1", says: "CSeq rises with every request of a dialog" },
  overlap: { ref: "RFC 3428 8", says: "no second request of this kind before the first was answered" },
  "notify-body": { ref: "RFC 3856 6.7", says: "the document is PIDF with the old draft's activities" },
  "subscription-state": { ref: "RFC 6665 4.2.2", says: "active and pending states carry expires" },
  expires: {
    ref: "RFC 6665 4.2.1.1",
    says: "the 2xx to SUBSCRIBE has an Expires not above the one asked for",
  },
  "message-contact": { ref: "RFC 3428 4", says: "a MESSAGE and its answer have no Contact" },
  "conversation-id": { ref: "MS-CONFIM", says: "every INVITE has a fresh Ms-Conversation-ID" },
  sdp: { ref: "RFC 3264 5", says: "the SDP has the message line of an IM session" },
  "no-ack": { ref: "RFC 3261 13.2.2.4", says: "a 2xx to INVITE is acknowledged" },
  "private-header": { ref: "MS-SIPRE", says: "headers of the inside of the enterprise are not sent" },
  "ms-extension": { ref: "MS-SIP", says: "no Microsoft extension is asked for or granted" },
  "forbidden-status": { ref: "RFC 3261 21", says: "401, 407, 503 and 600 are never sent to a partner" },
  "non-invite-408": { ref: "RFC 4320 4.2", says: "no 408 to a non-INVITE" },
  "non-invite-1xx": { ref: "RFC 4320 4.1", says: "no provisional answer but 100 to a non-INVITE" },
  "response-via": {
    ref: "RFC 3261 8.2.6.2",
    says: "the Vias of the request come back verbatim and in order",
  },
  "response-record-route": {
    ref: "RFC 3261 12.1.1",
    says: "the Record-Routes come back verbatim and in order",
  },
  "response-identity": {
    ref: "RFC 3261 8.2.6.2",
    says: "From, To, Call-ID and CSeq come back as they were, To with a tag",
  },
  "unasked-response": { ref: "RFC 3261 17.1.3", says: "a response answers a request that was sent" },
} as const satisfies Record<string, { ref: string; says: string }>;

export type FaultId = keyof typeof FAULTS;

/** One fault found in one message. */
export interface Violation {
  readonly fault: FaultId;
  readonly ref: string;
  readonly detail: string;
  /** undefined when it is no message's fault, e.g. a broken stream. */
  readonly message: WireMessage | undefined;
}

/** How a check reports what it found. */
export type Blame = (fault: FaultId, detail: string, message?: WireMessage) => void;

/** One line for a log or a failed test. */
export function describeViolation({ fault, ref, detail, message }: Violation): string {
  const where = message === undefined ? "" : ` in ${describeMessage(message)}`;
  return `${fault}${where}: ${FAULTS[fault].says} (${ref}); ${detail}`;
}

/** `NOTIFY sip:... SIP/2.0` or `SIP/2.0 200 OK (to INVITE)`. */
export function describeMessage(message: WireMessage): string {
  return statusOf(message) === 0 ? message.start : `${message.start} (to ${methodOf(message)})`;
}
