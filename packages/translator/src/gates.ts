import { type BareJid, type Jid, jidToSipUri, parseDomain } from "./address/index.ts";
import type { LocalCondition } from "./error/index.ts";
import type { Keep } from "./kept.ts";
import type { Observation } from "./observation.ts";
import type { Pair } from "./pair.ts";
import { type DomainPolicy, isDomainAllowed, preparePolicy } from "./policy/domains.ts";
import { type Rule, RuleBook } from "./policy/rules.ts";
import type { Partner, TranslatorSettings } from "./settings.ts";
import type { TranslatorInput } from "./translator-port.ts";

/** A domain in the form that JIDs have (RFC 7622 3.2), however it is configured. */
export function asInJid(domain: string): string {
  return parseDomain(domain)?.unicode ?? domain.toLowerCase();
}

/** Who may reach whom: partners, XMPP domains, and the rules about single watchers (SUB-03, SUB-04, SUB-11). */
export class Gates {
  private readonly unknownWatcher: TranslatorSettings["unknownWatcher"];
  /** By domain as JIDs have it. */
  private readonly partners: ReadonlyMap<string, Partner>;
  private readonly ourDomains: ReadonlySet<string>;
  private readonly policy: DomainPolicy;
  private readonly book = new RuleBook();
  private readonly observe: (observation: Observation) => void;

  constructor(settings: TranslatorSettings, observe: (observation: Observation) => void) {
    this.unknownWatcher = settings.unknownWatcher;
    this.partners = new Map(settings.partners.map((partner) => [asInJid(partner.domain), partner]));
    this.ourDomains = new Set(settings.xmppDomains.map(asInJid));
    this.policy = preparePolicy(settings.xmppPolicy);
    this.observe = observe;
  }

  partner(domain: string): Partner | undefined {
    return this.partners.get(asInJid(domain));
  }

  /** Whether SIP users may reach an XMPP domain, in the form that JIDs have. */
  isOurs(xmppDomain: string): boolean {
    return isDomainAllowed(xmppDomain, "in", this.ourDomains, this.policy);
  }

  allow(): void {
    this.observe({ what: "decision", gate: "gateway", decision: "allow", reason: "partner" });
  }

  deny(reason: string): void {
    this.observe({ what: "decision", gate: "gateway", decision: "deny", reason });
  }

  /** Why a stanza may not go on to the SIP side; undefined when it may. */
  refusalOf(from: Jid, to: Jid | undefined): LocalCondition | undefined {
    if (!isDomainAllowed(from.domain, "out", this.ourDomains, this.policy)) {
      this.deny("xmpp-domain");
      return "peer-not-allowed";
    }
    if (to?.local === "") return "not-a-chat";
    const isMappable = from.local !== "" && to && jidToSipUri(`${to.local}@${to.domain}`).ok;
    return isMappable ? undefined : "address-unmappable";
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
