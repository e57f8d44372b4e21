import type { Direction, Fates } from "@tombolo/translator";

/** Books from what was observed, for tests: what metrics would say, beside the translator's own ledger. */
export class ObservedBooks {
  private readonly accounts = new Map<string, { -readonly [Fate in keyof Fates]: number }>();

  /** Books one event; returns what is in flight after it. Negative would mean a message with two fates. */
  book(direction: Direction, partner: string, event: keyof Fates): number {
    const key = `${direction} ${partner}`;
    let account = this.accounts.get(key);
    if (!account) {
      account = { accepted: 0, delivered: 0, bounced: 0, expired: 0 };
      this.accounts.set(key, account);
    }
    account[event] += 1;
    return openOf(account);
  }

  /** Messages whose fate is open, over all. */
  get inFlight(): number {
    let sum = 0;
    for (const account of this.accounts.values()) sum += openOf(account);
    return sum;
  }
}

function openOf({ accepted, delivered, bounced, expired }: Fates): number {
  return accepted - delivered - bounced - expired;
}
