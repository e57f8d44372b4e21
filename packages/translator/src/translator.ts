import {
  type Deadline,
  type EngineCommand,
  type EngineEvent,
  type HeaderFields,
  type Machine,
  type Millis,
  parseSipUri,
  type VerifiedPeer,
} from "@tombolo/sip";
import type { Element } from "ltx";
import { type BareJid, type Jid, jidToSipUri, parseDomain, parseJid, sipUriToJid } from "./address/index.ts";
import { DeadlineQueue } from "./deadline-queue.ts";
import { type LocalCondition, localSipStatus, localStanzaError, type StanzaError } from "./error/index.ts";
import { ConversationMemory } from "./im/memory.ts";
import type { Kept } from "./kept.ts";
import { LinkOutages } from "./link-outages.ts";
import type { Observation } from "./observation.ts";
import { PacedWork } from "./paced-work.ts";
import { type Pair, pairKey } from "./pair.ts";
import { PairLegs } from "./pair-legs.ts";
import { type DomainPolicy, isDomainAllowed, preparePolicy } from "./policy/domains.ts";
import { type Rule, type RuleAction, RuleBook } from "./policy/rules.ts";
import { isPresenceEvent } from "./presence/subscribe-wire.ts";
import type { Partner, TranslatorSettings } from "./settings.ts";
import { type IncomingRequest, SipSide } from "./sip-side.ts";
import { errorStanza } from "./stanza.ts";
import { XmppSide } from "./xmpp-side.ts";

export type TranslatorInput =
  | { readonly kind: "sip"; readonly event: EngineEvent }
  /** A stanza that came over a partner's component link. */
  | { readonly kind: "stanza"; readonly partner: string; readonly stanza: Element }
  | { readonly kind: "taken"; readonly track: string }
  | { readonly kind: "lost"; readonly track: string; readonly why: string }
  | { readonly kind: "link-up"; readonly partner: string }
  /** INVITEs are refused until it is up, and watchers see an offline user after a while. */
  | { readonly kind: "link-down"; readonly partner: string }
  /** The partner can be reached again after it could not, or its connections were lost: it may have been restarted. */
  | { readonly kind: "partner-back"; readonly partner: string }
  /** What a user or an administrator decides about a peer (both in the form of `Rule`); undefined takes it back. */
  | {
      readonly kind: "rule";
      readonly user: string;
      readonly peer: string;
      readonly action: RuleAction | undefined;
      readonly source: string;
    }
  /** Something kept by an earlier run, in the order that `Kept` says. The engine has its dialogs already. */
  | { readonly kind: "restore"; readonly kept: Kept }
  /** All is restored. */
  | { readonly kind: "recover" }
  /** Some of what was to be kept was not: all of it is handed out once more. */
  | { readonly kind: "keep-all" }
  /** The program goes down: sessions are closed politely, new ones refused; subscriptions are left alone. */
  | { readonly kind: "drain" };

export type TranslatorOutput =
  | { readonly kind: "sip"; readonly command: EngineCommand }
  /** `track` asks for a `taken` or `lost` about this stanza. */
  | {
      readonly kind: "stanza";
      readonly partner: string;
      readonly stanza: Element;
      readonly track?: string | undefined;
    }
  /** Has to outlive the process. */
  | { readonly kind: "keep"; readonly kept: Kept }
  | { readonly kind: "observe"; readonly observation: Observation };

/** Pairs of users in memory at once. Over it new ones are refused with a retry time. */
export const MAX_PAIRS = 500_000;

/** SIP meaning to XMPP meaning and back: finds the pair that something belongs to, behind the domain gates. */
export class Translator implements Machine<TranslatorInput, TranslatorOutput> {
  private readonly settings: TranslatorSettings;
  /** By domain as JIDs have it. */
  private readonly partners: ReadonlyMap<string, Partner>;
  private readonly ourDomains: ReadonlySet<string>;
  private readonly policy: DomainPolicy;
  private readonly outputs: TranslatorOutput[] = [];
  private taken = 0;
  private readonly sip: SipSide;
  private readonly xmpp: XmppSide;
  private readonly pairs = new Map<string, PairLegs>();
  private readonly deadlines = new DeadlineQueue<PairLegs>();
  /** The pair that each machine belongs to. */
  private readonly owners = new WeakMap<object, PairLegs>();
  /** Pairs that the current input reached. */
  private readonly touched = new Set<PairLegs>();
  private isDraining = false;
  private readonly im = new ConversationMemory();
  private readonly rules = new RuleBook();
  private readonly outages: LinkOutages;
  private readonly paced = new PacedWork<PairLegs>();
  private readonly keep = (kept: Kept): void => {
    this.outputs.push({ kind: "keep", kept });
  };

