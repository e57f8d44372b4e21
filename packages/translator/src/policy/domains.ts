import { parseDomain } from "../address/index.ts";

/** Which XMPP domains may reach SIP partners besides our own (configuration `gateway.xmpp.policy`). */
export interface DomainPolicy {
  readonly default: "allow" | "deny";
  readonly exceptions: readonly {
    /** `partner.example`, or `*.partner.example` for it and everything below. */
    readonly domain: string;
    /** What the exception is about: users of the domain begin (`out`), SIP users begin (`in`). Answers go either way. */
    readonly direction: "both" | "in" | "out";
  }[];
}

/**
 * Domains in the form that JIDs have (U-labels, lower-case), however they were written; what is no domain never matches.
 */
export function preparePolicy(policy: DomainPolicy): DomainPolicy {
  const exceptions = policy.exceptions.flatMap(({ domain, direction }) => {
    const isWild = domain.startsWith("*.");
    const parsed = parseDomain(isWild ? domain.slice(2) : domain)?.unicode;
    return parsed === undefined ? [] : [{ domain: isWild ? `*.${parsed}` : parsed, direction }];
  });
  return { default: policy.default, exceptions };
}

/**
 * True when something may be begun in that direction: `out` by users of `domain`, who watch or write to SIP users; `in`
 * by SIP users. Domains are as in JIDs.
 */
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
