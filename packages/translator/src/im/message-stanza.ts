import { Element } from "ltx";

const CHAT_STATES = "http://jabber.org/protocol/chatstates";
const STATE_NAMES = ["active", "composing", "paused", "inactive", "gone"] as const;

export type ChatState = (typeof STATE_NAMES)[number];

/** Children whose message is meant for nobody but the other end's keys; its body is an apology (XEP-0380). */
const ENCRYPTED = [
  ["encryption", "urn:xmpp:eme:0"],
  ["encrypted", "eu.siacs.conversations.axolotl"],
  ["encrypted", "urn:xmpp:omemo:2"],
  ["openpgp", "urn:xmpp:openpgp:0"],
  ["x", "jabber:x:encrypted"],
] as const;

/** Invitations to rooms, direct (XEP-0249) and by the room (XEP-0045 7.8.2). */
const INVITATIONS = [["x", "jabber:x:conference"]] as const;
const MUC_USER = "http://jabber.org/protocol/muc#user";

/** What takes an earlier message back; its body is for clients that cannot (XEP-0424). */
const RETRACTIONS = [
  ["retract", "urn:xmpp:message-retract:1"],
  ["retract", "urn:xmpp:message-retract:0"],
  ["apply-to", "urn:xmpp:fasten:0"],
] as const;

/** Stands before a text that replaces the last one: SIP has no way to say so (XEP-0308). */
const CORRECTION_PREFIX = "* ";

/** What a message stanza brings for the SIP user. */
export type MessageContent =
  | { readonly kind: "text"; readonly text: string }
  /** Nothing that goes over: a chat state alone, receipts, markers. */
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly why: "encrypted-only" | "not-a-chat" };

/** Reads a message that is neither an error nor groupchat. */
export function contentOf(message: Element): MessageContent {
  if (hasAny(message, ENCRYPTED)) return { kind: "refused", why: "encrypted-only" };
  if (hasAny(message, INVITATIONS) || message.getChild("x", MUC_USER)?.getChild("invite"))
    return { kind: "refused", why: "not-a-chat" };
  const text = bodyOf(message);
  if (!text || hasAny(message, RETRACTIONS)) return { kind: "none" };
  const isCorrection = message.getChild("replace", "urn:xmpp:message-correct:0") !== undefined;
  return { kind: "text", text: isCorrection ? CORRECTION_PREFIX + text : text };
}

/** A chat message of a SIP user (RFC 7573 4: type chat, one thread per session). */
export function chatMessage(fields: {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly thread: string;
  readonly body: string;
}): Element {
  const message = new Element("message", { from: fields.from, to: fields.to, type: "chat", id: fields.id });
  message.c("body").t(fields.body);
  message.c("thread").t(fields.thread);
  message.c("active", { xmlns: CHAT_STATES });
  return message;
}

/** A chat state alone (XEP-0085 5.3); servers need not store it (XEP-0334). */
export function chatStateMessage(fields: {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly thread: string;
  readonly state: ChatState;
}): Element {
  const message = new Element("message", { from: fields.from, to: fields.to, type: "chat", id: fields.id });
  message.c(fields.state, { xmlns: CHAT_STATES });
  message.c("thread").t(fields.thread);
  message.c("no-store", { xmlns: "urn:xmpp:hints" });
  return message;
}

export function chatStateOf(message: Element): ChatState | undefined {
  return STATE_NAMES.find((name) => message.getChild(name, CHAT_STATES));
}

/** The text of a message: the body in the stanza's own language, else the first (RFC 6121 5.2.3). */
function bodyOf(message: Element): string | undefined {
  const bodies = message.getChildren("body");
  const language = message.attrs["xml:lang"];
  const own = bodies.find((body) => {
    const lang = body.attrs["xml:lang"];
    return lang === undefined || lang === language;
  });
  return (own ?? bodies[0])?.getText();
}

function hasAny(
  message: Element,
  children: readonly (readonly [name: string, namespace: string])[],
): boolean {
  return children.some(([name, namespace]) => message.getChild(name, namespace) !== undefined);
}
