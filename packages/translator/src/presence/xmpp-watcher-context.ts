import type { Millis, Subscriber } from "@tombolo/sip";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { PairLegs } from "../pair-legs.ts";
import type { DialogAnswer } from "../partner-memory.ts";
import type { SipSide } from "../sip-side.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { Said } from "./composition.ts";
import type { Documents } from "./documents.ts";

export interface XmppWatcherSettings {
  /** First pause before another try when the SIP side could not be asked, ms; doubles up to `retryCap`. */
  readonly retryBase: Millis;
  readonly retryCap: Millis;
  /** How long the last known presence stands while a dialog is being replaced, ms. */
  readonly grace: Millis;
  /** Dialogs that the engine lost together are opened again within this, spread evenly, ms. */
  readonly spread: Millis;
  /** How long a look at somebody who is not watched has to last until it counts as a watch, ms. */
  readonly look: Millis;
  /** How long a refusal is remembered without being asked for again, ms. */
  readonly denialKept: Millis;
}

export const DEFAULT_XMPP_WATCHER_SETTINGS: XmppWatcherSettings = {
  retryBase: 30_000,
  retryCap: 3_600_000,
  grace: 60_000,
  spread: 10_000,
  look: 15_000,
  denialKept: 24 * 3_600_000,
};

export interface XmppWatcherContext {
  readonly pair: Pair;
  /** Of which the watch is part. */
  readonly home: PairLegs;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly documents: Documents;
  readonly settings: XmppWatcherSettings;
  /** @param resume a dialog from before a restart. */
  readonly newSubscriber: (resume?: {
    readonly state: "pending" | "active";
    readonly expiresAt: Millis;
    /** Lifetime to ask for, s, where it is more than the profile's. */
    readonly expires?: number;
  }) => Subscriber;
  /** Accept value of our SUBSCRIBEs: what we offer decides what the peer sends. */
  readonly accept: string;
  /** The resource that stands for the SIP user in XMPP. */
  readonly resource: string;
  /** Told what became of a request in a dialog. */
  readonly onAnswered: (answer: DialogAnswer, now: Millis) => void;
  /** What the SIP user has published for all who may watch them; undefined where nothing. */
  readonly published: () => Said | undefined;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  readonly random: () => number;
}
