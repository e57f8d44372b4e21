/** Which XMPP domains may reach SIP partners besides our own (configuration `gateway.xmpp.policy`). */
export interface DomainPolicy {
  readonly default: "allow" | "deny";
  readonly exceptions: readonly {
    /** `partner.example`, or `*.partner.example` for it and everything below. */
    readonly domain: string;
    /** Which way the exception counts, seen from the XMPP domain: `out` to SIP, `in` from SIP. */
    readonly direction: "both" | "in" | "out";
  }[];
}

/** True when users of `domain` may exchange stanzas with SIP partners in that direction. Domains are lower-case. */
export function isDomainAllowed(
  domain: string,
  direction: "in" | "out",
  ourDomains: ReadonlySet<string>,
  policy: DomainPolicy,
): boolean {
  if (ourDomains.has(domain)) return true;
  const isException = policy.exceptions.some(
    (exception) =>
      (exception.direction === "both" || exception.direction === direction) &&
      covers(exception.domain, domain),
  );
  return isException ? policy.default === "deny" : policy.default === "allow";
}

function covers(pattern: string, domain: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === domain;
  const parent = pattern.slice(2);
  return domain === parent || domain.endsWith(`.${parent}`);
}
