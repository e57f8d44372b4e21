import { Element } from "ltx";
import { bareJid, domainOf } from "./address.ts";
import { type Answer, answerForUser, answerQuery } from "./discovery.ts";
import type { CompleteLinkSettings } from "./settings.ts";
import { BAD_REQUEST, SERVICE_UNAVAILABLE, stanzaError } from "./stanza-error.ts";

/**
 * What becomes of a received stanza: `pass` it to the translator, answer it here, `drop` it as the rules allow, or
 * count it as `misrouted` because it is not for this component or has no sender.
 */
export type Reception = Element | "pass" | "drop" | "misrouted";

/**
 * Judges one stanza from the server.
 * Every IQ get or set is answered here: the domain knows discovery, ping and version; its users have no client that
 * could answer (RFC 6120 8.2.3, RFC 6121 8.5), and only what is translated for all of them can be discovered. Presence, messages for users, and every error and IQ answer to them, are
 * the translator's.
 */
export function receive(stanza: Element, settings: CompleteLinkSettings): Reception {
  const { from, to } = stanza.attrs;
  if (from === undefined || to === undefined || domainOf(to) !== settings.domain.toLowerCase())
    return "misrouted";
  const toDomain = !to.includes("@") && !to.includes("/");
  switch (stanza.name) {
    case "iq":
      return receiveIq(stanza, toDomain, settings);
    case "message":
      return bareJid(to).includes("@") || stanza.attrs.type === "error"
        ? "pass"
        : (messageToDomain(stanza, settings.domain) ?? "drop");
    case "presence":
      return "pass";
    default:
      return "drop";
  }
}

function receiveIq(iq: Element, toDomain: boolean, settings: CompleteLinkSettings): Reception {
  const { type } = iq.attrs;
  if (type === "result" || type === "error") return toDomain ? "drop" : "pass";
  const [payload, ...more] = iq.getChildElements();
  const sound = (type === "get" || type === "set") && iq.attrs.id !== undefined && more.length === 0;
  if (!sound || payload === undefined) return stanzaError(iq, BAD_REQUEST, settings.domain) ?? "drop";
  const answer = toDomain ? answerQuery(type, payload, settings) : ofUser(iq, payload, settings);
  if ("fault" in answer) return stanzaError(iq, answer.fault, settings.domain) ?? "drop";
  const result = new Element("iq", { from: iq.attrs.to, to: iq.attrs.from, id: iq.attrs.id, type: "result" });
  if (answer.payload !== undefined) result.cnode(answer.payload);
  return result;
}

/** Users have no client that could answer; what can be expected of all of them is said where one would be. */
function ofUser(iq: Element, query: Element, settings: CompleteLinkSettings): Answer {
  const { to = "", type } = iq.attrs;
  const isAtResource = settings.users && to === `${bareJid(to)}/${settings.users.resource}`;
  const payload =
    isAtResource && to.includes("@") && type === "get"
      ? answerForUser(query, settings.users.features, settings)
      : undefined;
  return payload ? { payload } : { fault: SERVICE_UNAVAILABLE };
}

/** Nobody reads messages to the domain: their senders are told, unless there was nothing to read. */
function messageToDomain(message: Element, domain: string): Element | undefined {
  if (message.getChild("body") === undefined) return undefined;
  return stanzaError(message, SERVICE_UNAVAILABLE, domain);
}
