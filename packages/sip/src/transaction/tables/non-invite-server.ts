import { absorb, never, type Step, step } from "./step.ts";

/** Non-INVITE server transaction (RFC 3261 17.2.2) as RFC 4320 corrects it, over a reliable transport. */
export type NonInviteServerState = "trying" | "proceeding" | "completed" | "terminated";

/**
 * `request` is a copy of the request; `provisional` and `final` are answers of the transaction user, `provisional`
 * only ever 100. `timer-late`: the client has given up (its timer F), an answer would be of no use.
 */
export type NonInviteServerEvent =
  | "request"
  | "provisional"
  | "final"
  | "timer-trying"
  | "timer-late"
  | "timer-j"
  | "transport-error";

export type NonInviteServerAction =
  | "send"
  | "send-again"
  | "send-trying"
  | "arm-late"
  | "arm-j"
  | "report-too-late";

type Cell = Step<NonInviteServerState, NonInviteServerAction>;

/** Where it begins: the request goes up and the timer for 100 runs. */
export const NON_INVITE_SERVER_START: NonInviteServerState = "trying";

export const NON_INVITE_SERVER = {
  trying: {
    request: absorb("trying", "RFC 3261 17.2.2"),
    provisional: step("RFC 4320 4.1", "proceeding", "send", "arm-late"),
    final: step("RFC 3261 17.2.2", "completed", "send", "arm-j"),
    "timer-trying": step("RFC 4320 4.1", "proceeding", "send-trying", "arm-late"),
    "timer-late": never("trying"),
    "timer-j": never("trying"),
    "transport-error": absorb("trying", "RFC 3261 17.2.4"),
  },
  proceeding: {
    request: step("RFC 3261 17.2.2", "proceeding", "send-again"),
    provisional: absorb("proceeding", "RFC 4320 4.1"),
    final: step("RFC 3261 17.2.2", "completed", "send", "arm-j"),
    "timer-trying": never("proceeding"),
    "timer-late": step("RFC 4320 4.2", "terminated", "report-too-late"),
    "timer-j": never("proceeding"),
    "transport-error": absorb("proceeding", "RFC 3261 17.2.4"),
  },
  completed: {
    request: step("RFC 3261 17.2.2", "completed", "send-again"),
    provisional: absorb("completed", "RFC 3261 17.2.2"),
    final: absorb("completed", "RFC 3261 17.2.2"),
    "timer-trying": never("completed"),
    "timer-late": never("completed"),
    "timer-j": step("RFC 3261 17.2.2", "terminated"),
    "transport-error": step("RFC 3261 17.2.4", "terminated"),
  },
  terminated: {
    request: never("terminated"),
    provisional: never("terminated"),
    final: never("terminated"),
    "timer-trying": never("terminated"),
    "timer-late": never("terminated"),
    "timer-j": never("terminated"),
    "transport-error": never("terminated"),
  },
} as const satisfies Record<NonInviteServerState, Record<NonInviteServerEvent, Cell>>;
