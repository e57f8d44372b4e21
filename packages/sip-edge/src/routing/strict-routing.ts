/** Undoes what a strict router does (RFC 3261 16.4): it puts our Record-Route into the Request-URI. */
import { isLooseRoute, MessageDraft, parseNameAddr, parseSipUri, type SipMessage } from "@tombolo/sip";
import type { PublicSide } from "./leg.ts";

export function isStrictlyRouted(side: PublicSide, message: SipMessage): boolean {
  // Only our Record-Route has both; a glance spares most requests the reading.
  if (!message.uri.includes(";lr") || message.get("Route") === undefined) return false;
  const uri = parseSipUri(message.uri);
  return uri !== undefined && uri.user === undefined && isLooseRoute(uri) && side.isOwnUri(uri);
}

/** The last Route is the true Request-URI; where it can't be read the request comes back unchanged. */
export function looselyRouted(message: SipMessage): SipMessage {
  const routes = message.list("Route");
  const last = routes.pop();
  const target = last === undefined ? undefined : parseNameAddr(last);
  if (!target || parseSipUri(target.uri) === undefined) return message;
  const draft = new MessageDraft(message).requestUri(target.uri).remove("Route");
  for (const route of routes) draft.append("Route", route);
  return draft.build();
}
