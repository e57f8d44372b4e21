import type { IdSource } from "../machine.ts";
import type { TransactionTimers } from "../transaction/timers.ts";
import type { EngineTraits } from "./port.ts";

export interface UserAgentLimits {
  /** Transactions at once, those included that only wait for copies. */
  readonly maxTransactions: number;
  readonly maxDialogs: number;
  /** Requests that wait for the translator's answer. */
  readonly maxWaiting: number;
  /** What a refused sender is told to wait where the refusal is for want of room, s. */
  readonly retryAfter: number;
}

export const DEFAULT_USER_AGENT_LIMITS: UserAgentLimits = {
  maxTransactions: 200_000,
  maxDialogs: 1_000_000,
  maxWaiting: 50_000,
  retryAfter: 10,
};

export interface UserAgentSettings {
  /** `host` or `host:port` of our Via. */
  readonly sentBy: string;
  /** The transport in our Via. */
  readonly transport: "TLS" | "TCP";
  /** The URI of our Contact, transport parameter included. */
  readonly contact: string;
  /** Value of User-Agent. */
  readonly userAgent: string;
  readonly ids: IdSource;
  /** From 0 up to 1, for the Retry-After of overlapping INVITEs (RFC 3261 14.2). */
  readonly random: () => number;
  /** Body types that OPTIONS names. */
  readonly accept?: readonly string[] | undefined;
  /** Option tags that a request may Require (RFC 3261 8.2.2.3). */
  readonly supported?: readonly string[] | undefined;
  readonly timers?: TransactionTimers | undefined;
  readonly limits?: Partial<UserAgentLimits> | undefined;
}

export const DEFAULT_ACCEPT: readonly string[] = [
  "application/sdp",
  "text/plain",
  "application/pidf+xml",
  "application/im-iscomposing+xml",
];

/** Methods that are taken; others get 405 (RFC 3261 8.2.1). BENOTIFY is taken, too, but not told of. */
export const ALLOWED_METHODS: readonly string[] = [
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "OPTIONS",
  "MESSAGE",
  "INFO",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "UPDATE",
];

export const ALLOW = ALLOWED_METHODS.join(", ");

/** What this engine is like, for who chooses between engines. */
export const USER_AGENT_TRAITS: EngineTraits = {
  name: "embedded",
  maxMessageOut: 1024 * 1024,
  methods: "any",
  opaqueBodies: true,
  restoresDialogs: true,
};

/** RFC 3261 14.2: the longest wait that an INVITE is told that overlaps another of the same side, s. */
export const MAX_OVERLAP_WAIT = 10;
