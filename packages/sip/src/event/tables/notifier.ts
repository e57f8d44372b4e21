/** The notifier of RFC 6665 4.2, one dialog, as a table. `notifier.ts` drives it. */

export const NOTIFIER_STATES = ["init", "pending", "active", "closing", "terminated"] as const;

/** `closing`: over, but the last NOTIFY waits for one in flight or for its turn. */
export type NotifierState = (typeof NOTIFIER_STATES)[number];

export const NOTIFIER_EVENTS = [
  "subscribe",
  "subscribe-zero",
  "too-brief",
  "authorise-active",
  "authorise-pending",
  "state-changed",
  "answered",
  "refused",
  "subscriber-gone",
  "end",
  "expired",
  "due",
] as const;

/**
 * `subscribe-zero`: Expires 0. `answered`: 2xx to our NOTIFY; `refused`: a failure that passes; `subscriber-gone`: one
 * that says that nobody listens any more. `due`: a NOTIFY is owed, none is in flight, and its time has come.
 */
export type NotifierEvent = (typeof NOTIFIER_EVENTS)[number];

export type NotifierAction =
  | "accept"
  | "accept-zero"
  | "refuse-too-brief"
  | "refuse-gone"
  | "remember-active"
  | "remember-pending"
  | "owe-now"
  | "owe-in-turn"
  | "owe-again"
  | "forget-failures"
  | "close-unsubscribed"
  | "close-expired"
  | "close-as-told"
  | "notify"
  | "notify-last";

export type NotifierEnd = "final-sent" | "refused" | "subscriber-gone" | "never-subscribed";

export interface NotifierStep {
  readonly row: string;
  readonly ref: string;
  readonly next: NotifierState;
  readonly actions: readonly NotifierAction[];
  /** Set exactly where `next` is terminated and the state was another. */
  readonly end?: NotifierEnd;
}

function step(row: string, ref: string, next: NotifierState, ...actions: NotifierAction[]): NotifierStep {
  return { row, ref, next, actions };
}

function over(row: string, ref: string, end: NotifierEnd, ...actions: NotifierAction[]): NotifierStep {
  return { row, ref, next: "terminated", actions, end };
}

/** Cells that the driver never asks for. They change nothing. */
export const NOTIFIER_NEVER = "never";

function never(state: NotifierState): NotifierStep {
  return step(NOTIFIER_NEVER, "", state);
}

const GONE = over("subscriber-gone", "EV-18, RFC 6665 4.2.2", "subscriber-gone");

export const NOTIFIER_TABLE = {
  init: {
    subscribe: step("init-subscribe", "EV-12, EV-16", "pending", "accept", "owe-now"),
    "subscribe-zero": step(
      "init-fetch",
      "RFC 6665 4.4.3",
      "closing",
      "accept-zero",
      "close-expired",
      "owe-now",
    ),
    "too-brief": over("init-too-brief", "EV-14", "refused", "refuse-too-brief"),
    "authorise-active": step("init-authorised", "D3", "init", "remember-active"),
    "authorise-pending": step("init-unauthorised", "D3", "init", "remember-pending"),
    "state-changed": step("init-changed", "D3", "init"),
    answered: never("init"),
    refused: never("init"),
    "subscriber-gone": never("init"),
    end: over("init-end", "D3", "never-subscribed"),
    expired: never("init"),
    due: never("init"),
  },
  pending: {
    subscribe: step("pending-subscribe", "EV-16", "pending", "accept", "owe-now"),
    "subscribe-zero": step(
      "pending-leave",
      "PR-14",
      "closing",
      "accept-zero",
      "close-unsubscribed",
      "owe-now",
    ),
    "too-brief": step("pending-too-brief", "EV-14", "pending", "refuse-too-brief"),
    "authorise-active": step("pending-authorised", "PR-11", "active", "remember-active", "owe-now"),
    "authorise-pending": step("pending-unauthorised", "D3", "pending"),
    "state-changed": step("pending-changed", "EV-27", "pending"),
    answered: step("pending-answered", "RFC 6665 4.2.2", "pending", "forget-failures"),
    refused: step("pending-refused", "RFC 6665 4.2.2", "pending", "owe-again"),
    "subscriber-gone": GONE,
    end: step("pending-end", "PR-12", "closing", "close-as-told", "owe-in-turn"),
    expired: step("pending-expired", "EV-19", "closing", "close-expired", "owe-in-turn"),
    due: step("pending-due", "EV-16, EV-17", "pending", "notify"),
  },
  active: {
    subscribe: step("active-subscribe", "EV-16, PR-13", "active", "accept", "owe-now"),
    "subscribe-zero": step(
      "active-leave",
      "PR-14",
      "closing",
      "accept-zero",
      "close-unsubscribed",
      "owe-now",
    ),
    "too-brief": step("active-too-brief", "EV-14", "active", "refuse-too-brief"),
    "authorise-active": step("active-authorised", "D3", "active"),
    "authorise-pending": step("active-unauthorised", "EV-27", "pending", "remember-pending", "owe-now"),
    "state-changed": step("active-changed", "EV-26", "active", "owe-in-turn"),
    answered: step("active-answered", "RFC 6665 4.2.2", "active", "forget-failures"),
    refused: step("active-refused", "RFC 6665 4.2.2", "active", "owe-again"),
    "subscriber-gone": GONE,
    end: step("active-end", "D3", "closing", "close-as-told", "owe-in-turn"),
    expired: step("active-expired", "EV-19", "closing", "close-expired", "owe-in-turn"),
    due: step("active-due", "EV-16, EV-17", "active", "notify"),
  },
  closing: {
    subscribe: step("closing-subscribe", "RFC 6665 4.2.1", "closing", "refuse-gone"),
    "subscribe-zero": step("closing-leave", "PR-14", "closing", "accept-zero", "owe-now"),
    "too-brief": step("closing-too-brief", "RFC 6665 4.2.1", "closing", "refuse-gone"),
    "authorise-active": step("closing-authorised", "D3", "closing"),
    "authorise-pending": step("closing-unauthorised", "EV-27", "closing", "remember-pending"),
    "state-changed": step("closing-changed", "D3", "closing"),
    answered: step("closing-answered", "EV-26", "closing"),
    refused: step("closing-refused", "EV-26", "closing"),
    "subscriber-gone": GONE,
    end: step("closing-end", "D3", "closing"),
    expired: never("closing"),
    due: over("closing-due", "EV-17, EV-19", "final-sent", "notify-last"),
  },
  terminated: {
    subscribe: step("terminated-subscribe", "RFC 6665 4.2.1", "terminated", "refuse-gone"),
    "subscribe-zero": step("terminated-subscribe", "RFC 6665 4.2.1", "terminated", "refuse-gone"),
    "too-brief": step("terminated-subscribe", "RFC 6665 4.2.1", "terminated", "refuse-gone"),
    "authorise-active": step("terminated-told", "D3", "terminated"),
    "authorise-pending": step("terminated-told", "D3", "terminated"),
    "state-changed": step("terminated-told", "D3", "terminated"),
    answered: never("terminated"),
    refused: never("terminated"),
    "subscriber-gone": never("terminated"),
    end: step("terminated-told", "D3", "terminated"),
    expired: never("terminated"),
    due: never("terminated"),
  },
} as const satisfies Record<NotifierState, Record<NotifierEvent, NotifierStep>>;
