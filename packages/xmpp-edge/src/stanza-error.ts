import { Element } from "ltx";

const NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** An error condition with its type (RFC 6120 8.3.2, 8.3.3). */
export interface StanzaFault {
  readonly type: "auth" | "cancel" | "continue" | "modify" | "wait";
  readonly condition: string;
  /** English text for people. */
  readonly text?: string;
}

export const BAD_REQUEST: StanzaFault = { type: "modify", condition: "bad-request" };
export const ITEM_NOT_FOUND: StanzaFault = { type: "cancel", condition: "item-not-found" };
export const SERVICE_UNAVAILABLE: StanzaFault = { type: "cancel", condition: "service-unavailable" };

/**
 * The error that answers a stanza: addresses swapped, same id, no copy of the payload (RFC 6120 8.3.1).
 * Undefined where no error may be sent: to an error, to an IQ result, to nobody.
 * @param by the entity that found the fault, our domain
 */
export function stanzaError(stanza: Element, fault: StanzaFault, by?: string): Element | undefined {
  const { from, to, id, type } = stanza.attrs;
  if (type === "error" || from === undefined || (stanza.name === "iq" && type === "result")) return undefined;
  const reply = new Element(stanza.name, { from: to, to: from, id, type: "error" });
  const error = reply.c("error", { type: fault.type, by });
  error.c(fault.condition, { xmlns: NS_STANZAS });
  if (fault.text !== undefined) error.c("text", { xmlns: NS_STANZAS, "xml:lang": "en" }).t(fault.text);
  return reply;
}
