import type { Millis } from "@tombolo/sip";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { SipSide } from "../sip-side.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { PartnerBooks } from "./ledger.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./queue.ts";
import type { RecentTexts } from "./recent.ts";
import type { SenderRates } from "./sender-rates.ts";
import type { SessionWire } from "./session-wire.ts";
import type { TextWire } from "./text-wire.ts";

/** Times and sizes of a conversation. */
export interface ConversationSettings {
  /** How long an INVITE may ring, ms: clients of some peers wait 10 s before they answer, people longer. */
  readonly inviteTimeout: Millis;
  /** Silence after which the session is closed, ms; the next text opens a new one. */
  readonly idleTimeout: Millis;
  /** Silence after which we end a session of ours that both sides opened at once and that is not used, ms (D4). */
  readonly glareReap: Millis;
  /** How long single messages belong to one conversation after the last, ms. */
  readonly conversationLasts: Millis;
  /** How long single messages are sent after a session was refused, ms (C-01). */
  readonly fallbackLasts: Millis;
  /** Texts that one XMPP user may write in a minute, and at once; 0: no limit. */
  readonly textsPerMinute: number;
  readonly queue: QueueLimits;
}

export const DEFAULT_CONVERSATION_SETTINGS: ConversationSettings = {
  inviteTimeout: 60_000,
  idleTimeout: 600_000,
  glareReap: 120_000,
  conversationLasts: 600_000,
  fallbackLasts: 600_000,
  textsPerMinute: 0,
  queue: DEFAULT_QUEUE_LIMITS,
};

export interface ConversationContext {
  readonly pair: Pair;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly wire: SessionWire;
  readonly texts: TextWire;
  readonly settings: ConversationSettings;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  /** Texts of all pairs that came lately. */
  readonly recent: RecentTexts;
  /** How fast XMPP users write. */
  readonly rates: SenderRates;
  /** The books of the partner. */
  readonly books: PartnerBooks;
  /** Whether what is accepted can be kept. */
  readonly mayKeep: () => boolean;
  /** What the wall clock showed at a moment of ours, ms since 1970; undefined without one. */
  readonly wallAt: (at: Millis, now: Millis) => number | undefined;
  /** Whether the link to the XMPP server is up: without it typing is not worth a stanza. */
  readonly isLinkUp: () => boolean;
  /** Whether the XMPP user may know the SIP user's availability: decides how plain an error may be (RFC 6120 8.3.3). */
  readonly isAuthorized: () => boolean;
}
