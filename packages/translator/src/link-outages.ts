import type { Deadline, Millis } from "@tombolo/sip";

interface Outage {
  /** When nothing is known any more; undefined once that has been said. */
  dueAt: Millis | undefined;
}

/** Which component links are down, and when that is for too long. Few: one per partner. */
export class LinkOutages {
  private readonly grace: Millis;
  private partners: readonly string[];
  private readonly outages = new Map<string, Outage>();
  private readonly isUp = new Set<string>();

  constructor(partners: readonly string[], grace: Millis) {
    this.partners = partners;
    this.grace = grace;
  }

  /** Partners have come or gone: those that are new are down from now, those that have gone are forgotten. */
  adopt(partners: readonly string[], now: Millis): void {
    for (const gone of this.partners.filter((partner) => !partners.includes(partner))) {
      this.outages.delete(gone);
      this.isUp.delete(gone);
    }
    this.partners = partners;
    this.begin(now);
  }

  /** After a start: what is not up yet is down from now. */
  begin(now: Millis): void {
    for (const partner of this.partners) if (!this.isUp.has(partner)) this.down(partner, now);
  }

  down(partner: string, now: Millis): void {
    this.isUp.delete(partner);
    if (!this.outages.has(partner)) this.outages.set(partner, { dueAt: now + this.grace });
  }

  up(partner: string): void {
    this.outages.delete(partner);
    this.isUp.add(partner);
  }

  /** A partner whose link has been down for too long, once. */
  takeDue(now: Millis): string | undefined {
    for (const [partner, outage] of this.outages) {
      if (outage.dueAt === undefined || outage.dueAt > now) continue;
      outage.dueAt = undefined;
      return partner;
    }
    return undefined;
  }

  nextDeadline(): Deadline | undefined {
    let at: Millis | undefined;
    for (const { dueAt } of this.outages.values())
      if (dueAt !== undefined && (at === undefined || dueAt < at)) at = dueAt;
    return at === undefined ? undefined : { at, reason: "the XMPP link is down for too long" };
  }
}
