import type { Millis } from "@tombolo/sip";
import { type Announcement, looksLike } from "./announcement.ts";
import { compose, type Said } from "./composition.ts";
import type { ShownPresence } from "./documents.ts";
import type { Wish } from "./wish.ts";

interface Publisher {
  /** What the SIP user has published for all who may watch them; undefined where nothing. */
  published(): Said | undefined;
}

/** Where one XMPP watcher's picture of a SIP user comes from: the watch's own documents, and what the user publishes. */
export class WatchedSources {
  private readonly publisher: Publisher;
  private readonly wish: Wish;
  private readonly announcement: Announcement;
  private own: ShownPresence | undefined;
  /** From when `own` counts. */
  private since: Millis = 0;
  /** When the last document of the watch came; minus infinity before. It is always a number: so it is changed in place. */
  private seenAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(publisher: Publisher, wish: Wish, announcement: Announcement) {
    this.publisher = publisher;
    this.wish = wish;
    this.announcement = announcement;
  }

  /** When the last document of the watch came, ms; undefined where none came since it was last lost. */
  get documentAt(): Millis | undefined {
    return Number.isFinite(this.seenAt) ? this.seenAt : undefined;
  }

  /** What the user publishes. */
  get publication(): ShownPresence | undefined {
    return this.publisher.published()?.presence;
  }

  /** What all say together; undefined where none says anything. */
  get said(): ShownPresence | undefined {
    const own = this.own && { presence: this.own, since: this.since };
    return compose([this.publisher.published(), own])?.presence;
  }

  /** A document of the watch has come. */
  show(document: ShownPresence, now: Millis): void {
    // What the first document after a restart says is no news: what was published since may be.
    this.notified(document, this.announcement.awaitsNews ? Number.NEGATIVE_INFINITY : now, now);
    this.present();
  }

  /** What the user publishes has changed. */
  publishedAnew(): void {
    if (!this.present() && !this.announcement.awaitsNews) this.announcement.withdraw();
  }

  /** Shows what all sources together say. @returns false where none says anything. */
  present(): boolean {
    const said = this.wish.isAuthorized ? this.said : this.own;
    if (said) this.announcement.show(said);
    return said !== undefined;
  }

  /** What the watch has shown holds no more. What is published goes on where the SIP side has let the user in. */
  withdraw(reason?: string): void {
    this.own = undefined;
    this.seenAt = Number.NEGATIVE_INFINITY;
    const said = this.wish.isWanted && this.wish.isAuthorized ? this.said : undefined;
    this.announcement.stand();
    if (said) this.announcement.show(said);
    else this.announcement.withdraw(reason);
  }

  /** A document of the watch. @param since from when it counts, where it says something else than before. */
  private notified(presence: ShownPresence, since: Millis, now: Millis): void {
    if (this.own === undefined || !looksLike(this.own, presence)) this.since = since;
    this.own = presence;
    this.seenAt = now;
  }
}
