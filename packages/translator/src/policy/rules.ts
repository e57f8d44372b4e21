import { parseDomain, parseJid, sipUriToJid } from "../address/index.ts";

export type RuleAction = "allow" | "block";

/** What a user, or an administrator for them, has decided about one SIP user or a whole domain (SUB-04, SUB-11). */
export interface Rule {
  /** Bare JID of the XMPP user. */
  readonly user: string;
  /** Bare JID of the SIP user, or the domain. */
  readonly peer: string;
  readonly action: RuleAction;
  /** Who set it, for a person. */
  readonly source: string;
}

/** Rules at most, over all users; further ones are refused. */
export const MAX_RULES = 100_000;

/** The rules, found by user and peer. A rule for a person goes before one for their domain. */
export class RuleBook {
  /** By user, then by peer. */
  private readonly users = new Map<string, Map<string, Rule>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** @returns false when there are `MAX_RULES` and this one is new. */
  set(rule: Rule): boolean {
    const own = this.users.get(rule.user) ?? new Map<string, Rule>();
    if (!own.has(rule.peer)) {
      if (this.count >= MAX_RULES) return false;
      this.count += 1;
    }
    own.set(rule.peer, rule);
    this.users.set(rule.user, own);
    return true;
  }

  /** @returns false when there was none. */
  remove(user: string, peer: string): boolean {
    const own = this.users.get(user);
    if (!own?.delete(peer)) return false;
    this.count -= 1;
    if (own.size === 0) this.users.delete(user);
    return true;
  }

  /** The rule that decides about `peer`, a bare JID, watching `user`. */
  find(user: string, peer: string): Rule | undefined {
    const own = this.users.get(user);
    return own && (own.get(peer) ?? own.get(peer.slice(peer.lastIndexOf("@") + 1)));
  }

  *all(): IterableIterator<Rule> {
    for (const own of this.users.values()) yield* own.values();
  }
}

/**
 * A peer as rules have it, however a person writes it: `sip:Bob@contoso.example`, `bob@contoso.example`, `Contoso.example`.
 * Undefined when it is neither a user nor a domain.
 */
export function parsePeer(text: string): string | undefined {
  const trimmed = text.trim();
  if (/^sips?:/i.test(trimmed)) {
    const mapped = sipUriToJid(trimmed);
    return mapped.ok ? mapped.jid : undefined;
  }
  if (!trimmed.includes("@")) return parseDomain(trimmed)?.unicode;
  const jid = parseJid(trimmed);
  return jid && jid.local !== "" && !jid.resource ? `${jid.local}@${jid.domain}` : undefined;
}
