/**
 * The subscriber of RFC 6665 4.1 as tables: what each event does in each state, what an end means for the wish behind
 * the subscription, and how answers and termination reasons sort into events. `subscriber.ts` drives them.
 */

export const SUBSCRIBER_STATES = [
  "init",
  "notify-wait",
  "pending",
  "active",
  "withdrawing",
  "leaving",
  "ending",
  "terminated",
] as const;

/**
 * `withdrawing`: unsubscribed before the first NOTIFY, there is no dialog yet to end. `leaving`: there is a dialog, and
 * its SUBSCRIBE transaction must finish first. `ending`: Expires 0 is out.
 */
export type SubscriberState = (typeof SUBSCRIBER_STATES)[number];

export const SUBSCRIBER_EVENTS = [
  "subscribe",
  "unsubscribe",
  "accepted",
  "too-brief",
  "forbidden",
  "nowhere",
  "gone",
  "misfit",
  "failed",
  "notify-active",
  "notify-pending",
  "notify-terminated",
  "timer-n",
  "unconfirmed",
  "refresh-due",
  "expired",
  "idle",
] as const;

/**
 * `accepted` to `failed` are answers, sorted by `answerEvent`. `unconfirmed`: timer N after a refresh where the partner
 * is not held to it. `idle`: there is a dialog and no SUBSCRIBE of ours runs.
 */
export type SubscriberEvent = (typeof SUBSCRIBER_EVENTS)[number];

export type SubscriberAction =
  | "send-initial"
  | "send-refresh"
  | "send-end"
  | "note-expires"
  | "confirm"
  | "announce-active"
  | "announce-pending"
  | "document"
  | "retry-refresh"
  | "count-unconfirmed"
  | "want-again"
  | "want-no-more";

export type SubscriberEnd =
  | "unsubscribed"
  | "forbidden"
  | "nowhere"
  | "misfit"
  | "unavailable"
  | "no-notify"
  | "unrefreshed"
  | "dialog-gone"
  | "expired"
  | "by-notifier";

export interface SubscriberStep {
  readonly row: string;
  readonly ref: string;
  readonly next: SubscriberState;
  readonly actions: readonly SubscriberAction[];
  /** Set exactly where `next` is terminated and the state was another. */
  readonly end?: SubscriberEnd;
}

function step(
  row: string,
  ref: string,
  next: SubscriberState,
  ...actions: SubscriberAction[]
): SubscriberStep {
  return { row, ref, next, actions };
}

function over(row: string, ref: string, end: SubscriberEnd, ...actions: SubscriberAction[]): SubscriberStep {
  return { row, ref, next: "terminated", actions, end };
}

/** Cells that the driver never asks for: an answer without a request, a timer that does not run. They change nothing. */
export const NEVER = "never";

function never(state: SubscriberState): SubscriberStep {
  return step(NEVER, "", state);
}

/** The end of a subscription that is no longer wanted, however it comes about. */
const LEFT = over("left", "RFC 6665 4.1.2.3", "unsubscribed");

const DIALOG_LOST = {
  forbidden: over("dialog-forbidden", "PR-07", "forbidden"),
  nowhere: over("dialog-nowhere", "EV-09, RFC 6665 4.1.2.2", "dialog-gone"),
  gone: over("dialog-gone", "EV-09, RFC 6665 4.1.2.2", "dialog-gone"),
  "notify-terminated": over("notify-terminated", "EV-08, RFC 6665 4.1.3", "by-notifier"),
  "timer-n": over("refresh-no-notify", "C-31, RFC 6665 4.1.2.2", "unrefreshed"),
  expired: over("expired", "RFC 6665 4.1.3", "expired"),
} as const;

