import type { Deadline, Millis } from "@tombolo/sip";
import type { BareJid } from "../address/index.ts";
import type { KeptPublicationOf } from "../kept-publication.ts";
import type { TranslatorSettings } from "../settings.ts";
import { OutwardPublications, type OutwardPublicationsContext } from "./outward-publications.ts";
import { ReceivedPublications, type ReceivedPublicationsContext } from "./received-publications.ts";

/** Publications both ways (RFC 3903): those of SIP users, held here, and those of XMPP users, at partners' servers. */
export class Publications {
  readonly received: ReceivedPublications;
  readonly outward: OutwardPublications;

  constructor(
    settings: TranslatorSettings,
    context: Omit<OutwardPublicationsContext, "published"> & ReceivedPublicationsContext,
  ) {
    this.received = new ReceivedPublications(settings, context);
    const published = (user: BareJid) => this.received.of(user);
    this.outward = new OutwardPublications(settings, { ...context, published });
  }

  adopt(settings: TranslatorSettings, now: Millis): void {
    this.received.adopt(settings, now);
    this.outward.adopt(settings, now);
  }

  linkDown(partner: string, now: Millis): void {
    this.outward.linkDown(partner, now);
  }

  linkUp(partner: string, now: Millis): void {
    this.outward.linkUp(partner, now);
  }

  partnerBack(partner: string, now: Millis): void {
    this.outward.partnerBack(partner, now);
  }

  restore(kept: KeptPublicationOf, now: Millis): void {
    if (kept.by === "partner") this.received.restore(kept, now);
    else this.outward.restore(kept, now);
  }

  recover(now: Millis): void {
    this.outward.recover(now);
  }

  keepAll(): void {
    this.received.keepAll();
    this.outward.keepAll();
  }

  timeout(now: Millis): void {
    this.received.timeout(now);
    this.outward.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    const received = this.received.nextDeadline();
    const outward = this.outward.nextDeadline();
    return received && outward ? (received.at <= outward.at ? received : outward) : (received ?? outward);
  }
}
