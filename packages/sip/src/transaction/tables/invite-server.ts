import { absorb, never, type Step, step } from "./step.ts";

/** INVITE server transaction (RFC 3261 17.2.1) with the Accepted state of RFC 6026 7.1, over a reliable transport. */
export type InviteServerState = "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

/** `request` is a copy of the INVITE. `provisional`, `success` and `failure` are answers of the transaction user. */
export type InviteServerEvent =
  | "request"
  | "ack"
  | "provisional"
  | "success"
  | "failure"
  | "timer-trying"
  | "timer-h"
  | "timer-i"
  | "timer-l"
  | "transport-error";

export type InviteServerAction =
  | "send"
  | "send-again"
  | "send-trying"
  | "stop-timer"
  | "pass-ack-up"
  | "arm-h"
  | "arm-i"
  | "arm-l";

type Cell = Step<InviteServerState, InviteServerAction>;

/** Where it begins: the request goes up and the timer for 100 runs. */
export const INVITE_SERVER_START: InviteServerState = "proceeding";

export const INVITE_SERVER = {
  proceeding: {
    request: step("RFC 3261 17.2.1", "proceeding", "send-again"),
    ack: absorb("proceeding", "RFC 3261 17.2.1"),
    provisional: step("RFC 3261 17.2.1", "proceeding", "stop-timer", "send"),
    success: step("RFC 6026 7.1", "accepted", "send", "arm-l"),
    failure: step("RFC 3261 17.2.1", "completed", "send", "arm-h"),
    "timer-trying": step("RFC 3261 17.2.1", "proceeding", "send-trying"),
    "timer-h": never("proceeding"),
    "timer-i": never("proceeding"),
    "timer-l": never("proceeding"),
    "transport-error": absorb("proceeding", "RFC 6026 7.1"),
  },
  accepted: {
    request: absorb("accepted", "RFC 6026 7.1"),
    ack: step("RFC 6026 7.1", "accepted", "pass-ack-up"),
    provisional: absorb("accepted", "RFC 6026 7.1"),
    success: step("RFC 6026 7.1, RFC 3261 13.3.1.4", "accepted", "send"),
    failure: absorb("accepted", "RFC 6026 7.1"),
    "timer-trying": never("accepted"),
    "timer-h": never("accepted"),
    "timer-i": never("accepted"),
    "timer-l": step("RFC 6026 7.1", "terminated"),
    "transport-error": absorb("accepted", "RFC 6026 7.1"),
  },
  completed: {
    request: step("RFC 3261 17.2.1", "completed", "send-again"),
    ack: step("RFC 3261 17.2.1", "confirmed", "arm-i"),
    provisional: absorb("completed", "RFC 3261 17.2.1"),
    success: absorb("completed", "RFC 3261 17.2.1"),
    failure: absorb("completed", "RFC 3261 17.2.1"),
    "timer-trying": never("completed"),
    "timer-h": step("RFC 3261 17.2.1", "terminated"),
    "timer-i": never("completed"),
    "timer-l": never("completed"),
    "transport-error": absorb("completed", "RFC 6026 7.1"),
  },
  confirmed: {
    request: absorb("confirmed", "RFC 3261 17.2.1"),
    ack: absorb("confirmed", "RFC 3261 17.2.1"),
    provisional: absorb("confirmed", "RFC 3261 17.2.1"),
    success: absorb("confirmed", "RFC 3261 17.2.1"),
    failure: absorb("confirmed", "RFC 3261 17.2.1"),
    "timer-trying": never("confirmed"),
    "timer-h": never("confirmed"),
    "timer-i": step("RFC 3261 17.2.1", "terminated"),
    "timer-l": never("confirmed"),
    "transport-error": absorb("confirmed", "RFC 3261 17.2.1"),
  },
  terminated: {
    request: never("terminated"),
    ack: never("terminated"),
    provisional: never("terminated"),
    success: never("terminated"),
    failure: never("terminated"),
    "timer-trying": never("terminated"),
    "timer-h": never("terminated"),
    "timer-i": never("terminated"),
    "timer-l": never("terminated"),
    "transport-error": never("terminated"),
  },
} as const satisfies Record<InviteServerState, Record<InviteServerEvent, Cell>>;
