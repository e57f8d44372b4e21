import { formatRfc3339, type Millis } from "@tombolo/sip";
import { Element } from "ltx";

const CHAT_STATES = "http://jabber.org/protocol/chatstates";
const RECEIPTS = "urn:xmpp:receipts";
const MARKERS = "urn:xmpp:chat-markers:0";
const DELAY = "urn:xmpp:delay";
const STATE_NAMES = ["active", "composing", "paused", "inactive", "gone"] as const;

export type ChatState = (typeof STATE_NAMES)[number];

/** What every message of ours has. */
interface Head {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** A message of a SIP user. */
export interface MessageFields extends Head {
  /** `chat` in a session, one thread per session (RFC 7573 4). */
  readonly type: "chat" | "normal";
  readonly thread: string;
  readonly body: string;
  readonly subject?: string | undefined;
  readonly language?: string | undefined;
  /** When it was written, where that is long ago (XEP-0203), and the domain that says so. */
  readonly delayed?: { readonly at: Millis; readonly by: string } | undefined;
  /** The SIP user wants to know that it has arrived (XEP-0184), and that it was displayed (XEP-0333). */
  readonly wantsReceipt?: boolean;
  readonly wantsMarker?: boolean;
}

export function textMessage(fields: MessageFields): Element {
  const message = headOf(fields, fields.type === "normal" ? undefined : fields.type);
  if (fields.language !== undefined) message.attrs["xml:lang"] = fields.language;
  if (fields.subject !== undefined) message.c("subject").t(fields.subject);
  message.c("body").t(fields.body);
  message.c("thread").t(fields.thread);
  // Chat states are for type chat only (XEP-0085 5.3).
  if (fields.type === "chat") message.c("active", { xmlns: CHAT_STATES });
  if (fields.wantsReceipt) message.c("request", { xmlns: RECEIPTS });
  if (fields.wantsMarker) message.c("markable", { xmlns: MARKERS });
  if (fields.delayed) {
    const { at, by } = fields.delayed;
    message.c("delay", { xmlns: DELAY, from: by, stamp: formatRfc3339(at) });
  }
  return message;
}

/** A chat state alone (XEP-0085 5.3); servers need not store it (XEP-0334). */
export function chatStateMessage(
  fields: Head & { readonly thread: string; readonly state: ChatState },
): Element {
  const message = headOf(fields, "chat");
  message.c(fields.state, { xmlns: CHAT_STATES });
  message.c("thread").t(fields.thread);
  message.c("no-store", { xmlns: "urn:xmpp:hints" });
  return message;
}

/** What the SIP side did with a message of the XMPP user: got it (XEP-0184), or showed it (XEP-0333). */
export function receiptMessage(
  fields: Head & {
    readonly type: string | undefined;
    readonly what: "received" | "displayed";
    readonly of: string;
  },
): Element {
  const message = headOf(fields, fields.type);
  message.c(fields.what, { xmlns: fields.what === "received" ? RECEIPTS : MARKERS, id: fields.of });
  return message;
}

export function chatStateOf(message: Element): ChatState | undefined {
  return STATE_NAMES.find((name) => message.getChild(name, CHAT_STATES));
}

/** The id of a message of ours that the XMPP user's client has got or shown; undefined when the stanza says no such thing. */
export function receiptIn(
  message: Element,
): { readonly what: "received" | "displayed"; readonly of: string } | undefined {
  for (const what of ["received", "displayed"] as const) {
    const of = message.getChild(what, what === "received" ? RECEIPTS : MARKERS)?.attrs.id;
    if (of) return { what, of };
  }
  return undefined;
}

/** What the XMPP user wants to be told of. Without an id there is nothing to name (XEP-0184 5.1). */
export function wishesOf(message: Element): { readonly receipt: boolean; readonly marker: boolean } {
  const hasId = Boolean(message.attrs.id);
  return {
    receipt: hasId && message.getChild("request", RECEIPTS) !== undefined,
    marker: hasId && message.getChild("markable", MARKERS) !== undefined,
  };
}

function headOf({ id, from, to }: Head, type: string | undefined): Element {
  return new Element("message", type === undefined ? { from, to, id } : { from, to, type, id });
}