  constructor(settings: TranslatorSettings) {
    this.settings = settings;
    this.partners = new Map(settings.partners.map((partner) => [asInJid(partner.domain), partner]));
    this.ourDomains = new Set(settings.xmppDomains.map(asInJid));
    this.policy = preparePolicy(settings.xmppPolicy);
    this.outages = new LinkOutages(
      settings.partners.map(({ domain }) => domain),
      settings.xmppWatcher.grace,
    );
    const touchOwner = (owner: object) => this.touch(this.owners.get(owner));
    this.sip = new SipSide((command) => this.outputs.push({ kind: "sip", command }), touchOwner);
    this.xmpp = new XmppSide(
      (partner, stanza, track) => this.outputs.push({ kind: "stanza", partner, stanza, track }),
      touchOwner,
    );
  }

  /** Pairs that have something under way. */
  get size(): number {
    return this.pairs.size;
  }

  /** Sessions, watches and stanzas in flight over all pairs: zero when all is quiet. */
  get underWay(): number {
    return this.sip.size + this.xmpp.open;
  }

  /** The pair of two users, bare JIDs; undefined when they have nothing under way. */
  find(xmppUser: BareJid, sipUser: BareJid): PairLegs | undefined {
    return this.pairs.get(pairKey(xmppUser, sipUser));
  }

  /** How the gates decide about a SIP user who watches an XMPP user, and by which rule. */
  gate(xmppUser: BareJid, sipUser: BareJid): { readonly isDenied: boolean; readonly rule: Rule | undefined } {
    return { isDenied: this.isDenied(xmppUser, sipUser), rule: this.rules.find(xmppUser, sipUser) };
  }

  *legs(): IterableIterator<PairLegs> {
    yield* this.pairs.values();
  }

  handle(input: TranslatorInput, now: Millis): void {
    switch (input.kind) {
      case "sip":
        this.onSip(input.event, now);
        break;
      case "stanza":
        this.onStanza(input.partner, input.stanza, now);
        break;
      case "taken":
        this.xmpp.taken(input.track, now);
        break;
      case "lost":
        this.xmpp.lost(input.track, input.why, now);
        break;
      case "link-down":
        this.im.linkDown(input.partner);
        this.outages.down(input.partner, now);
        break;
      case "link-up":
        this.im.linkUp(input.partner);
        this.onLinkUp(input.partner, now);
        break;
      case "partner-back":
        this.pace("back", input.partner, (legs) => legs.onPartnerBack(now), now);
        break;
      case "rule":
        this.onRule(input, now);
        break;
      case "restore":
        this.restore(input.kept, now);
        return;
      case "recover":
        this.recover(now);
        break;
      case "keep-all":
        this.keepAll();
        break;
      case "drain":
        this.isDraining = true;
        for (const legs of this.pairs.values()) {
          legs.drain(now);
          this.touch(legs);
        }
        break;
    }
    this.settleTouched(now);
  }

  timeout(now: Millis): void {
    for (let partner = this.outages.takeDue(now); partner !== undefined; partner = this.outages.takeDue(now))
      this.onOutage(partner, now);
    this.paced.timeout(now);
    for (let legs = this.deadlines.takeDue(now); legs; legs = this.deadlines.takeDue(now)) {
      legs.timeout(now);
      this.touch(legs);
    }
    this.settleTouched(now);
  }

  nextDeadline(): Deadline | undefined {
    let first = this.deadlines.next();
    for (const other of [this.outages.nextDeadline(), this.paced.nextDeadline()])
      if (other && (!first || other.at < first.at)) first = other;
    return first;
  }

