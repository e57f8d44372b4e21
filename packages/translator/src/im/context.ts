import type { Millis } from "@tombolo/sip";
import type { Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";
import type { SipSide } from "../sip-side.ts";
import type { XmppSide } from "../xmpp-side.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./queue.ts";
import type { SessionWire } from "./session-wire.ts";

/** Times and sizes of a conversation. */
export interface ConversationSettings {
  /** How long an INVITE may ring, ms: clients of some peers wait 10 s before they answer, people longer. */
  readonly inviteTimeout: Millis;
  /** Silence after which the session is closed, ms; the next text opens a new one. */
  readonly idleTimeout: Millis;
  readonly queue: QueueLimits;
}

export const DEFAULT_CONVERSATION_SETTINGS: ConversationSettings = {
  inviteTimeout: 60_000,
  idleTimeout: 600_000,
  queue: DEFAULT_QUEUE_LIMITS,
};

export interface ConversationContext {
  readonly pair: Pair;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly wire: SessionWire;
  readonly settings: ConversationSettings;
  readonly observe: (observation: Observation) => void;
  readonly ids: () => string;
  /** Whether the XMPP user may know the SIP user's availability: decides how plain an error may be (RFC 6120 8.3.3). */
  readonly isAuthorized: () => boolean;
}
