import { Element } from "ltx";
import type { StanzaError } from "./error/index.ts";

/** Stanzas that the translator has to do with; the links answer `iq` themselves. */
export type StanzaName = "message" | "presence";

const STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** An error stanza (RFC 6120 8.3.1): addresses swapped, same id, no copy of the payload. */
export function errorStanza(
  name: StanzaName,
  to: { readonly from: string; readonly to: string; readonly id: string | undefined },
  error: StanzaError & { readonly address?: string | undefined },
): Element {
  const stanza = new Element(name, { from: to.to, to: to.from, type: "error", id: to.id });
  const child = stanza.c("error", { type: error.type });
  const condition = child.c(error.condition, { xmlns: STANZA_ERRORS });
  if (error.address) condition.t(error.address);
  if (error.text) child.c("text", { xmlns: STANZA_ERRORS, "xml:lang": "en" }).t(error.text);
  return stanza;
}

/** Reads the `<error/>` of a stanza; an unknown or missing condition counts as undefined-condition (RFC 6120 8.3.2). */
export function readStanzaError(stanza: Element): {
  readonly condition: string;
  readonly text: string | undefined;
} {
  const error = stanza.getChild("error");
  const children = error?.getChildElements().filter((child) => child.getNS() === STANZA_ERRORS) ?? [];
  const condition = children.find((child) => child.getName() !== "text");
  const text = children.find((child) => child.getName() === "text")?.getText();
  return { condition: condition?.getName() ?? "undefined-condition", text: text || undefined };
}