  poll(): TranslatorOutput | undefined {
    if (this.taken < this.outputs.length) return this.outputs[this.taken++];
    this.outputs.length = 0;
    this.taken = 0;
    return undefined;
  }

  // ---- from SIP

  private onSip(event: EngineEvent, now: Millis): void {
    if (this.sip.dispatch(event, now)) return;
    if (event.kind === "request") this.onInitialRequest(event, now);
  }

  /** A request outside dialogs: gates in order, then its method (SUB-03, contract of bad input). */
  private onInitialRequest(event: IncomingRequest, now: Millis): void {
    const { message } = event;
    if (!["INVITE", "MESSAGE", "SUBSCRIBE"].includes(message.method)) {
      const isStray = IN_DIALOG_ONLY.has(message.method);
      this.sip.answer(event.request, isStray ? 481 : 405, isStray ? {} : { headers: ALLOW });
      return;
    }
    if (this.isDraining) {
      this.sip.answer(event.request, 480, { headers: [["Retry-After", "30"]] });
      return;
    }
    const legs = this.legsForRequest(event);
    if (!legs) return;
    switch (message.method) {
      case "INVITE":
        if (!this.im.isLinkUp(legs.pair.partner)) this.refuseInvite(event);
        else legs.conversation.onInvite(event, now);
        break;
      case "MESSAGE":
        legs.conversation.onPageMessage(event, now);
        break;
      case "SUBSCRIBE":
        this.onSubscribe(legs, event, now);
        break;
    }
  }

  /** A session that could carry nothing is not begun: the caller hears it before they type (C-07). */
  private refuseInvite(event: IncomingRequest): void {
    const { status } = localSipStatus("xmpp-link-down", "INVITE")!;
    this.sip.answer(event.request, status, { headers: [["Retry-After", "10"]] });
  }

  private onSubscribe(legs: PairLegs, event: IncomingRequest, now: Millis): void {
    const { message } = event;
    this.observeGate(legs);
    if (!isPresenceEvent(message.get("Event") ?? "")) {
      this.sip.answer(event.request, 489, { headers: [["Allow-Events", "presence"]] });
      return;
    }
    if (!acceptsPidf(message.list("Accept"))) {
      this.sip.answer(event.request, 406, { headers: [["Accept", "application/pidf+xml"]] });
      return;
    }
    legs.sipWatcher.onSubscribe(event, now);
  }

  /** Finds or makes the pair of an initial request; answers it and returns undefined when a gate says no. */
  private legsForRequest(event: IncomingRequest): PairLegs | undefined {
    const { message, verified } = event;
    const fromUri = message.from?.uri ?? "";
    const sipUser = sipUriToJid(fromUri);
    const xmppUser = sipUriToJid(message.uri);
    const bad = !sipUser.ok ? sipUser : !xmppUser.ok ? xmppUser : undefined;
    if (bad) {
      this.deny(event, bad.status, "address", bad.warning);
      return undefined;
    }
    if (!sipUser.ok || !xmppUser.ok) return undefined;
    const partner = this.partnerOf(verified, parseJid(sipUser.jid)!.domain);
    if (!partner) {
      this.deny(event, 403, "partner");
      return undefined;
    }
    const domain = parseJid(xmppUser.jid)!.domain;
    if (!isDomainAllowed(domain, "in", this.ourDomains, this.policy)) {
      this.deny(event, 404, "domain");
      return undefined;
    }
    const legs = this.findOrMake(xmppUser.jid, sipUser.local, partner);
    if (!legs) {
      this.sip.answer(event.request, 480, { headers: [["Retry-After", "60"]] });
      return undefined;
    }
    // Their own spelling is kept for what we send: case and escapes may matter to them (RFC 3261 19.1.4).
    legs.pair.sipUri = addressOf(fromUri) ?? legs.pair.sipUri;
    this.touch(legs);
    this.allow();
    return legs;
  }

