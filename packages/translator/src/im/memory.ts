import { Ledger, type PartnerBooks } from "./ledger.ts";
import { RecentTexts } from "./recent.ts";
import { SenderRates } from "./sender-rates.ts";

/** What the conversations of all pairs share. */
export class ConversationMemory {
  /** Texts that came lately. */
  readonly recent = new RecentTexts();
  readonly rates = new SenderRates();
  readonly ledger = new Ledger();
  /** Whether what is accepted can be kept: without that the XMPP users' texts are refused. */
  mayKeep = true;
  /** Partners whose link to the XMPP server is down. */
  private readonly downLinks = new Set<string>();

  /** What is under way for a partner. */
  booksOf(partner: string): PartnerBooks {
    return this.ledger.of(partner);
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