export const SUBSCRIBER_TABLE = {
  init: {
    subscribe: step("init-subscribe", "RFC 6665 4.1.2.1", "notify-wait", "send-initial"),
    unsubscribe: over("init-unsubscribe", "D2", "unsubscribed"),
    accepted: never("init"),
    "too-brief": never("init"),
    forbidden: never("init"),
    nowhere: never("init"),
    gone: never("init"),
    misfit: never("init"),
    failed: never("init"),
    "notify-active": step("init-notify", "EV-05", "init"),
    "notify-pending": step("init-notify", "EV-05", "init"),
    "notify-terminated": step("init-notify", "EV-05", "init"),
    "timer-n": never("init"),
    unconfirmed: never("init"),
    "refresh-due": never("init"),
    expired: never("init"),
    idle: never("init"),
  },
  "notify-wait": {
    subscribe: step("wait-subscribe", "D2", "notify-wait"),
    unsubscribe: step("wait-unsubscribe", "D2", "withdrawing"),
    accepted: step("wait-accepted", "RFC 6665 4.1.2.1", "notify-wait", "note-expires"),
    "too-brief": step("wait-too-brief", "PR-08, RFC 6665 4.1.2.1", "notify-wait", "send-initial"),
    forbidden: over("wait-forbidden", "PR-07", "forbidden"),
    nowhere: over("wait-nowhere", "D2", "nowhere"),
    gone: over("wait-gone", "D2", "unavailable"),
    misfit: over("wait-misfit", "D2", "misfit"),
    failed: over("wait-failed", "D2", "unavailable"),
    "notify-active": step("wait-active", "EV-01", "active", "confirm", "announce-active", "document"),
    "notify-pending": step("wait-pending", "EV-01, PR-03", "pending", "confirm", "announce-pending"),
    "notify-terminated": over("wait-terminated", "EV-08, RFC 6665 4.1.3", "by-notifier"),
    "timer-n": over("wait-no-notify", "EV-02, RFC 6665 4.1.2.4", "no-notify"),
    unconfirmed: never("notify-wait"),
    "refresh-due": never("notify-wait"),
    expired: never("notify-wait"),
    idle: never("notify-wait"),
  },
  pending: {
    ...DIALOG_LOST,
    subscribe: step("pending-subscribe", "D2", "pending"),
    unsubscribe: step("pending-unsubscribe", "PR-09", "leaving"),
    accepted: step("pending-accepted", "RFC 6665 4.1.2.2", "pending", "note-expires"),
    "too-brief": step("pending-too-brief", "PR-08", "pending", "send-refresh"),
    misfit: step("pending-misfit", "EV-09", "pending", "retry-refresh"),
    failed: step("pending-failed", "EV-09", "pending", "retry-refresh"),
    "notify-active": step("pending-active", "PR-04", "active", "confirm", "announce-active", "document"),
    "notify-pending": step("pending-pending", "PR-03", "pending", "confirm"),
    unconfirmed: step("pending-unconfirmed", "C-31", "pending", "count-unconfirmed"),
    "refresh-due": step("pending-refresh", "PR-05", "pending", "send-refresh"),
    idle: step("pending-idle", "D2", "pending"),
  },
  active: {
    ...DIALOG_LOST,
    subscribe: step("active-subscribe", "D2", "active"),
    unsubscribe: step("active-unsubscribe", "PR-09", "leaving"),
    accepted: step("active-accepted", "RFC 6665 4.1.2.2", "active", "note-expires"),
    "too-brief": step("active-too-brief", "PR-08", "active", "send-refresh"),
    misfit: step("active-misfit", "EV-09", "active", "retry-refresh"),
    failed: step("active-failed", "EV-09", "active", "retry-refresh"),
    "notify-active": step("active-active", "EV-25", "active", "confirm", "document"),
    "notify-pending": step("active-pending", "D2", "pending", "confirm", "announce-pending"),
    "notify-terminated": over("active-terminated", "EV-08, RFC 6665 4.1.3", "by-notifier", "document"),
    unconfirmed: step("active-unconfirmed", "C-31", "active", "count-unconfirmed"),
    "refresh-due": step("active-refresh", "PR-05", "active", "send-refresh"),
    idle: step("active-idle", "D2", "active"),
  },
  withdrawing: {
    subscribe: step("withdrawing-subscribe", "D2", "withdrawing", "want-again"),
    unsubscribe: step("withdrawing-unsubscribe", "D2", "withdrawing", "want-no-more"),
    accepted: step("withdrawing-accepted", "D2", "withdrawing"),
    "too-brief": LEFT,
    forbidden: LEFT,
    nowhere: LEFT,
    gone: LEFT,
    misfit: LEFT,
    failed: LEFT,
    "notify-active": step("withdrawing-notify", "D2", "leaving", "confirm"),
    "notify-pending": step("withdrawing-notify", "D2", "leaving", "confirm"),
    "notify-terminated": LEFT,
    "timer-n": LEFT,
    unconfirmed: never("withdrawing"),
    "refresh-due": never("withdrawing"),
    expired: never("withdrawing"),
    idle: never("withdrawing"),
  },
  leaving: {
    subscribe: step("leaving-subscribe", "D2", "leaving", "want-again"),
    unsubscribe: step("leaving-unsubscribe", "D2", "leaving", "want-no-more"),
    accepted: step("leaving-answered", "D2", "leaving"),
    "too-brief": step("leaving-answered", "D2", "leaving"),
    forbidden: LEFT,
    nowhere: LEFT,
    gone: LEFT,
    misfit: step("leaving-answered", "D2", "leaving"),
    failed: step("leaving-answered", "D2", "leaving"),
    "notify-active": step("leaving-notify", "D2", "leaving"),
    "notify-pending": step("leaving-notify", "D2", "leaving"),
    "notify-terminated": LEFT,
    "timer-n": never("leaving"),
    unconfirmed: never("leaving"),
    "refresh-due": never("leaving"),
    expired: LEFT,
    idle: step("leaving-idle", "RFC 6665 4.1.2.3", "ending", "send-end"),
  },
  ending: {
    subscribe: step("ending-subscribe", "D2", "ending", "want-again"),
    unsubscribe: step("ending-unsubscribe", "D2", "ending", "want-no-more"),
    accepted: step("ending-accepted", "RFC 6665 4.1.2.3", "ending"),
    "too-brief": LEFT,
    forbidden: LEFT,
    nowhere: LEFT,
    gone: LEFT,
    misfit: LEFT,
    failed: LEFT,
    "notify-active": step("ending-notify", "D2", "ending"),
    "notify-pending": step("ending-notify", "D2", "ending"),
    "notify-terminated": LEFT,
    "timer-n": LEFT,
    unconfirmed: never("ending"),
    "refresh-due": never("ending"),
    expired: never("ending"),
    idle: step("ending-idle", "D2", "ending"),
  },
  terminated: {
    subscribe: step("terminated-subscribe", "EV-10", "terminated"),
    unsubscribe: step("terminated-unsubscribe", "D2", "terminated"),
    accepted: never("terminated"),
    "too-brief": never("terminated"),
    forbidden: never("terminated"),
    nowhere: never("terminated"),
    gone: never("terminated"),
    misfit: never("terminated"),
    failed: never("terminated"),
    "notify-active": step("terminated-notify", "EV-05", "terminated"),
    "notify-pending": step("terminated-notify", "EV-05", "terminated"),
    "notify-terminated": step("terminated-notify", "EV-05", "terminated"),
    "timer-n": never("terminated"),
    unconfirmed: never("terminated"),
    "refresh-due": never("terminated"),
    expired: never("terminated"),
    idle: never("terminated"),
  },
} as const satisfies Record<SubscriberState, Record<SubscriberEvent, SubscriberStep>>;