  /** The edge has proved whom the certificate speaks for; the From domain must be exactly that (design law 3). */
  private partnerOf(verified: VerifiedPeer, fromDomain: string): Partner | undefined {
    const partner = this.partners.get(fromDomain);
    return partner?.domain === verified.partner ? partner : undefined;
  }

  private deny(event: IncomingRequest, status: number, reason: string, warning?: 380): void {
    this.observe({ what: "decision", gate: "gateway", decision: "deny", reason });
    const headers: HeaderFields = warning ? [["Warning", `${warning} tombolo "SIPS Not Allowed"`]] : [];
    this.sip.answer(event.request, status, { headers });
  }

  private allow(): void {
    this.observe({ what: "decision", gate: "gateway", decision: "allow", reason: "partner" });
  }

  // ---- from XMPP

  private onStanza(partnerDomain: string, stanza: Element, now: Millis): void {
    const name = stanza.getName();
    if (name !== "message" && name !== "presence") return;
    if (name === "message" && stanza.attrs.type === "error") {
      // LP-03: an error is never answered and never becomes a request.
      this.xmpp.returned(stanza, now);
      return;
    }
    const legs = this.legsForStanza(partnerDomain, stanza);
    if (!legs) return;
    this.touch(legs);
    if (name === "message") this.onMessage(legs, stanza, now);
    else this.onPresence(legs, stanza, now);
  }

  private onMessage(legs: PairLegs, stanza: Element, now: Millis): void {
    const { type } = stanza.attrs;
    if (type === "headline") return;
    if (type === "groupchat") {
      this.refuse(legs.pair.partner, stanza, localStanzaError("not-a-chat"));
      return;
    }
    // Those that begin after the drain are as closed as the others.
    if (this.isDraining) legs.conversation.close(now);
    legs.conversation.onMessage(stanza, now);
  }

  private onPresence(legs: PairLegs, stanza: Element, now: Millis): void {
    const isJoin = stanza.attrs.type === undefined && stanza.getChild("x", MUC) !== undefined;
    if (isJoin) this.refuse(legs.pair.partner, stanza, localStanzaError("not-a-chat"));
    else if (!legs.onPresence(stanza, now)) this.refuse(legs.pair.partner, stanza, UNKNOWN_TYPE);
  }

  /** The pair of a stanza, behind the gates of the XMPP side; answers with an error where one is due. */
  private legsForStanza(partnerDomain: string, stanza: Element): PairLegs | undefined {
    const from = parseJid(stanza.attrs.from ?? "");
    const to = parseJid(stanza.attrs.to ?? "");
    const partner = this.partners.get(asInJid(partnerDomain));
    if (!partner || !from || (to && to.domain !== asInJid(partnerDomain))) return undefined;
    const refusal = this.refusalOf(from, to);
    const legs =
      refusal || !to ? undefined : this.findOrMake(`${from.local}@${from.domain}`, to.local, partner);
    const isAwaited = stanza.getName() === "message" || stanza.attrs.type === "subscribe";
    if (!legs && isAwaited) this.refuse(partner.domain, stanza, localStanzaError(refusal ?? "queue-full"));
    return legs;
  }

  private refusalOf(from: Jid, to: Jid | undefined): LocalCondition | undefined {
    if (!isDomainAllowed(from.domain, "out", this.ourDomains, this.policy)) {
      this.observe({ what: "decision", gate: "gateway", decision: "deny", reason: "xmpp-domain" });
      return "peer-not-allowed";
    }
    if (to?.local === "") return "not-a-chat";
    const isMappable = from.local !== "" && to && jidToSipUri(`${to.local}@${to.domain}`).ok;
    return isMappable ? undefined : "address-unmappable";
  }

  private refuse(partner: string, stanza: Element, error: StanzaError | undefined): void {
    const { from, to, id } = stanza.attrs;
    const name = stanza.getName() === "message" ? "message" : "presence";
    if (error) this.xmpp.send(partner, errorStanza(name, { from: from!, to: to!, id }, error));
  }

  // ---- rules (SUB-04, SUB-11)

  /** The rules there are. */
  *allRules(): IterableIterator<Rule> {
    yield* this.rules.all();
  }

