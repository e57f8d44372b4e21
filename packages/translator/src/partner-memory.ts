import type { Deadline, Millis } from "@tombolo/sip";

/** All dialogs of a partner are asked for no more often than this, ms: what makes it necessary sooner waits. */
export const ASK_ALL_INTERVAL: Millis = 600_000;
/** After a partner hung up some dialogs are asked for, no more often than this, ms. */
export const ASK_SOME_INTERVAL: Millis = 60_000;
/** How long after that one lost dialog says that all are, ms; also how long lost dialogs count together. */
export const DOUBT: Millis = 60_000;
/** Lost dialogs within `DOUBT` that say that all are, where they are at least half of those that were asked for. */
export const LOST_FOR_ALL = 3;
/** Requests in a row without an answer of the partner's, over so long, that say that it was away, ms. */
export const DEAD_FOR_AWAY = 3;
export const AWAY: Millis = 30_000;

/** What an answer in a dialog of ours says: the partner knows it, does not (481), or gives none. */
export type DialogAnswer = "known" | "lost" | "dead";

interface Partner {
  askAllAt: Millis | undefined;
  askSomeAt: Millis | undefined;
  askedAllAt: Millis;
  askedSomeAt: Millis;
  doubtUntil: Millis;
  /** Answers are counted since then. */
  since: Millis;
  known: number;
  lost: number;
  deadSince: Millis;
  dead: number;
}

/**
 * Whether partners still know our dialogs. A restart costs a partner its memory, and is seen as lost connections and
 * 481s; but connections are also closed because nothing was to say, and asking for 100,000 dialogs each time is a storm.
 * So a partner that hung up is asked for a few dialogs, and for all where one of them is lost, or where it was not
 * within reach (SUB-16).
 */
export class PartnerMemory {
  private readonly partners = new Map<string, Partner>();

  /** The partner could not be reached, or its connections broke: it may have been restarted. */
  broken(partner: string, now: Millis): void {
    const own = this.of(partner);
    own.askAllAt ??= Math.max(now, own.askedAllAt + ASK_ALL_INTERVAL);
  }

  /** The partner closed its connections in order. */
  hungUp(partner: string, now: Millis): void {
    const own = this.of(partner);
    if (now >= own.askedSomeAt + ASK_SOME_INTERVAL) own.askSomeAt ??= now;
  }

  /** What became of a request in a dialog of ours. */
  answered(partner: string, answer: DialogAnswer, now: Millis): void {
    const own = this.of(partner);
    if (answer === "dead") {
      if (own.dead === 0) own.deadSince = now;
      own.dead += 1;
      return;
    }
    if (own.dead >= DEAD_FOR_AWAY && now - own.deadSince >= AWAY) this.broken(partner, now);
    own.dead = 0;
    if (now > own.since + DOUBT) {
      own.since = now;
      own.known = own.lost = 0;
    }
    if (answer === "known") {
      own.known += 1;
      return;
    }
    own.lost += 1;
    const isMany = own.lost >= LOST_FOR_ALL && own.lost >= own.known;
    // While all are being asked for, lost ones are no news.
    if ((isMany || now <= own.doubtUntil) && now > own.askedAllAt + DOUBT) this.broken(partner, now);
  }

  /** A partner whose dialogs are to be asked for now. */
  takeDue(now: Millis): { readonly partner: string; readonly ask: "all" | "some" } | undefined {
    for (const [partner, own] of this.partners) {
      if (own.askAllAt !== undefined && own.askAllAt <= now) {
        own.askAllAt = own.askSomeAt = undefined;
        own.askedAllAt = now;
        return { partner, ask: "all" };
      }
      if (own.askSomeAt !== undefined && own.askSomeAt <= now) {
        own.askSomeAt = undefined;
        own.askedSomeAt = now;
        own.doubtUntil = now + DOUBT;
        return { partner, ask: "some" };
      }
    }
    return undefined;
  }

  nextDeadline(): Deadline | undefined {
    let at: Millis | undefined;
    for (const { askAllAt, askSomeAt } of this.partners.values())
      for (const due of [askAllAt, askSomeAt])
        if (due !== undefined && (at === undefined || due < at)) at = due;
    return at === undefined ? undefined : { at, reason: "does the partner know its dialogs" };
  }

  /** Partners are configured ones: few. */
  private of(partner: string): Partner {
    let own = this.partners.get(partner);
    if (!own) {
      const never = Number.NEGATIVE_INFINITY;
      own = {
        askAllAt: undefined,
        askSomeAt: undefined,
        askedAllAt: never,
        askedSomeAt: never,
        doubtUntil: never,
        since: never,
        known: 0,
        lost: 0,
        deadSince: never,
        dead: 0,
      };
      this.partners.set(partner, own);
    }
    return own;
  }
}
