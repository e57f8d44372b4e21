import type { Direction } from "@tombolo/translator";
import type { MessageCounts } from "../console/status.ts";

const EMPTY: Account = { accepted: 0, delivered: 0, bounced: 0, expired: 0 };

interface Account {
  accepted: number;
  delivered: number;
  bounced: number;
  expired: number;
}

/**
 * Counts each instant message once when it is accepted and once when its fate is known (design law 1):
 * `accepted = delivered + bounced + expired + in flight`, per direction and partner.
 */
export class Ledger {
  private readonly accounts = new Map<string, Account>();

  /** Books one event; returns what is in flight after it. Negative would mean a message with two fates. */
  book(direction: Direction, partner: string, event: keyof Account): number {
    const key = `${direction} ${partner}`;
    let account = this.accounts.get(key);
    if (!account) {
      account = { accepted: 0, delivered: 0, bounced: 0, expired: 0 };
      this.accounts.set(key, account);
    }
    account[event] += 1;
    return account.accepted - account.delivered - account.bounced - account.expired;
  }

  /** The books of one direction and partner. */
  read(direction: Direction, partner: string): Omit<MessageCounts, "balanced"> {
    const { accepted, delivered, bounced, expired } = this.accounts.get(`${direction} ${partner}`) ?? EMPTY;
    return { accepted, delivered, bounced, expired, inFlight: accepted - delivered - bounced - expired };
  }

  /** Messages whose fate is open, over all. */
  get inFlight(): number {
    let sum = 0;
    for (const { accepted, delivered, bounced, expired } of this.accounts.values()) {
      sum += accepted - delivered - bounced - expired;
    }
    return sum;
  }
}