  private onRule(input: Extract<TranslatorInput, { kind: "rule" }>, now: Millis): void {
    const { user, peer, action, source } = input;
    const value = action && { action, source };
    const isDone = value ? this.rules.set({ user, peer, ...value }) : this.rules.remove(user, peer);
    if (!isDone) return;
    this.keep({ what: "rule", user, peer, value });
    for (const legs of this.pairsOf(user, peer)) {
      legs.onGate(now);
      this.touch(legs);
    }
  }

  /** Pairs that a rule is about. */
  private pairsOf(user: string, peer: string): PairLegs[] {
    if (peer.includes("@")) {
      const legs = this.pairs.get(pairKey(user, peer));
      return legs ? [legs] : [];
    }
    return [...this.pairs.values()].filter(
      ({ pair }) => pair.xmppUser === user && asInJid(pair.partner) === peer,
    );
  }

  private isDenied(xmppUser: string, sipUser: string): boolean {
    const rule = this.rules.find(xmppUser, sipUser);
    return rule ? rule.action === "block" : this.settings.unknownWatcher === "deny";
  }

  private observeGate({ pair }: PairLegs): void {
    const rule = this.rules.find(pair.xmppUser, pair.sipUser);
    const decision = this.isDenied(pair.xmppUser, pair.sipUser) ? "deny" : "allow";
    const reason = !rule ? "unknown-watcher" : rule.peer.includes("@") ? "user-rule" : "domain-rule";
    this.observe({ what: "decision", gate: "user", decision, reason });
  }

  // ---- links, partners, restarts

  private onLinkUp(partner: string, now: Millis): void {
    const downSince = this.outages.up(partner);
    this.paced.cancel(`outage ${partner}`);
    this.pace("link-up", partner, (legs, at) => legs.onLinkUp(downSince, at), now);
  }

  private onOutage(partner: string, now: Millis): void {
    this.observe({ what: "note", event: "xmpp-outage", partner, detail: "watchers see offline users" });
    this.pace("outage", partner, (legs, at) => legs.onOutage(at), now);
  }

  /** Does something with every pair of a partner, a portion at a time. */
  private pace(name: string, partner: string, work: (legs: PairLegs, at: Millis) => void, now: Millis): void {
    const own = [...this.pairs.values()].filter(({ pair }) => pair.partner === partner);
    this.paced.start(`${name} ${partner}`, own, (legs, at) => this.workOn(legs, work, at), now);
  }

  private workOn(legs: PairLegs, work: (legs: PairLegs, at: Millis) => void, now: Millis): void {
    if (this.pairs.get(legs.pair.key) !== legs) return;
    work(legs, now);
    this.touch(legs);
  }

  private restore(kept: Kept, now: Millis): void {
    if (kept.what === "rule") {
      if (kept.value) this.rules.set({ user: kept.user, peer: kept.peer, ...kept.value });
      return;
    }
    const { pair } = kept;
    const partner = this.partners.get(asInJid(pair.partner));
    const isOver = kept.what === "dialog" && kept.value !== undefined && kept.value.expiresAt <= now;
    const legs =
      partner && !isOver ? this.findOrMake(pair.xmppUser, localOf(pair.sipUser), partner) : undefined;
    if (legs) {
      legs.pair.sipUri = pair.sipUri;
      legs.restore(kept);
      return;
    }
    if (kept.what === "dialog") this.sip.disown(kept.dialog);
    this.keep({ ...kept, value: undefined });
  }

  private keepAll(): void {
    for (const { user, peer, action, source } of this.rules.all())
      this.keep({ what: "rule", user, peer, value: { action, source } });
    for (const legs of this.pairs.values()) {
      legs.keepAnew();
      this.touch(legs);
    }
  }

  private forgetKept(pair: Pair): void {
    for (const watcher of ["xmpp", "sip"] as const) {
      this.keep({ what: "authorization", pair, watcher, value: undefined });
      this.keep({ what: "presence", pair, watcher, value: undefined });
    }
  }

