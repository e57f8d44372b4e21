import { detach, type Millis } from "@tombolo/sip";
import { compose, type Said } from "./composition.ts";
import type { ShownPresence } from "./documents.ts";

interface Publisher {
  /** What the SIP user has published for all who may watch them; undefined where nothing. */
  published(): Said | undefined;
}

/** Where one XMPP watcher's picture of a SIP user comes from: the watch's own documents, and what the user publishes. */
export class WatchedSources {
  private readonly publisher: Publisher;
  private own: ShownPresence | undefined;
  /** From when `own` counts. */
  private since: Millis = 0;
  private seenAt: Millis | undefined;

  constructor(publisher: Publisher) {
    this.publisher = publisher;
  }

  /** When the last document of the watch came, ms. */
  get notifiedAt(): Millis | undefined {
    return this.seenAt;
  }

  /** What the watch itself says. */
  get notification(): ShownPresence | undefined {
    return this.own;
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

  /** A document of the watch. @param since from when it counts, where it says something else than before. */
  notified(presence: ShownPresence, since: Millis, now: Millis): void {
    if (this.own === undefined || looks(this.own) !== looks(presence)) this.since = since;
    // A slice of a document would hold all of it.
    const { status } = presence;
    this.own = status === undefined ? presence : { ...presence, status: detach(status) };
    this.seenAt = now;
  }

  /** The watch says nothing any more. */
  lose(): void {
    this.own = undefined;
  }
}

function looks({ type, show, status }: ShownPresence): string {
  return JSON.stringify([type, show, status]);
}
