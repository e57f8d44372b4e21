import type { Deadline, Millis } from "@tombolo/sip";
import { Element } from "ltx";
import { type BareJid, bareOf, jidToSipUri, parseJid } from "../address/index.ts";
import { DeadlineQueue } from "../deadline-queue.ts";
import type { Gates } from "../gates.ts";
import type { Keep } from "../kept.ts";
import type { KeptPublicationOf } from "../kept-publication.ts";
import type { Observation } from "../observation.ts";
import { PacedWork } from "../paced-work.ts";
import type { Partner, TranslatorSettings } from "../settings.ts";
import type { SipSide } from "../sip-side.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { Said } from "./composition.ts";
import type { Documents } from "./documents.ts";
import { OutwardPublication } from "./outward-publication.ts";
import { DEFAULT_PUBLICATION_SETTINGS, type PublicationSettings } from "./publication-settings.ts";
import { sipDevice } from "./sip-device.ts";

export interface OutwardPublicationsContext {
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly gates: Gates;
  readonly keep: Keep;
  /** Presence documents in the dialect of a partner. */
  readonly documents: (partner: Partner) => Documents;
  readonly observe: (observation: Observation) => void;
  /** What a user of ours publishes here at SIP devices. */
  readonly published: (user: BareJid) => Said | undefined;
}

type Resume = { readonly etag: string; readonly expiresAt: Millis };

/**
 * XMPP users' presence as publications at partners that want it (RFC 3903 4). Only what a user's server sends to the
 * partner's own JID is published: whoever lets that JID see their presence means all whom the partner shows it to. What
 * they show to single users of the partner stays between those two (design law 2).
 */
export class OutwardPublications {
  private readonly context: OutwardPublicationsContext;
  private settings: TranslatorSettings;
  private readonly publications = new Map<string, OutwardPublication>();
  private readonly deadlines = new DeadlineQueue<OutwardPublication>();
  private readonly paced = new PacedWork<OutwardPublication>();

  constructor(settings: TranslatorSettings, context: OutwardPublicationsContext) {
    this.settings = settings;
    this.context = context;
  }

  /** How the publication of an XMPP user at a partner stands; undefined where there is none. */
  stateOf(user: BareJid, partner: string): string | undefined {
    return this.publications.get(keyOf(user, partner))?.state;
  }

  /** Takes presence for the own JID of a partner. @returns whether it was that. */
  takes(partnerDomain: string, stanza: Element, now: Millis): boolean {
    // Nearly all is for some user.
    if (stanza.getName() !== "presence" || hasLocalpart(stanza.attrs.to ?? "")) return false;
    const { gates } = this.context;
    const partner = gates.partner(partnerDomain);
    const to = parseJid(stanza.attrs.to ?? "");
    const from = parseJid(stanza.attrs.from ?? "");
    if (to?.local !== "" || !partner || gates.partner(to.domain) !== partner) return false;
    if (!from || from.local === "" || stanza.getChild("x", MUC) !== undefined) return true;
    const user = bareOf(from);
    if (partner.publish && gates.mayBegin(from.domain)) this.onPresence(partner, user, stanza, now);
    // Where nothing is published the partner's own JID has no presence.
    else if (stanza.attrs.type === "subscribe") this.tell(partner, user, "unsubscribed", stanza.attrs.id);
    return true;
  }

  private onPresence(partner: Partner, user: BareJid, stanza: Element, now: Millis): void {
    const { type, id } = stanza.attrs;
    const known = this.publications.get(keyOf(user, partner.domain));
    switch (type) {
      case "subscribe":
        // Who adds the partner's JID asks for this: now the user's server has to be allowed to send us their presence.
        this.tell(partner, user, "subscribed", id);
        this.tell(
          partner,
          user,
          "subscribe",
          undefined,
          `${partner.domain} would like to show when you are there.`,
        );
        break;
      case "unsubscribe":
        this.tell(partner, user, "unsubscribed", id);
        break;
      case "probe":
        this.tell(partner, user, "unavailable", id);
        break;
      case undefined:
        (known ?? this.make(user, partner))?.onPresence(stanza, now);
        break;
      case "unavailable":
        known?.onPresence(stanza, now);
        break;
      case "unsubscribed":
      case "error":
        known?.forget(now);
        break;
      default:
        break;
    }
  }

  private tell(partner: Partner, user: BareJid, type: string, id: string | undefined, status?: string): void {
    const stanza = new Element("presence", { type, from: partner.domain, to: user, ...(id && { id }) });
    if (status) stanza.c("status").t(status);
    this.context.xmpp.send(partner.domain, stanza);
  }

