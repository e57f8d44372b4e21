import type { Outcome } from "@tombolo/sip";
import { Element } from "ltx";
import { stanzaErrorForOutcome } from "../error/outcome.ts";
import type { PairLegs } from "../pair-legs.ts";
import { errorStanza } from "../stanza.ts";
import type { Sender } from "../xmpp-side.ts";
import type { PermissionWord, Wish } from "./wish.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";

type Speaker = Pick<XmppWatcherContext, "home" | "pair" | "xmpp" | "ids">;

/**
 * Tells the XMPP user's server how the permission stands.
 * @param id not that of what it answers, which RFC 6121 3.1.4 leaves out, except for a probe's.
 */
export function sayPermission({ pair, xmpp, ids }: Speaker, type: PermissionWord, id = `a${ids()}`): void {
  xmpp.send(pair.partner, new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type, id }));
}

/** What the SIP side has decided: owed until the server has it, because without it the user's question stays open for ever. */
export function sayDecision({ home, pair, xmpp, ids }: Speaker, wish: Wish, type: PermissionWord): void {
  const id = `a${ids()}`;
  const stanza = new Element("presence", { from: pair.sipUser, to: pair.xmppUser, type, id });
  const decision = new Decision(type, home, wish);
  wish.owe(decision);
  xmpp.sendUnanswered(decision, undefined, pair.partner, stanza, id);
}

/** One saying of a decision. What a broken link loses is said again when it is up; coming twice it says nothing new. */
class Decision implements Sender<undefined> {
  readonly type: PermissionWord;
  /** The pair that it belongs to. */
  readonly home: PairLegs;
  private readonly wish: Wish;

  constructor(type: PermissionWord, home: PairLegs, wish: Wish) {
    this.type = type;
    this.home = home;
    this.wish = wish;
  }

  onTaken(): void {
    this.wish.settle(this);
  }

  onLost(): void {}

  onReturned(): void {}
}

/** Who asked hears once that it does not work now; the wish stays. */
export function sayFailure({ pair, xmpp }: Speaker, wish: Wish, failure: Outcome): void {
  if (!wish.takeWord()) return;
  const { error } = stanzaErrorForOutcome(failure, { authorized: wish.isAuthorized });
  const address = { from: pair.xmppUser, to: pair.sipUser, id: wish.askId };
  xmpp.send(pair.partner, errorStanza("presence", address, error));
}
