import type { Millis, Notifier } from "@tombolo/sip";
import type { KeptResource } from "../kept.ts";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { PairLegs } from "../pair-legs.ts";
import type { SipSide } from "../sip-side.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { Documents } from "./documents.ts";

export interface SipWatcherSettings {
  /** How long after `subscribed` the user's presence is waited for before the watcher is told anyway, ms. */
  readonly settle: Millis;
  /** The same question is not asked of the XMPP user again before this, ms. */
  readonly reask: Millis;
  readonly maxDialogs: number;
  /** How long the answer to a probe is waited for after a restart or an outage, before old state counts as gone, ms. */
  readonly answer: Millis;
}

export const DEFAULT_SIP_WATCHER_SETTINGS: SipWatcherSettings = {
  settle: 2_000,
  reask: 24 * 3_600_000,
  maxDialogs: 16,
  answer: 10_000,
};

export interface SipWatcherContext {
  readonly pair: Pair;
  /** Of which the watch is part. */
  readonly home: PairLegs;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly documents: Documents;
  readonly settings: SipWatcherSettings;
  /** @param resume a dialog from before a restart. */
  readonly newNotifier: (resume?: {
    readonly state: "pending" | "active";
    readonly expiresAt: Millis;
  }) => Notifier;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  /**
   * Denied before anybody is asked, by a rule or for want of one: the watcher sees an offline user. Asked anew at each
   * SUBSCRIBE outside dialogs and after `onGate`.
   */
  readonly isDenied: () => boolean;
  /** What the XMPP user publishes by SIP for all whom they let in; undefined where nothing. */
  readonly published: () => KeptResource | undefined;
  /** The XMPP user sees the watcher as available, by a subscription of their own. */
  readonly isSeenByUser: () => boolean;
}
