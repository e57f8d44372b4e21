import { absorb, never, type Step, step } from "./step.ts";

/** Non-INVITE client transaction (RFC 3261 17.1.2) over a reliable transport. */
export type NonInviteClientState = "trying" | "proceeding" | "completed" | "terminated";

export type NonInviteClientEvent = "provisional" | "final" | "timer-f" | "timer-k" | "transport-error";

export type NonInviteClientAction = "pass-up" | "arm-k" | "report-timeout" | "report-transport-error";

type Cell = Step<NonInviteClientState, NonInviteClientAction>;

/** Where it begins: the request is sent and timer F runs. */
export const NON_INVITE_CLIENT_START: NonInviteClientState = "trying";

export const NON_INVITE_CLIENT = {
  trying: {
    provisional: step("RFC 3261 17.1.2.2", "proceeding", "pass-up"),
    final: step("RFC 3261 17.1.2.2", "completed", "pass-up", "arm-k"),
    "timer-f": step("RFC 3261 17.1.2.2", "terminated", "report-timeout"),
    "timer-k": never("trying"),
    "transport-error": step("RFC 3261 17.1.4", "terminated", "report-transport-error"),
  },
  proceeding: {
    provisional: step("RFC 3261 17.1.2.2", "proceeding", "pass-up"),
    final: step("RFC 3261 17.1.2.2", "completed", "pass-up", "arm-k"),
    "timer-f": step("RFC 3261 17.1.2.2", "terminated", "report-timeout"),
    "timer-k": never("proceeding"),
    "transport-error": step("RFC 3261 17.1.4", "terminated", "report-transport-error"),
  },
  completed: {
    provisional: absorb("completed", "RFC 3261 17.1.2.2"),
    final: absorb("completed", "RFC 3261 17.1.2.2"),
    "timer-f": never("completed"),
    "timer-k": step("RFC 3261 17.1.2.2", "terminated"),
    "transport-error": absorb("completed", "RFC 3261 17.1.2.2"),
  },
  terminated: {
    provisional: never("terminated"),
    final: never("terminated"),
    "timer-f": never("terminated"),
    "timer-k": never("terminated"),
    "transport-error": never("terminated"),
  },
} as const satisfies Record<NonInviteClientState, Record<NonInviteClientEvent, Cell>>;
