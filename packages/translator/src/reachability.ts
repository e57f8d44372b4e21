import type { Deadline, Millis } from "@tombolo/sip";
import type { ConversationMemory } from "./im/memory.ts";
import { LinkOutages } from "./link-outages.ts";
import type { Observation } from "./observation.ts";
import { PacedWork, type Work } from "./paced-work.ts";
import type { PairBook } from "./pair-book.ts";
import type { PairLegs } from "./pair-legs.ts";
import { type DialogAnswer, PartnerMemory } from "./partner-memory.ts";
import type { TranslatorSettings } from "./settings.ts";

/** Watches that a partner is asked for that hung up, to see whether it still knows them. */
export const ASKED_FOR_SOME = 3;

type PairWork = Work<PairLegs>;

/** Links and partners that come and go, and what that means for all their pairs: done in portions. */
export class Reachability {
  private readonly book: PairBook;
  private readonly im: ConversationMemory;
  private readonly observe: (observation: Observation) => void;
  private readonly outages: LinkOutages;
  private readonly memory = new PartnerMemory();
  private readonly paced = new PacedWork<PairLegs>();

  constructor(
    settings: TranslatorSettings,
    book: PairBook,
    im: ConversationMemory,
    observe: (observation: Observation) => void,
  ) {
    this.book = book;
    this.im = im;
    this.observe = observe;
    this.outages = new LinkOutages(
      settings.partners.map(({ domain }) => domain),
      settings.xmppWatcher.grace,
    );
  }

  /** @param partners domains as configured; links of new ones are down until they are up. */
  adopt(partners: readonly string[], now: Millis): void {
    this.outages.adopt(partners, now);
  }

  linkDown(partner: string, now: Millis): void {
    this.im.linkDown(partner);
    this.outages.down(partner, now);
  }

  linkUp(partner: string, now: Millis): void {
    this.im.linkUp(partner);
    this.outages.up(partner);
    this.paced.cancel(`outage ${partner}`);
    this.pace("link-up", partner, (legs, at) => legs.onLinkUp(at), now);
  }

  /** The partner may have lost its memory. @param isSure it was out of reach, and has not only hung up. */
  partnerBack(partner: string, isSure: boolean, now: Millis): void {
    if (isSure) this.memory.broken(partner, now);
    else this.memory.hungUp(partner, now);
    this.askDue(now);
  }

  /** What became of a request in a dialog of ours. */
  answered(partner: string, answer: DialogAnswer, now: Millis): void {
    this.memory.answered(partner, answer, now);
  }

  private askDue(now: Millis): void {
    for (let due = this.memory.takeDue(now); due; due = this.memory.takeDue(now)) {
      if (due.ask === "all") {
        const detail = "it may have lost its memory: every watch is asked for again";
        this.observe({ what: "note", event: "partner-back", partner: due.partner, detail });
        this.pace("back", due.partner, askAgain, now);
      } else for (const legs of this.someOf(due.partner)) this.workOn(legs, askAgain, now);
    }
  }

  /** A few watches of a partner, evenly from the oldest to the newest. */
  private someOf(partner: string): PairLegs[] {
    const active = this.book.of(partner).filter(({ states }) => states.xmppWatcher === "active");
    const step = Math.max(1, Math.floor(active.length / ASKED_FOR_SOME));
    return active.filter((_, at) => at % step === 0).slice(0, ASKED_FOR_SOME);
  }

  /** Continues what an earlier run had under way. */
  recover(restored: readonly PairLegs[], now: Millis): void {
    this.outages.begin(now);
    this.paced.start("recover", restored, (legs, at) => this.workOn(legs, recoverPair, at), now);
  }

  timeout(now: Millis): void {
    for (
      let partner = this.outages.takeDue(now);
      partner !== undefined;
      partner = this.outages.takeDue(now)
    ) {
      this.observe({ what: "note", event: "xmpp-outage", partner, detail: "watchers see offline users" });
      this.pace("outage", partner, (legs, at) => legs.onOutage(at), now);
    }
    this.askDue(now);
    this.paced.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    let first = this.outages.nextDeadline();
    for (const next of [this.paced.nextDeadline(), this.memory.nextDeadline()])
      if (next && (!first || next.at < first.at)) first = next;
    return first;
  }

  /** Does something with every pair of a partner, a portion at a time. */
  private pace(name: string, partner: string, work: PairWork, now: Millis): void {
    this.paced.start(
      `${name} ${partner}`,
      this.book.of(partner),
      (legs, at) => this.workOn(legs, work, at),
      now,
    );
  }

  private workOn(legs: PairLegs, work: PairWork, now: Millis): boolean {
    if (legs.isForgotten || !work(legs, now)) return false;
    this.book.touch(legs);
    return true;
  }
}

function askAgain(legs: PairLegs, now: Millis): boolean {
  return legs.onPartnerBack(now);
}

function recoverPair(legs: PairLegs, now: Millis): boolean {
  return legs.recover(now);
}
