import {
  type BareJid,
  bareOf,
  type Jid,
  jidToPartnerUri,
  jidToSipUri,
  parseDomain,
  withScreenName,
} from "./address/index.ts";
import type { LocalCondition } from "./error/index.ts";
import type { Keep } from "./kept.ts";
import type { Observation } from "./observation.ts";
import type { Pair } from "./pair.ts";
import { type DomainPolicy, isDomainAllowed, preparePolicy } from "./policy/domains.ts";
import { parsePeer, type Rule, RuleBook } from "./policy/rules.ts";
import { type Partner, screenNamesOf, type TranslatorSettings } from "./settings.ts";
import type { TranslatorInput } from "./translator-port.ts";

/** A domain in the form that JIDs have (RFC 7622 3.2), however it is configured. */
export function asInJid(domain: string): string {
  return parseDomain(domain)?.unicode ?? domain.toLowerCase();
}

/** Who may reach whom: partners, XMPP domains, and the rules about single watchers (SUB-03, SUB-04, SUB-11). */
export class Gates {
  private unknownWatcher: TranslatorSettings["unknownWatcher"] = "ask";
  /** By domain as JIDs have it. */
  private partners: ReadonlyMap<string, Partner> = new Map();
  private ourDomains: ReadonlySet<string> = new Set();
  private policy: DomainPolicy = { default: "deny", exceptions: [] };
  private readonly book = new RuleBook();
  private readonly observe: (observation: Observation) => void;

  constructor(settings: TranslatorSettings, observe: (observation: Observation) => void) {
    this.observe = observe;
    this.adopt(settings);
  }

  /** Decides by these settings from now on. */
  adopt(settings: TranslatorSettings): void {
    this.unknownWatcher = settings.unknownWatcher;
    this.partners = new Map(settings.partners.map((partner) => [asInJid(partner.domain), partner]));
    this.ourDomains = new Set(settings.xmppDomains.map(asInJid));
    this.policy = preparePolicy(settings.xmppPolicy);
  }

  /** Whether the two may still have to do with each other, in either direction. */
  isAdmitted({ xmppUser, partner }: Pair): boolean {
    const domain = xmppUser.slice(xmppUser.lastIndexOf("@") + 1);
    return this.partner(partner)?.domain === partner && (this.isOurs(domain) || this.mayBegin(domain));
  }

  partner(domain: string): Partner | undefined {
    return this.partners.get(asInJid(domain));
  }

  /** Whether a domain, in the form that JIDs have, is one of ours. */
  isHome(domain: string): boolean {
    return this.ourDomains.has(domain);
  }

  /** Whether users of an XMPP domain, in the form that JIDs have, may begin something with SIP users. */
  mayBegin(xmppDomain: string): boolean {
    return isDomainAllowed(xmppDomain, "out", this.ourDomains, this.policy);
  }

  /** Whether SIP users may begin something with users of an XMPP domain, in the form that JIDs have. */
  isOurs(xmppDomain: string): boolean {
    return isDomainAllowed(xmppDomain, "in", this.ourDomains, this.policy);
  }

  /** A user or a domain as a person writes it, in the form of `Rule`; undefined when it is neither. */
  peer(text: string): string | undefined {
    const peer = parsePeer(text);
    const partner = peer?.includes("@") ? this.partner(peer.slice(peer.lastIndexOf("@") + 1)) : undefined;
    return peer && partner ? withScreenName(peer, screenNamesOf(partner)) : peer;
  }

  allow(): void {
    this.observe({ what: "decision", gate: "gateway", decision: "allow", reason: "partner" });
  }

  deny(reason: string): void {
    this.observe({ what: "decision", gate: "gateway", decision: "deny", reason });
  }

  /**
   * Why a stanza may not go on to the SIP side; undefined when it may.
   * @param isAnswer it belongs to what a SIP user has begun.
   */
  refusalOf(from: Jid, to: Jid | undefined, isAnswer = false): LocalCondition | undefined {
    if (!this.mayBegin(from.domain) && !(isAnswer && this.isOurs(from.domain))) {
      this.deny("xmpp-domain");
      return "peer-not-allowed";
    }
    if (to?.local === "") return "not-a-chat";
    if (to === undefined || from.local === "" || !jidToSipUri(bareOf(from)).ok) return "address-unmappable";
    const partner = this.partner(to.domain);
    const mapped = jidToPartnerUri(bareOf(to), partner ? screenNamesOf(partner) : "plain");
    if (mapped.ok) return undefined;
    if (mapped.why !== "screen-name") return "address-unmappable";
    this.deny("screen-name");
    return "screen-name-refused";
  }

  /** By a rule, or for want of one. */
  isDenied(xmppUser: BareJid, sipUser: BareJid): boolean {
    const rule = this.book.find(xmppUser, sipUser);
    return rule ? rule.action === "block" : this.unknownWatcher === "deny";
  }

  ruleFor(xmppUser: BareJid, sipUser: BareJid): Rule | undefined {
    return this.book.find(xmppUser, sipUser);
  }

  observeWatcher({ xmppUser, sipUser }: Pair): void {
    const rule = this.book.find(xmppUser, sipUser);
    const decision = this.isDenied(xmppUser, sipUser) ? "deny" : "allow";
    const reason = !rule ? "unknown-watcher" : rule.peer.includes("@") ? "user-rule" : "domain-rule";
    this.observe({ what: "decision", gate: "user", decision, reason });
  }

  rules(): IterableIterator<Rule> {
    return this.book.all();
  }

  /** Sets a rule or takes it back; false when nothing changed. */
  setRule({ user, peer, action, source }: Extract<TranslatorInput, { kind: "rule" }>): boolean {
    return action ? this.book.set({ user, peer, action, source }) : this.book.remove(user, peer);
  }

  restoreRule(rule: Rule): void {
    this.book.set(rule);
  }

  keepAll(keep: Keep): void {
    for (const { user, peer, action, source } of this.book.all())
      keep({ what: "rule", user, peer, value: { action, source } });
  }
}
