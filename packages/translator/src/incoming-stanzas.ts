import type { Millis } from "@tombolo/sip";
import type { Element } from "ltx";
import { bareOf, parseJid } from "./address/index.ts";
import { localStanzaError, type StanzaError } from "./error/index.ts";
import { asInJid, type Gates } from "./gates.ts";
import { type PairBook, sipUserOf } from "./pair-book.ts";
import type { PairLegs } from "./pair-legs.ts";
import type { OutwardPublications } from "./presence/outward-publications.ts";
import { screenNamesOf } from "./settings.ts";
import { errorStanza } from "./stanza.ts";
import type { XmppSide } from "./xmpp-side.ts";

/** Stanzas of XMPP users: the gates, then the pair; an error goes back where one is due. */
export class IncomingStanzas {
  private readonly xmpp: XmppSide;
  private readonly gates: Gates;
  private readonly book: PairBook;
  private readonly publications: OutwardPublications;

  constructor(xmpp: XmppSide, gates: Gates, book: PairBook, publications: OutwardPublications) {
    this.publications = publications;
    this.xmpp = xmpp;
    this.gates = gates;
    this.book = book;
  }

  /** @param partnerDomain whose component link it came over. */
  handle(partnerDomain: string, stanza: Element, isDraining: boolean, now: Millis): void {
    const name = stanza.getName();
    if (name !== "message" && name !== "presence") return;
    if (name === "message" && stanza.attrs.type === "error") {
      // LP-03: an error is never answered and never becomes a request.
      this.xmpp.returned(stanza, now);
      return;
    }
    if (this.publications.takes(partnerDomain, stanza, now)) return;
    const legs = this.legsFor(partnerDomain, stanza);
    if (!legs) return;
    this.book.touch(legs);
    if (name === "message") this.onMessage(legs, stanza, isDraining, now);
    else this.onPresence(legs, stanza, now);
  }

  private onMessage(legs: PairLegs, stanza: Element, isDraining: boolean, now: Millis): void {
    const { type } = stanza.attrs;
    if (type === "headline") return;
    if (type === "groupchat") {
      this.refuse(legs.pair.partner, stanza, localStanzaError("not-a-chat"));
      return;
    }
    // Those that begin after the drain are as closed as the others.
    if (isDraining) legs.conversation.close(now);
    legs.conversation.onMessage(stanza, now);
  }

  private onPresence(legs: PairLegs, stanza: Element, now: Millis): void {
    const isJoin = stanza.attrs.type === undefined && stanza.getChild("x", MUC) !== undefined;
    if (isJoin) this.refuse(legs.pair.partner, stanza, localStanzaError("not-a-chat"));
    else if (!legs.onPresence(stanza, now)) this.refuse(legs.pair.partner, stanza, UNKNOWN_TYPE);
  }

  private legsFor(partnerDomain: string, stanza: Element): PairLegs | undefined {
    const from = parseJid(stanza.attrs.from ?? "");
    const to = parseJid(stanza.attrs.to ?? "");
    const partner = this.gates.partner(partnerDomain);
    if (!partner || !from || (to && to.domain !== asInJid(partnerDomain))) return undefined;
    const xmppUser = bareOf(from);
    const known = to && this.book.find(xmppUser, sipUserOf(to.local, partner));
    // A pair is made of addresses that have a form on the other side.
    if (known && screenNamesOf(partner) === "plain" && this.gates.mayBegin(from.domain)) return known;
    const refusal = this.gates.refusalOf(from, to, known?.isAnswer(stanza) ?? false);
    const legs = refusal || !to ? undefined : (known ?? this.book.findOrMake(xmppUser, to.local, partner));
    const isAwaited = stanza.getName() === "message" || stanza.attrs.type === "subscribe";
    if (!legs && isAwaited) this.refuse(partner.domain, stanza, localStanzaError(refusal ?? "queue-full"));
    return legs;
  }

  private refuse(partner: string, stanza: Element, error: StanzaError | undefined): void {
    const { from, to, id } = stanza.attrs;
    const name = stanza.getName() === "message" ? "message" : "presence";
    if (error) this.xmpp.send(partner, errorStanza(name, { from: from!, to: to!, id }, error));
  }
}

const MUC = "http://jabber.org/protocol/muc";

/** RFC 6121 4.7.1: a presence type that nobody knows. */
const UNKNOWN_TYPE: StanzaError = {
  type: "modify",
  condition: "bad-request",
  text: "There is no such type of presence.",
};
