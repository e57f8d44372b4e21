import { absorb, never, type Step, step } from "./step.ts";

/** INVITE client transaction (RFC 3261 17.1.1) with the Accepted state of RFC 6026 7.2, over a reliable transport. */
export type InviteClientState = "calling" | "proceeding" | "accepted" | "completed" | "terminated";

/** `success` is a 2xx, `failure` 300 to 699. `timer-cancel`: no final answer came after our CANCEL (RFC 3261 9.1). */
export type InviteClientEvent =
  | "provisional"
  | "success"
  | "failure"
  | "timer-b"
  | "timer-d"
  | "timer-m"
  | "timer-cancel"
  | "transport-error";

export type InviteClientAction =
  | "pass-up"
  | "send-ack"
  | "stop-timer"
  | "arm-d"
  | "arm-m"
  | "report-timeout"
  | "report-transport-error";

type Cell = Step<InviteClientState, InviteClientAction>;

/** Where it begins: the request is sent and timer B runs. */
export const INVITE_CLIENT_START: InviteClientState = "calling";

export const INVITE_CLIENT = {
  calling: {
    provisional: step("RFC 3261 17.1.1.2", "proceeding", "stop-timer", "pass-up"),
    success: step("RFC 6026 7.2", "accepted", "pass-up", "arm-m"),
    failure: step("RFC 3261 17.1.1.2", "completed", "pass-up", "send-ack", "arm-d"),
    "timer-b": step("RFC 3261 17.1.1.2", "terminated", "report-timeout"),
    "timer-d": never("calling"),
    "timer-m": never("calling"),
    "timer-cancel": never("calling"),
    "transport-error": step("RFC 3261 17.1.4", "terminated", "report-transport-error"),
  },
  proceeding: {
    provisional: step("RFC 3261 17.1.1.2", "proceeding", "pass-up"),
    success: step("RFC 6026 7.2", "accepted", "pass-up", "arm-m"),
    failure: step("RFC 3261 17.1.1.2", "completed", "pass-up", "send-ack", "arm-d"),
    "timer-b": never("proceeding"),
    "timer-d": never("proceeding"),
    "timer-m": never("proceeding"),
    "timer-cancel": step("RFC 3261 9.1", "terminated", "report-timeout"),
    "transport-error": step("RFC 3261 17.1.4", "terminated", "report-transport-error"),
  },
  accepted: {
    provisional: absorb("accepted", "RFC 6026 7.2"),
    success: step("RFC 6026 7.2", "accepted", "pass-up"),
    failure: absorb("accepted", "RFC 6026 7.2"),
    "timer-b": never("accepted"),
    "timer-d": never("accepted"),
    "timer-m": step("RFC 6026 7.2", "terminated"),
    "timer-cancel": never("accepted"),
    "transport-error": absorb("accepted", "RFC 6026 7.2"),
  },
  completed: {
    provisional: absorb("completed", "RFC 3261 17.1.1.2"),
    success: absorb("completed", "RFC 3261 17.1.1.2"),
    failure: step("RFC 3261 17.1.1.2", "completed", "send-ack"),
    "timer-b": never("completed"),
    "timer-d": step("RFC 3261 17.1.1.2", "terminated"),
    "timer-m": never("completed"),
    "timer-cancel": never("completed"),
    // It is about our ACK; the user has its answer.
    "transport-error": step("RFC 3261 17.1.1.2", "terminated"),
  },
  terminated: {
    provisional: never("terminated"),
    success: never("terminated"),
    failure: never("terminated"),
    "timer-b": never("terminated"),
    "timer-d": never("terminated"),
    "timer-m": never("terminated"),
    "timer-cancel": never("terminated"),
    "transport-error": never("terminated"),
  },
} as const satisfies Record<InviteClientState, Record<InviteClientEvent, Cell>>;