  private make(user: BareJid, partner: Partner, resume?: Resume): OutwardPublication | undefined {
    const uri = jidToSipUri(user);
    if (this.publications.size >= this.own.maxPublishedUsers || !uri.ok) return undefined;
    const { sip, xmpp, keep, observe } = this.context;
    const publication = new OutwardPublication({
      user,
      uri: uri.uri,
      partner: partner.domain,
      documents: this.context.documents(partner),
      sip,
      xmpp,
      settings: this.own,
      random: this.settings.random,
      observe,
      keep,
      device: () => sipDevice(this.context.published(user)),
      onStep: (stepped) => this.settle(stepped),
      ...(resume && { resume }),
    });
    this.publications.set(keyOf(user, partner.domain), publication);
    return publication;
  }

  private get own(): PublicationSettings {
    return this.settings.publications ?? DEFAULT_PUBLICATION_SETTINGS;
  }

  private settle(publication: OutwardPublication): void {
    const key = keyOf(publication.user, publication.partner);
    if (this.publications.get(key) !== publication) return;
    if (publication.isIdle) {
      this.deadlines.remove(publication);
      this.publications.delete(key);
    } else this.deadlines.update(publication);
  }

  private of(partner: string): OutwardPublication[] {
    return [...this.publications.values()].filter((publication) => publication.partner === partner);
  }

  /** What a user of ours publishes here at SIP devices has changed. */
  onDevice(user: BareJid, now: Millis): void {
    for (const { domain } of this.settings.partners)
      this.publications.get(keyOf(user, domain))?.onDevice(now);
  }

  linkDown(partner: string, now: Millis): void {
    for (const publication of this.of(partner)) publication.onLinkDown(now);
  }

  linkUp(partner: string, now: Millis): void {
    const work = (publication: OutwardPublication, at: Millis) => this.workOn(publication, "onLinkUp", at);
    this.paced.start(`link-up ${partner}`, this.of(partner), work, now);
  }

  /** The partner may have lost its memory. */
  partnerBack(partner: string, now: Millis): void {
    const work = (publication: OutwardPublication, at: Millis) =>
      this.workOn(publication, "onPartnerBack", at);
    this.paced.start(`back ${partner}`, this.of(partner), work, now);
  }

  private workOn(publication: OutwardPublication, what: "onLinkUp" | "onPartnerBack", now: Millis): boolean {
    const key = keyOf(publication.user, publication.partner);
    if (this.publications.get(key) !== publication) return false;
    publication[what](now);
    return true;
  }

  /** Decides by these settings from now on. What is published where it is not wanted any more is taken back. */
  adopt(settings: TranslatorSettings, now: Millis): void {
    this.settings = settings;
    for (const publication of [...this.publications.values()]) {
      const partner = this.context.gates.partner(publication.partner);
      if (partner?.publish !== true || partner.domain !== publication.partner) publication.forget(now);
    }
  }

  timeout(now: Millis): void {
    this.paced.timeout(now);
    for (let due = this.deadlines.takeDue(now); due; due = this.deadlines.takeDue(now)) due.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    const own = this.deadlines.next();
    const paced = this.paced.nextDeadline();
    return own && paced ? (own.at <= paced.at ? own : paced) : (own ?? paced);
  }

  /**
   * A publication of an earlier run. What lapses before it can be known what the user shows now is left to lapse; the user
   * is asked for all the same.
   */
  restore(kept: KeptPublicationOf, now: Millis): void {
    const { user, value } = kept;
    const { grace, spread, settle } = this.own;
    const partner = this.context.gates.partner(kept.partner);
    const lastsLong = value !== undefined && value.expiresAt > now + grace + spread + settle;
    const made = partner && this.make(user, partner, lastsLong ? value : undefined);
    if (!made || !lastsLong) this.context.keep({ ...kept, value: undefined });
  }

  /** All is restored: what the users show now is asked for as soon as their links are up. */
  recover(now: Millis): void {
    for (const publication of [...this.publications.values()]) {
      const isWanted = this.context.gates.partner(publication.partner)?.publish === true;
      if (isWanted) publication.onLinkDown(now);
      else publication.forget(now);
    }
  }

  /** Hands out everything that is to be kept. */
  keepAll(): void {
    for (const publication of this.publications.values()) publication.keepAnew();
  }
}

const MUC = "http://jabber.org/protocol/muc";

/** Where there is none the at sign is part of the resource, or missing. */
function hasLocalpart(jid: string): boolean {
  const at = jid.indexOf("@");
  const slash = jid.indexOf("/");
  return at >= 0 && (slash < 0 || at < slash);
}

function keyOf(user: BareJid, partner: string): string {
  return `${user} ${partner}`;
}
