import { Element } from "ltx";

const CHAT_STATES = "http://jabber.org/protocol/chatstates";
const STATE_NAMES = ["active", "composing", "paused", "inactive", "gone"] as const;

export type ChatState = (typeof STATE_NAMES)[number];

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
export function bodyOf(message: Element): string | undefined {
  const bodies = message.getChildren("body");
  const language = message.attrs["xml:lang"];
  const own = bodies.find((body) => {
    const lang = body.attrs["xml:lang"];
    return lang === undefined || lang === language;
  });
  return (own ?? bodies[0])?.getText();
}
