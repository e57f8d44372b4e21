import { detach, type Millis, Notifier, Subscriber } from "@tombolo/sip";
import type { KeptResource } from "../kept.ts";
import type { Pair } from "../pair.ts";
import type { PairContext } from "../pair-context.ts";
import type { PairLegs } from "../pair-legs.ts";
import type { DialogAnswer } from "../partner-memory.ts";
import type { Said } from "./composition.ts";
import { Documents } from "./documents.ts";
import { sipDevice } from "./sip-device.ts";
import type { SipWatcherContext } from "./sip-watcher-context.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";

/** Where one watch stands: its own part is small, because there are very many. */
class WatchPlace {
  readonly home: PairLegs;
  readonly documents: Documents;
  protected readonly shared: PairContext;

  constructor(shared: PairContext, home: PairLegs) {
    const { pair } = home;
    this.home = home;
    this.shared = shared;
    this.documents = new Documents(shared.dialect, domainOf(pair.xmppUser, shared.settings.xmppDomains));
  }

  get pair(): Pair {
    return this.home.pair;
  }

  get sip(): PairContext["sip"] {
    return this.shared.sip;
  }

  get xmpp(): PairContext["xmpp"] {
    return this.shared.xmpp;
  }

  get observe(): PairContext["observe"] {
    return this.shared.observe;
  }

  get ids(): () => string {
    return this.shared.settings.ids;
  }
}

export class XmppWatchPlace extends WatchPlace implements XmppWatcherContext {
  get settings(): XmppWatcherContext["settings"] {
    return this.shared.settings.xmppWatcher;
  }

  get accept(): string {
    return this.shared.accept;
  }

  get resource(): string {
    return this.shared.partner.profile.presence.resource;
  }

  get random(): () => number {
    return this.shared.settings.random;
  }

  onAnswered(answer: DialogAnswer, now: Millis): void {
    this.shared.onAnswered(this.pair.partner, answer, now);
  }

  published(): Said | undefined {
    return this.shared.published(this.pair.sipUser);
  }

  newSubscriber(resume?: Parameters<XmppWatcherContext["newSubscriber"]>[0]): Subscriber {
    const { subscriber } = this.shared;
    if (!resume) return new Subscriber(subscriber);
    const expires = Math.max(subscriber.expires, resume.expires ?? 0);
    // `recover` refreshes; this is when it would be too late.
    return new Subscriber({ ...subscriber, expires, resume: { ...resume, refreshAt: resume.expiresAt } });
  }
}

export class SipWatchPlace extends WatchPlace implements SipWatcherContext {
  get settings(): SipWatcherContext["settings"] {
    return this.shared.settings.sipWatcher;
  }

  newNotifier(resume?: { readonly state: "pending" | "active"; readonly expiresAt: Millis }): Notifier {
    const { notifier } = this.shared;
    return new Notifier(resume ? { ...notifier, resume } : notifier);
  }

  isDenied(): boolean {
    return this.shared.isDenied(this.pair.xmppUser, this.pair.sipUser);
  }

  published(): KeptResource | undefined {
    return sipDevice(this.shared.published(this.pair.xmppUser));
  }

  isSeenByUser(): boolean {
    return this.home.isShowing;
  }
}

/** @param known domains whose text is shared. */
function domainOf(jid: string, known: readonly string[]): string {
  const domain = jid.slice(jid.lastIndexOf("@") + 1);
  return known.find((text) => text === domain) ?? detach(domain);
}
