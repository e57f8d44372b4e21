import type { EdgePartner } from "../settings.ts";
import type { Locate } from "./locate.ts";

/** How long a start waits for DNS to say what partners' servers are called, ms. */
export const LEARN_MS = 3_000;
/** How often DNS is asked again, ms. */
export const LEARN_EVERY_MS = 300_000;

/**
 * The partners, with the names that DNS has told: where the configuration names no certificate names, the targets of a
 * partner's service records are among them. What was learned stays until DNS says something else.
 */
export class PartnerBook {
  private listed: readonly EdgePartner[];
  private known: readonly EdgePartner[];
  private readonly learned = new Map<string, readonly string[]>();
  private readonly ask: Locate;

  constructor(partners: readonly EdgePartner[], locate: Locate) {
    this.listed = partners;
    this.known = partners;
    this.ask = locate;
  }

  /** With all their names. */
  get partners(): readonly EdgePartner[] {
    return this.known;
  }

  find(domain: string): EdgePartner | undefined {
    return this.known.find((partner) => partner.domain === domain);
  }

  setPartners(partners: readonly EdgePartner[]): void {
    this.listed = partners;
    for (const domain of this.learned.keys())
      if (!partners.some((partner) => partner.domain === domain)) this.learned.delete(domain);
    this.join();
    void this.learn();
  }

  /** Looks a partner up, and remembers the names. */
  readonly locate: Locate = async (partner) => {
    const location = await this.ask(partner);
    if (partner.namesFromDns && !partner.route && location.names) {
      this.learned.set(partner.domain, location.names);
      this.join();
    }
    return location;
  };

  /** Asks for all partners whose names come from DNS; settles when all have answered, or after `LEARN_MS`. */
  async learn(): Promise<void> {
    const unknown = this.listed.filter(({ namesFromDns, route }) => namesFromDns && !route);
    if (unknown.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LEARN_MS);
    });
    await Promise.race([Promise.allSettled(unknown.map((partner) => this.locate(partner))), late]);
    clearTimeout(timer);
  }

  private join(): void {
    this.known = this.listed.map((partner) => {
      const more = partner.namesFromDns && !partner.route ? this.learned.get(partner.domain) : undefined;
      return more ? { ...partner, names: [...new Set([...partner.names, ...more])] } : partner;
    });
  }
}
