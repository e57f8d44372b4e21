import type { Millis } from "../machine.ts";

/**
 * Timer values of RFC 3261 table 4 with RFC 6026 and RFC 4320, in ms. Timers A, E and G exist on UDP only and have no
 * place here: every link of ours is reliable (TLS, TCP, memory).
 */
export interface TransactionTimers {
  /** Round trip estimate. */
  readonly t1: Millis;
  /** Longest pause between two copies of a 2xx to an INVITE (RFC 3261 13.3.1.4). */
  readonly t2: Millis;
  /** B, F, H, L, M: how long one side waits for the other. */
  readonly patience: Millis;
  /** D, I, J, K: how long the other side may still send copies. */
  readonly lingering: Millis;
  /** An INVITE without answer gets 100 after this (RFC 3261 17.2.1). */
  readonly tryingInvite: Millis;
  /** Any other request gets it after this: when timer E would reach T2 (RFC 4320 4.1). */
  readonly tryingOther: Millis;
}

const T1 = 500;
const T2 = 4_000;

export const RELIABLE_TIMERS: TransactionTimers = {
  t1: T1,
  t2: T2,
  patience: 64 * T1,
  lingering: 0,
  tryingInvite: 200,
  // Timer E fires at 0.5, 1.5 and 3.5 s; its next interval is T2.
  tryingOther: 7 * T1,
};
