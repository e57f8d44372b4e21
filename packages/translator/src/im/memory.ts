import { PartnerLoad } from "./load.ts";
import { RecentTexts } from "./recent.ts";
import { SenderRates } from "./sender-rates.ts";

/** What the conversations of all pairs share. */
export class ConversationMemory {
  /** Texts that came lately. */
  readonly recent = new RecentTexts();
  readonly rates = new SenderRates();
  private readonly loads = new Map<string, PartnerLoad>();
  /** Partners whose link to the XMPP server is down. */
  private readonly downLinks = new Set<string>();

  /** What is under way for a partner; one for each that is configured. */
  loadOf(partner: string): PartnerLoad {
    const known = this.loads.get(partner);
    if (known) return known;
    const load = new PartnerLoad();
    this.loads.set(partner, load);
    return load;
  }

  linkDown(partner: string): void {
    this.downLinks.add(partner);
  }

  linkUp(partner: string): void {
    this.downLinks.delete(partner);
  }

  isLinkUp(partner: string): boolean {
    return !this.downLinks.has(partner);
  }
}
