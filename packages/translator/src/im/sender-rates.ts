import type { Millis } from "@tombolo/sip";

/** XMPP users whose pace is known at a time. Of more the one not heard of for longest is forgotten. */
export const MAX_RATED_SENDERS = 100_000;

const MINUTE: Millis = 60_000;

/** How fast each XMPP user writes, over all their conversations: so many texts a minute, as many at once (XX-02). */
export class SenderRates {
  /** By bare JID; insertion order is the last text. */
  private readonly senders = new Map<string, { readonly left: number; readonly at: Millis }>();

  get size(): number {
    return this.senders.size;
  }

  /** Takes one text off what a user may send now; false when nothing is left. @param perMinute 0: no limit. */
  take(user: string, perMinute: number, now: Millis): boolean {
    if (perMinute === 0) return true;
    const known = this.senders.get(user);
    const left = known
      ? Math.min(perMinute, known.left + ((now - known.at) * perMinute) / MINUTE)
      : perMinute;
    const isAllowed = left >= 1;
    this.senders.delete(user);
    this.senders.set(user, { left: isAllowed ? left - 1 : left, at: now });
    if (this.senders.size > MAX_RATED_SENDERS) this.senders.delete(this.senders.keys().next().value!);
    return isAllowed;
  }
}
