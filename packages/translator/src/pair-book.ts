import { type Deadline, detach, type Millis } from "@tombolo/sip";
import { type BareJid, jidToPartnerUri, jidToSipUri } from "./address/index.ts";
import { DeadlineQueue } from "./deadline-queue.ts";
import type { Keep } from "./kept.ts";
import { pairKey } from "./pair.ts";
import { type PairContext, pairContext, type SharedContext } from "./pair-context.ts";
import { PairLegs } from "./pair-legs.ts";
import type { PresenceDialect } from "./presence/documents.ts";
import { PartnerDialects } from "./presence/partner-dialects.ts";
import { type Partner, screenNamesOf, type TranslatorSettings } from "./settings.ts";

/** Pairs of users in memory at once. Over it new ones are refused with a retry time. */
export const MAX_PAIRS = 500_000;

export interface PairBookOptions {
  readonly settings: TranslatorSettings;
  readonly keep: Keep;
  /** What all pairs share. */
  readonly shared: Omit<SharedContext, "onOwner">;
}

/** All pairs of users that have something under way, with their deadlines: made when first needed, forgotten when idle. */
export class PairBook {
  private readonly options: PairBookOptions;
  private settings: TranslatorSettings;
  private readonly dialects: PartnerDialects;
  /** By partner's domain, as far as they were needed under these settings. */
  private readonly contexts = new Map<string, PairContext>();
  private readonly pairs = new Map<string, PairLegs>();
  /** Pairs of SIP users who may publish their presence, by user. */
  private readonly publishers = new Map<BareJid, Set<PairLegs>>();
  /** Pairs by XMPP user; made when one of them publishes for the first time. */
  private homes: Map<BareJid, Set<PairLegs>> | undefined;
  private readonly deadlines = new DeadlineQueue<PairLegs>();
  /** The pair that each machine belongs to, where it does not say so itself: watches, of which there are very many, do. */
  private readonly owners = new WeakMap<object, PairLegs>();
  /** Pairs that the current input reached. */
  private readonly touched: PairLegs[] = [];

  constructor(options: PairBookOptions) {
    this.options = options;
    this.settings = options.settings;
    this.dialects = new PartnerDialects(options.settings);
  }

  /** @param settings for what begins from now on, and for all documents. */
  adopt(settings: TranslatorSettings): void {
    this.settings = settings;
    this.dialects.adopt(settings);
    this.contexts.clear();
  }

  get size(): number {
    return this.pairs.size;
  }

  find(xmppUser: BareJid, sipUser: BareJid): PairLegs | undefined {
    return this.pairs.get(pairKey(xmppUser, sipUser));
  }

  /** How a partner's documents are written and read. */
  dialectOf(partner: Partner): PresenceDialect {
    return this.dialects.of(partner);
  }

  /** What the pairs of a partner have in common that begin now. */
  contextOf(partner: Partner): PairContext {
    const known = this.contexts.get(partner.domain);
    if (known) return known;
    const onOwner = (owner: object, legs: PairLegs) => void this.owners.set(owner, legs);
    const shared = { ...this.options.shared, onOwner };
    const context = pairContext(shared, this.settings, partner, this.dialects.of(partner));
    this.contexts.set(partner.domain, context);
    return context;
  }

  /** The pairs of a SIP user who may publish their presence. */
  watchersOf(sipUser: BareJid): Iterable<PairLegs> {
    return this.publishers.get(sipUser) ?? [];
  }

  /** The pairs of an XMPP user. */
  ofXmppUser(xmppUser: BareJid): Iterable<PairLegs> {
    if (!this.homes) {
      this.homes = new Map();
      for (const legs of this.pairs.values()) enlist(this.homes, legs.pair.xmppUser, legs);
    }
    return this.homes.get(xmppUser) ?? [];
  }

  all(): IterableIterator<PairLegs> {
    return this.pairs.values();
  }

