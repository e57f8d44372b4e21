import { type Deadline, type Machine, type Millis, Outbox } from "@tombolo/sip";
import type { BareJid } from "./address/index.ts";
import { asInJid, Gates } from "./gates.ts";
import type { Ledger } from "./im/ledger.ts";
import { ConversationMemory } from "./im/memory.ts";
import { IncomingStanzas } from "./incoming-stanzas.ts";
import { InitialRequests } from "./initial-requests.ts";
import type { Kept } from "./kept.ts";
import type { Direction, Observation } from "./observation.ts";
import { PairBook } from "./pair-book.ts";
import type { PairLegs } from "./pair-legs.ts";
import type { DialogAnswer } from "./partner-memory.ts";
import type { Rule } from "./policy/rules.ts";
import { Documents } from "./presence/documents.ts";
import { Publications } from "./presence/publications.ts";
import { Reachability } from "./reachability.ts";
import { Restoration } from "./restoration.ts";
import type { TranslatorSettings } from "./settings.ts";
import { SipSide } from "./sip-side.ts";
import type { TranslatorInput, TranslatorOutput } from "./translator-port.ts";
import { XmppSide } from "./xmpp-side.ts";

/** SIP meaning to XMPP meaning and back: hands what comes in to the pair that it belongs to, behind the gates. */
export class Translator implements Machine<TranslatorInput, TranslatorOutput> {
  private readonly outputs = new Outbox<TranslatorOutput>();
  private isDraining = false;
  private readonly sip: SipSide;
  private readonly xmpp: XmppSide;
  private readonly im: ConversationMemory;
  private readonly observe: (observation: Observation) => void;
  private readonly gates: Gates;
  private readonly book: PairBook;
  private readonly requests: InitialRequests;
  private readonly stanzas: IncomingStanzas;
  private readonly reach: Reachability;
  private readonly restoration: Restoration;
  private readonly publications: Publications;

  constructor(settings: TranslatorSettings) {
    const observe = (observation: Observation) => void this.outputs.put({ kind: "observe", observation });
    const touchOwner = (owner: object) => this.book.touchOwner(owner);
    this.sip = new SipSide((command) => this.outputs.put({ kind: "sip", command }), touchOwner);
    this.xmpp = new XmppSide(
      (partner, stanza, track) => this.outputs.put({ kind: "stanza", partner, stanza, track }),
      touchOwner,
    );
    const im = new ConversationMemory();
    this.im = im;
    this.observe = observe;
    this.gates = new Gates(settings, observe);
    this.publications = new Publications(settings, {
      sip: this.sip,
      xmpp: this.xmpp,
      gates: this.gates,
      keep: this.keep,
      observe,
      documents: (partner) => new Documents(this.book.dialectOf(partner)),
      onChange: (user, now) => this.onPublished(user, now),
    });
    const published = (user: BareJid) => this.publications.received.of(user);
    const isDenied = (xmppUser: BareJid, sipUser: BareJid) => this.gates.isDenied(xmppUser, sipUser);
    const onAnswered = (partner: string, answer: DialogAnswer, now: Millis) =>
      this.reach.answered(partner, answer, now);
    const shared = { sip: this.sip, xmpp: this.xmpp, observe, im, published, isDenied, onAnswered };
    this.book = new PairBook({ settings, keep: this.keep, shared });
    this.requests = new InitialRequests(this.sip, this.gates, this.book, im, this.publications.received);
    this.stanzas = new IncomingStanzas(this.xmpp, this.gates, this.book, this.publications.outward);
    this.reach = new Reachability(settings, this.book, im, observe);
    this.restoration = new Restoration(this.sip, this.gates, this.book, this.keep, observe);
  }

  /** Pairs that have something under way. */
  get size(): number {
    return this.book.size;
  }

  /** Sessions, watches and stanzas in flight over all pairs: zero when all is quiet. */
  get underWay(): number {
    return this.sip.size + this.xmpp.open;
  }

  /** The pair of two users, bare JIDs; undefined when they have nothing under way. */
  find(xmppUser: BareJid, sipUser: BareJid): PairLegs | undefined {
    return this.book.find(xmppUser, sipUser);
  }

  /** How the gates decide about a SIP user who watches an XMPP user, and by which rule. */
  gate(xmppUser: BareJid, sipUser: BareJid): { readonly isDenied: boolean; readonly rule: Rule | undefined } {
    return {
      isDenied: this.gates.isDenied(xmppUser, sipUser),
      rule: this.gates.ruleFor(xmppUser, sipUser),
    };
  }

  /** The books of instant messages (design law 1). */
  get ledger(): Ledger {
    return this.im.ledger;
  }

  /**
   * Texts whose fate is open, counted one by one where they are: the ledger's `inFlight` must be the same. Walks over all
   * pairs.
   */
  countTexts(): ReadonlyMap<string, Readonly<Record<Direction, number>>> {
    const counts = new Map<string, Record<Direction, number>>();
    for (const { pair, held } of this.book.all()) {
      if (!held) continue;
      const sum = counts.get(pair.partner) ?? { sip_to_xmpp: 0, xmpp_to_sip: 0 };
      counts.set(pair.partner, sum);
      sum.sip_to_xmpp += held.sip_to_xmpp;
      sum.xmpp_to_sip += held.xmpp_to_sip;
    }
    return counts;
  }

  /** A user or a domain as a person writes it, in the form of `Rule`; undefined when it is neither. */
  peer(text: string): string | undefined {
    return this.gates.peer(text);
  }

