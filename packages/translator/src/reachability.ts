import type { Deadline, Millis } from "@tombolo/sip";
import type { ConversationMemory } from "./im/memory.ts";
import { LinkOutages } from "./link-outages.ts";
import type { Observation } from "./observation.ts";
import { PacedWork } from "./paced-work.ts";
import type { PairBook } from "./pair-book.ts";
import type { PairLegs } from "./pair-legs.ts";
import type { TranslatorSettings } from "./settings.ts";

type Work = (legs: PairLegs, at: Millis) => void;

/** Links and partners that come and go, and what that means for all their pairs: done in portions. */
export class Reachability {
  private readonly book: PairBook;
  private readonly im: ConversationMemory;
  private readonly observe: (observation: Observation) => void;
  private readonly outages: LinkOutages;
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

  /** The partner may have lost its memory. */
  partnerBack(partner: string, now: Millis): void {
    this.pace("back", partner, (legs, at) => legs.onPartnerBack(at), now);
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
    this.paced.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    const outage = this.outages.nextDeadline();
    const paced = this.paced.nextDeadline();
    return outage && paced ? (outage.at <= paced.at ? outage : paced) : (outage ?? paced);
  }

  /** Does something with every pair of a partner, a portion at a time. */
  private pace(name: string, partner: string, work: Work, now: Millis): void {
    this.paced.start(
      `${name} ${partner}`,
      this.book.of(partner),
      (legs, at) => this.workOn(legs, work, at),
      now,
    );
  }

  private workOn(legs: PairLegs, work: Work, now: Millis): void {
    if (!this.book.isCurrent(legs)) return;
    work(legs, now);
    this.book.touch(legs);
  }
}

function recoverPair(legs: PairLegs, now: Millis): void {
  legs.recover(now);
}
