/** Finds the addresses of the inside in text, and puts the public one in their place (PX-11). */
import type { EdgeNode, InsideFace } from "../settings.ts";

/** Hosts of the inside as messages may have them: small letters, IPv6 without brackets. */
export function insideHosts(nodes: readonly EdgeNode[], inside: InsideFace | undefined): string[] {
  const hosts = new Set<string>();
  if (inside) hosts.add(inside.host);
  for (const { target, from = [] } of nodes) {
    if (target !== "local") hosts.add(target.host);
    for (const address of from) hosts.add(address);
  }
  return [...hosts].map((host) => host.toLowerCase().replace(/^\[|\]$/g, ""));
}

export class InsideNames {
  private readonly pattern: RegExp | undefined;
  readonly publicHost: string;
  /** What none of them is in without. */
  private readonly literals: readonly string[];
  private readonly haveLetters: boolean;

  /** @param hosts what `insideHosts` gives; the public host among them is no secret and left out. */
  constructor(hosts: readonly string[], publicHost: string) {
    this.publicHost = publicHost;
    const secret = hosts.filter((host) => host !== "" && host !== publicHost);
    // Longest first, so that none stops short of a longer one.
    this.literals = secret;
    this.haveLetters = secret.some((host) => /[a-z]/.test(host));
    const parts = secret.sort((a, b) => b.length - a.length).map(patternOf);
    this.pattern = parts.length === 0 ? undefined : new RegExp(`(?:${parts.join("|")})(?::\\d{1,5})?`, "gi");
  }

  /** A quick look at much text: false where none of them is in any part of it. */
  mayBeIn(text: string): boolean {
    const { literals } = this;
    if (literals.length === 0) return false;
    const small = this.haveLetters ? text.toLowerCase() : text;
    for (const literal of literals) if (small.includes(literal)) return true;
    return false;
  }

  areIn(text: string): boolean {
    const { pattern } = this;
    if (pattern === undefined) return false;
    pattern.lastIndex = 0;
    return pattern.test(text);
  }

  /** With the public host in the place of each, ports left out. */
  hidden(text: string): string {
    return this.areIn(text) ? text.replace(this.pattern!, this.publicHost) : text;
  }
}

function patternOf(host: string): string {
  const literal = host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (host.includes(":")) return `\\[?(?<![0-9a-f:])${literal}(?![0-9a-f:])\\]?`;
  if (/^[0-9.]+$/.test(host)) return `(?<![0-9])${literal}(?![0-9])`;
  // Names below a host's name are inside, too.
  return `(?:[a-z0-9-]+\\.)*${literal}(?![a-z0-9-])`;
}
