import type { Outcome } from "@tombolo/sip";
import { Element } from "ltx";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import { errorStanza } from "../stanza.ts";
import type { Wish } from "./wish.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";

type Speaker = Pick<XmppWatcherContext, "pair" | "xmpp" | "ids">;

/**
 * Tells the XMPP user's server what the SIP side has decided.
 * @param id not that of what it answers, which RFC 6121 3.1.4 leaves out, except for a probe's.
 */
export function sayPermission(
  { pair, xmpp, ids }: Speaker,
  type: "subscribed" | "unsubscribed",
  id = `a${ids()}`,
): void {
  xmpp.send(pair.partner, new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type, id }));
}

/** Who asked hears once that it does not work now; the wish stays. */
export function sayFailure({ pair, xmpp }: Speaker, wish: Wish, failure: Outcome): void {
  if (!wish.takeWord()) return;
  const { error } = stanzaErrorForOutcome(failure, { authorized: wish.isAuthorized });
  const address = { from: pair.xmppUser, to: pair.sipUser, id: wish.askId };
  xmpp.send(pair.partner, errorStanza("presence", address, error));
}