  private recover(now: Millis): void {
    for (const legs of this.pairs.values()) {
      // Of a pair whose dialogs have lapsed nothing is left.
      if (legs.isIdle) {
        this.forgetKept(legs.pair);
        this.pairs.delete(legs.pair.key);
        continue;
      }
      legs.markRestored(now);
      this.deadlines.update(legs);
    }
    this.outages.begin(now);
    this.paced.start(
      "recover",
      [...this.pairs.values()],
      (legs, at) => this.workOn(legs, recoverPair, at),
      now,
    );
  }

  // ---- pairs

  /** @param sipLocal localpart that stands for the SIP user. */
  private findOrMake(xmppUser: BareJid, sipLocal: string, partner: Partner): PairLegs | undefined {
    // In our stanzas the component's domain stands as the server knows it: as configured.
    const sipUser = `${sipLocal}@${partner.domain.toLowerCase()}`;
    const key = pairKey(xmppUser, sipUser);
    const known = this.pairs.get(key);
    if (known) return known;
    const sipUri = jidToSipUri(sipUser);
    const xmppUri = jidToSipUri(xmppUser);
    if (this.pairs.size >= (this.settings.maxPairs ?? MAX_PAIRS) || !sipUri.ok || !xmppUri.ok)
      return undefined;
    const pair = {
      key,
      xmppUser,
      sipUser,
      partner: partner.domain,
      xmppUri: xmppUri.uri,
      sipUri: sipUri.uri,
    };
    const legs = new PairLegs({
      pair,
      partner,
      settings: this.settings,
      sip: this.sip,
      xmpp: this.xmpp,
      observe: (observation) => this.observe(observation),
      im: this.im,
      isDenied: () => this.isDenied(xmppUser, sipUser),
      onOwner: (owner, own) => this.owners.set(owner, own),
    });
    this.pairs.set(key, legs);
    return legs;
  }

  private touch(legs: PairLegs | undefined): void {
    if (legs) this.touched.add(legs);
  }

  /** After each input: deadlines of the pairs it reached are read anew, and pairs with nothing left are forgotten. */
  private settleTouched(now: Millis): void {
    for (const legs of this.touched) {
      // A late answer may reach a pair that was forgotten and has been made anew since.
      if (this.pairs.get(legs.pair.key) !== legs) continue;
      legs.keep(this.keep, now);
      if (legs.isIdle) {
        this.deadlines.remove(legs);
        this.pairs.delete(legs.pair.key);
      } else {
        this.deadlines.update(legs);
      }
    }
    this.touched.clear();
  }

  private observe(observation: Observation): void {
    this.outputs.push({ kind: "observe", observation });
  }
}

function recoverPair(legs: PairLegs, now: Millis): void {
  legs.recover(now);
}

function localOf(jid: string): string {
  return jid.slice(0, jid.lastIndexOf("@"));
}

const ALLOW = [
  ["Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, SUBSCRIBE, NOTIFY, UPDATE"],
] as const;

/** Make no sense outside a dialog (RFC 3261 15.1.2, RFC 6665 4.1.3). */
const IN_DIALOG_ONLY: ReadonlySet<string> = new Set(["BYE", "INFO", "NOTIFY", "BENOTIFY", "UPDATE"]);

const MUC = "http://jabber.org/protocol/muc";

/** RFC 6121 4.7.1: a presence type that nobody knows. */
const UNKNOWN_TYPE: StanzaError = {
  type: "modify",
  condition: "bad-request",
  text: "There is no such type of presence.",
};

/** A domain in the form that JIDs have (RFC 7622 3.2), however it is configured. */
function asInJid(domain: string): string {
  return parseDomain(domain)?.unicode ?? domain.toLowerCase();
}

/** RFC 3856 6.5: no Accept means PIDF. */
function acceptsPidf(accept: readonly string[]): boolean {
  if (accept.length === 0) return true;
  return accept.some((entry) => {
    const type = entry.split(";")[0]!.trim().toLowerCase();
    return type === "application/pidf+xml" || type === "application/*" || type === "*/*";
  });
}

/** sip:user@host of a URI as its owner writes it, without port and parameters. */
function addressOf(uri: string): string | undefined {
  const parsed = parseSipUri(uri);
  return parsed?.user === undefined ? undefined : `sip:${parsed.user}@${parsed.host}`;
}
