import type { KeptResource } from "../kept.ts";
import { readXmppPresence } from "../tables/xmpp-presence.ts";
import type { Said } from "./composition.ts";

/** What a user of ours publishes at SIP devices, as a resource of priority 0; one that is not there is none. */
export function sipDevice(said: Said | undefined): KeptResource | undefined {
  if (!said || said.presence.type !== undefined) return undefined;
  const { show, status } = said.presence;
  const { state, text } = readXmppPresence({ show, status });
  return { resource: "sip", state, ...(text !== undefined && { status: text }), priority: 0 };
}
