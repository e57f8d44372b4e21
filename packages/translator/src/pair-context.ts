import type { Millis, NotifierSettings, SubscriberSettings } from "@tombolo/sip";
import type { BareJid } from "./address/index.ts";
import type { ConversationMemory } from "./im/memory.ts";
import type { Observation } from "./observation.ts";
import type { PairLegs } from "./pair-legs.ts";
import type { DialogAnswer } from "./partner-memory.ts";
import type { Said } from "./presence/composition.ts";
import type { PresenceDialect } from "./presence/documents.ts";
import type { Partner, TranslatorSettings } from "./settings.ts";
import type { SipSide } from "./sip-side.ts";
import type { XmppSide } from "./xmpp-side.ts";

/** What all pairs have in common. */
export interface SharedContext {
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly observe: (observation: Observation) => void;
  /** What a user has published, a SIP user or one of ours at a SIP device; undefined where nothing. */
  readonly published: (user: BareJid) => Said | undefined;
  /** What conversations share. */
  readonly im: ConversationMemory;
  /** By a rule, or for want of one (SUB-04). */
  readonly isDenied: (xmppUser: BareJid, sipUser: BareJid) => boolean;
  /** Told what became of a request in a dialog of ours. */
  readonly onAnswered: (partner: string, answer: DialogAnswer, now: Millis) => void;
  /** Told of each machine that a pair makes, so that what belongs to it finds its pair. */
  readonly onOwner: (owner: object, legs: PairLegs) => void;
}

/** What the pairs of one partner have in common that begin under the same settings: one object for all of them. */
export interface PairContext extends SharedContext {
  readonly partner: Partner;
  readonly settings: TranslatorSettings;
  /** Changed in place by a reload. */
  readonly dialect: PresenceDialect;
  /** Of dialogs that begin; those from before a restart add to it. */
  readonly subscriber: SubscriberSettings;
  readonly notifier: NotifierSettings;
  /** Accept value of our SUBSCRIBEs: what we offer decides what the peer sends. */
  readonly accept: string;
}

export function pairContext(
  shared: SharedContext,
  settings: TranslatorSettings,
  partner: Partner,
  dialect: PresenceDialect,
): PairContext {
  const { presence } = partner.profile;
  return {
    ...shared,
    partner,
    settings,
    dialect,
    subscriber: {
      expires: presence.expiresSeconds,
      strictTimerN: presence.strictTimerN,
      random: settings.random,
    },
    notifier: { maxExpires: settings.maxExpiresSeconds, unanswered: "keep" },
    accept: presence.accept.join(", "),
  };
}