  /** @param partner domain as configured. */
  of(partner: string): PairLegs[] {
    return [...this.pairs.values()].filter(({ pair }) => pair.partner === partner);
  }

  /**
   * @param sipLocal localpart that stands for the SIP user.
   * @returns undefined when there is no room, or an address has no form on the other side.
   */
  findOrMake(xmppUser: BareJid, sipLocal: string, partner: Partner): PairLegs | undefined {
    const sipUser = sipUserOf(sipLocal, partner);
    const key = pairKey(xmppUser, sipUser);
    const known = this.pairs.get(key);
    if (known) return known;
    if (this.pairs.size >= (this.settings.maxPairs ?? MAX_PAIRS)) return undefined;
    const sipUri = jidToPartnerUri(sipUser, screenNamesOf(partner));
    const xmppUri = jidToSipUri(xmppUser);
    if (!sipUri.ok || !xmppUri.ok) return undefined;
    // There are very many pairs: texts that hold nothing else alive.
    const pair = {
      key: detach(key),
      xmppUser: detach(xmppUser),
      sipUser: detach(sipUser),
      partner: partner.domain,
      xmppUri: detach(xmppUri.uri),
      sipUri: detach(sipUri.uri),
    };
    const legs = new PairLegs(pair, this.contextOf(partner));
    this.pairs.set(pair.key, legs);
    if (partner.profile.presence.takesPublications) enlist(this.publishers, pair.sipUser, legs);
    if (this.homes) enlist(this.homes, pair.xmppUser, legs);
    return legs;
  }

  /** Something happens to this pair. */
  touch(legs: PairLegs): void {
    // Twice is harmless, and rare: an input reaches one pair, or each once.
    if (this.touched.at(-1) !== legs) this.touched.push(legs);
  }

  /** Something happens to a machine of some pair. */
  touchOwner(owner: object): void {
    const legs = isHoused(owner) ? owner.home : this.owners.get(owner);
    if (legs) this.touch(legs);
  }

  /** After each input: deadlines of the pairs it reached are read anew, and pairs with nothing left are forgotten. */
  settle(now: Millis): void {
    for (const legs of this.touched) {
      // A late answer may reach a pair that was forgotten and has been made anew since.
      if (legs.isForgotten) continue;
      legs.keep(this.options.keep, now);
      if (legs.isIdle) this.forget(legs);
      else this.deadlines.update(legs);
    }
    this.touched.length = 0;
  }

  /** Reads the deadline of a pair that was restored and not touched. */
  schedule(legs: PairLegs): void {
    this.deadlines.update(legs);
  }

  forget(legs: PairLegs): void {
    legs.isForgotten = true;
    this.deadlines.remove(legs);
    this.pairs.delete(legs.pair.key);
    strike(this.publishers, legs.pair.sipUser, legs);
    if (this.homes) strike(this.homes, legs.pair.xmppUser, legs);
  }

  /** Wakes the pairs that are due. */
  timeout(now: Millis): void {
    for (let legs = this.deadlines.takeDue(now); legs; legs = this.deadlines.takeDue(now)) {
      legs.timeout(now);
      this.touch(legs);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.deadlines.next();
  }
}

function enlist(lists: Map<BareJid, Set<PairLegs>>, user: BareJid, legs: PairLegs): void {
  const own = lists.get(user);
  if (own) own.add(legs);
  else lists.set(user, new Set([legs]));
}

function strike(lists: Map<BareJid, Set<PairLegs>>, user: BareJid, legs: PairLegs): void {
  const own = lists.get(user);
  if (own?.delete(legs) && own.size === 0) lists.delete(user);
}

/** The JID of a partner's user. In our stanzas the component's domain stands as the server knows it: as configured. */
export function sipUserOf(sipLocal: string, partner: Partner): BareJid {
  return `${sipLocal}@${partner.domain.toLowerCase()}`;
}

function isHoused(owner: object): owner is { readonly home: PairLegs } {
  return "home" in owner;
}