  /** How the publication of an XMPP user's presence at a partner stands (`PublisherState`); undefined where there is none. */
  publicationAt(xmppUser: BareJid, partner: string): string | undefined {
    return this.publications.outward.stateOf(xmppUser, partner);
  }

  *legs(): IterableIterator<PairLegs> {
    yield* this.book.all();
  }

  /** The rules there are. */
  *allRules(): IterableIterator<Rule> {
    yield* this.gates.rules();
  }

  handle(input: TranslatorInput, now: Millis): void {
    switch (input.kind) {
      case "sip":
        if (!this.sip.dispatch(input.event, now) && input.event.kind === "request")
          this.requests.handle(input.event, this.isDraining, now);
        break;
      case "stanza":
        this.stanzas.handle(input.partner, input.stanza, this.isDraining, now);
        break;
      case "taken":
        this.xmpp.taken(input.track, now);
        break;
      case "lost":
        this.xmpp.lost(input.track, input.why, now);
        break;
      case "link-down":
        this.reach.linkDown(input.partner, now);
        this.publications.linkDown(input.partner, now);
        break;
      case "link-up":
        this.reach.linkUp(input.partner, now);
        this.publications.linkUp(input.partner, now);
        break;
      case "partner-back":
        this.reach.partnerBack(input.partner, input.hungUp !== true, now);
        if (!input.hungUp) this.publications.partnerBack(input.partner, now);
        break;
      case "rule":
        this.onRule(input, now);
        break;
      case "settings":
        this.adopt(input.settings, now);
        break;
      case "restore":
        if (input.kept.what === "publication") this.publications.restore(input.kept, now);
        else this.restoration.restore(input.kept, now);
        // Settled by `recover`, when the pair is whole.
        return;
      case "recover":
        this.reach.recover(this.restoration.finish(now), now);
        this.publications.recover(now);
        break;
      case "keep-all":
        this.restoration.keepAll();
        this.publications.keepAll();
        break;
      case "store":
        this.im.mayKeep = input.takes;
        break;
      case "not-kept":
        this.onNotKept(input.kept);
        break;
      case "drain":
        this.drain(now);
        break;
    }
    this.book.settle(now);
    this.checkBooks();
  }

  timeout(now: Millis): void {
    this.reach.timeout(now);
    this.publications.timeout(now);
    this.book.timeout(now);
    this.book.settle(now);
    this.checkBooks();
  }

  nextDeadline(): Deadline | undefined {
    let first = this.book.nextDeadline();
    for (const other of [this.reach.nextDeadline(), this.publications.nextDeadline()])
      if (other && (!first || other.at < first.at)) first = other;
    return first;
  }

  poll(): TranslatorOutput | undefined {
    return this.outputs.take();
  }

  /** At the end of each input nothing may be missing from the books. */
  private checkBooks(): void {
    for (const imbalance of this.im.ledger.takeImbalances())
      this.observe({ what: "imbalance", ...imbalance });
  }

  private onNotKept(kept: Kept): void {
    if (kept.what !== "text") return;
    const legs = this.book.find(kept.pair.xmppUser, kept.pair.sipUser);
    if (!legs) return;
    this.book.touch(legs);
    legs.notKept(kept.id);
  }

  private readonly keep = (kept: Kept): void => {
    this.outputs.put({ kind: "keep", kept });
  };

  /** Pairs whose partner or domain is not federated with any more are parted; the others are judged anew. */
  private adopt(settings: TranslatorSettings, now: Millis): void {
    this.gates.adopt(settings);
    this.book.adopt(settings);
    const partners = settings.partners.map(({ domain }) => domain);
    this.reach.adopt(partners, now);
    this.publications.adopt(settings, now);
    for (const legs of this.book.all()) {
      const partner = this.gates.partner(legs.pair.partner);
      if (partner && this.gates.isAdmitted(legs.pair)) {
        legs.adopt(this.book.contextOf(partner));
        legs.onGate(now);
      } else legs.part(now, partner === undefined);
      this.book.touch(legs);
    }
  }

  /** What a user publishes is for all whom they let watch. */
  private onPublished(user: BareJid, now: Millis): void {
    const isHome = this.gates.isHome(user.slice(user.lastIndexOf("@") + 1));
    if (isHome) this.publications.outward.onDevice(user, now);
    for (const legs of isHome ? this.book.ofXmppUser(user) : this.book.watchersOf(user)) {
      legs.onPublished(now);
      this.book.touch(legs);
    }
  }

  private onRule(input: Extract<TranslatorInput, { kind: "rule" }>, now: Millis): void {
    const { user, peer, action, source } = input;
    if (!this.gates.setRule(input)) return;
    this.keep({ what: "rule", user, peer, value: action && { action, source } });
    for (const legs of this.pairsOf(user, peer)) {
      legs.onGate(now);
      this.book.touch(legs);
    }
  }

  /** Pairs that a rule is about. */
  private pairsOf(user: BareJid, peer: string): PairLegs[] {
    if (peer.includes("@")) {
      const legs = this.book.find(user, peer);
      return legs ? [legs] : [];
    }
    return [...this.book.all()].filter(
      ({ pair }) => pair.xmppUser === user && asInJid(pair.partner) === peer,
    );
  }

  private drain(now: Millis): void {
    this.isDraining = true;
    for (const legs of this.book.all()) {
      legs.drain(now);
      this.book.touch(legs);
    }
  }
}
