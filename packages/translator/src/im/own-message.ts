import { htmlToText, parseRfc3339 } from "@tombolo/sip";
import type { Element } from "ltx";
import { fingerprint } from "./recent.ts";

/** A text of the XMPP user for the SIP user. */
export interface OwnText {
  readonly text: string;
  readonly subject: string | undefined;
  /** BCP 47 tag. */
  readonly language: string | undefined;
  /** When it was written, ms since 1970, where the stanza says that it was delayed (XEP-0203). */
  readonly sentAt: number | undefined;
}

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
  | ({ readonly kind: "text" } & OwnText)
  /** Nothing that goes over: a chat state alone, receipts, markers. */
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly why: "encrypted-only" | "room-invitation" };

/** Reads a message that is neither an error nor groupchat. */
export function contentOf(message: Element): MessageContent {
  if (hasAny(message, ENCRYPTED)) return { kind: "refused", why: "encrypted-only" };
  if (hasAny(message, INVITATIONS) || message.getChild("x", MUC_USER)?.getChild("invite"))
    return { kind: "refused", why: "room-invitation" };
  const body = bodyOf(message);
  if (!body?.text || hasAny(message, RETRACTIONS)) return { kind: "none" };
  const isCorrection = message.getChild("replace", "urn:xmpp:message-correct:0") !== undefined;
  return {
    kind: "text",
    text: isCorrection ? CORRECTION_PREFIX + body.text : body.text,
    subject: message.getChildText("subject") || undefined,
    language: body.language !== undefined && LANGUAGE.test(body.language) ? body.language : undefined,
    sentAt: parseRfc3339(message.getChild("delay", "urn:xmpp:delay")?.attrs.stamp ?? ""),
  };
}

/** BCP 47 as far as a header may carry it. */
export const LANGUAGE = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}$/;

/** The name under which a text comes again if it does (XEP-0359 3), with the text: some clients count ids anew. */
export function keyOf(message: Element, text: string): string | undefined {
  const { from, to, id } = message.attrs;
  const origin = message.getChild("origin-id", "urn:xmpp:sid:0")?.attrs.id ?? id;
  return origin ? `x ${from} ${to} ${origin} ${fingerprint(text)}` : undefined;
}

/** The text of a message: the body in the stanza's own language, else the first (RFC 6121 5.2.3). */
function bodyOf(
  message: Element,
): { readonly text: string; readonly language: string | undefined } | undefined {
  const bodies = message.getChildren("body");
  const language = message.attrs["xml:lang"];
  const own = bodies.find((body) => {
    const lang = body.attrs["xml:lang"];
    return lang === undefined || lang === language;
  });
  const body = own ?? bodies[0];
  if (body) return { text: body.getText(), language: body.attrs["xml:lang"] ?? language };
  // XEP-0071 wants a body beside it; a client that forgot it still said something.
  const rich = message.getChild("html", "http://jabber.org/protocol/xhtml-im");
  const text = rich && htmlToText(rich.toString());
  return text === undefined ? undefined : { text, language };
}

function hasAny(
  message: Element,
  children: readonly (readonly [name: string, namespace: string])[],
): boolean {
  return children.some(([name, namespace]) => message.getChild(name, namespace) !== undefined);
}
