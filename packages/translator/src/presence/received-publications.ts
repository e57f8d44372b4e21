import type { Deadline, HeaderFields, Millis, VerifiedPeer } from "@tombolo/sip";
import { type BareJid, parseJid, sipUriToJid } from "../address/index.ts";
import { DeadlineQueue } from "../deadline-queue.ts";
import { asInJid, type Gates } from "../gates.ts";
import type { Keep } from "../kept.ts";
import type { KeptPublicationOf } from "../kept-publication.ts";
import { sipUserOf } from "../pair-book.ts";
import { SIMPLE } from "../peers/simple.ts";
import type { Partner, TranslatorSettings } from "../settings.ts";
import type { IncomingRequest, SipSide } from "../sip-side.ts";
import type { Said } from "./composition.ts";
import type { Documents } from "./documents.ts";
import { DEFAULT_PUBLICATION_SETTINGS } from "./publication-settings.ts";
import { PublishedPresence } from "./published-presence.ts";

export interface ReceivedPublicationsContext {
  readonly sip: SipSide;
  readonly gates: Gates;
  readonly keep: Keep;
  /** Presence documents in the dialect of a partner. */
  readonly documents: (partner: Partner) => Documents;
  /** What a SIP user publishes has changed. */
  readonly onChange: (user: BareJid, now: Millis) => void;
}

/**
 * The event state compositor: what users of SIP partners publish here of themselves, and our own users at SIP devices behind
 * the edge (RFC 3903 6, IF-03).
 */
export class ReceivedPublications {
  private readonly context: ReceivedPublicationsContext;
  private settings: TranslatorSettings;
  private readonly users = new Map<BareJid, PublishedPresence>();
  private readonly deadlines = new DeadlineQueue<PublishedPresence>();

  constructor(settings: TranslatorSettings, context: ReceivedPublicationsContext) {
    this.settings = settings;
    this.context = context;
  }

  /** What a user has published; undefined where nothing. */
  of(user: BareJid): Said | undefined {
    return this.users.get(user)?.said;
  }

  /** A PUBLISH outside dialogs: the gates, then the publications of who sent it. */
  onPublish(event: IncomingRequest, now: Millis): void {
    const presentity = this.presentityOf(event);
    if (!presentity) return;
    const { partner, user } = presentity;
    const published = this.users.get(user) ?? this.make(user, partner);
    if (!published) {
      this.context.sip.answer(event.request, 480, { headers: [["Retry-After", "600"]] });
      return;
    }
    this.context.gates.allow();
    published.onPublish(event, now);
    this.settle(published, now);
  }

  /**
   * Whose presence it is: the sender's own, at a partner that may publish. Answers and returns undefined where it is not
   * (RFC 3903 6 step 1, 14.1).
   */
  private presentityOf(
    event: IncomingRequest,
  ): { readonly user: BareJid; readonly partner: Partner } | undefined {
    const { message, verified } = event;
    const from = sipUriToJid(message.from?.uri ?? "");
    const target = sipUriToJid(message.uri);
    if (!from.ok || !target.ok) {
      this.deny(event, from.ok ? (target.ok ? 400 : target.status) : from.status, "address");
      return undefined;
    }
    const partner = this.partnerOf(verified, domainOf(from.jid));
    if (!partner) this.deny(event, 403, "partner");
    // Only their home publishes for users of ours (RFC 3261 8.2.1).
    else if (!mayPublish(partner) || this.isOfOthers(target.jid, from.jid))
      this.deny(event, 405, "method", NO_PUBLISH);
    else if (target.jid !== from.jid) this.deny(event, 403, "not-own-presence");
    else return { user: sipUserOf(from.local, partner), partner };
    return undefined;
  }

  private isOfOthers(target: BareJid, from: BareJid): boolean {
    const { gates } = this.context;
    return gates.isOurs(domainOf(target)) && !gates.isHome(domainOf(from));
  }

  /** The edge has proved whom the certificate, or the node, speaks for; the From domain must be exactly that (design law 3). */
  private partnerOf(verified: VerifiedPeer, fromDomain: string): Partner | undefined {
    const partner = this.sourceOf(fromDomain);
    const isProved = partner?.domain === verified.partner || asInJid(verified.partner) === partner?.domain;
    return isProved ? partner : undefined;
  }

  /** A partner, or our own SIP devices, which follow the standards. */
  private sourceOf(domain: string): Partner | undefined {
    const { gates } = this.context;
    return gates.isHome(domain) ? { domain, profile: SIMPLE } : gates.partner(domain);
  }

  private deny(event: IncomingRequest, status: number, reason: string, headers: HeaderFields = []): void {
    this.context.gates.deny(reason);
    this.context.sip.answer(event.request, status, { headers });
  }

  private make(user: BareJid, partner: Partner): PublishedPresence | undefined {
    const { maxPublishingUsers } = this.settings.publications ?? DEFAULT_PUBLICATION_SETTINGS;
    if (this.users.size >= maxPublishingUsers) return undefined;
    const { sip, keep } = this.context;
    const { ids } = this.settings;
    const documents = this.context.documents(partner);
    const published = new PublishedPresence({ user, partner: partner.domain, documents, sip, ids, keep });
    this.users.set(user, published);
    return published;
  }

  private settle(published: PublishedPresence, now: Millis): void {
    if (published.isIdle) {
      this.deadlines.remove(published);
      this.users.delete(published.user);
    } else this.deadlines.update(published);
    if (published.takeNews()) this.context.onChange(published.user, now);
  }

  /** Decides by these settings from now on. Publications of partners that may publish no more are forgotten. */
  adopt(settings: TranslatorSettings, now: Millis): void {
    this.settings = settings;
    for (const published of this.users.values()) {
      const partner = this.sourceOf(published.partner);
      if (partner?.domain === published.partner && mayPublish(partner)) continue;
      published.discard();
      this.deadlines.remove(published);
      this.users.delete(published.user);
      this.context.onChange(published.user, now);
    }
  }

  timeout(now: Millis): void {
    for (let due = this.deadlines.takeDue(now); due; due = this.deadlines.takeDue(now)) {
      due.timeout(now);
      this.settle(due, now);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.deadlines.next();
  }

  /** A publication of an earlier run; one that has lapsed, or may not be any more, is forgotten. */
  restore(kept: KeptPublicationOf, now: Millis): void {
    const { user, id, value } = kept;
    const partner = this.sourceOf(kept.partner);
    const isLive =
      value !== undefined && value.expiresAt > now && partner !== undefined && mayPublish(partner);
    const published = isLive ? (this.users.get(user) ?? this.make(user, partner)) : undefined;
    if (!published) {
      this.context.keep({ ...kept, value: undefined });
      return;
    }
    published.restore(id, value!);
    published.takeNews();
    this.deadlines.update(published);
  }

  /** Hands out everything that is to be kept. */
  keepAll(): void {
    for (const published of this.users.values()) published.keepAnew();
  }
}

function mayPublish({ profile }: Partner): boolean {
  return profile.presence.takesPublications === true;
}

function domainOf(jid: BareJid): string {
  return parseJid(jid)!.domain;
}

const NO_PUBLISH: HeaderFields = [
  ["Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, SUBSCRIBE, NOTIFY, UPDATE"],
];
