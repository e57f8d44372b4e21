import type { SubscriberEnd, SubscriberEvent } from "./subscriber.ts";

/** How long `probation` and `giveup` mean when the notifier does not say, in ms (D2). */
export const DEFAULT_RETRY_AFTER_MS = 300_000;
/** Longest Retry-After obeyed, and the pause after an answer that no retry will soon change, in ms. */
export const MAX_RETRY_AFTER_MS = 86_400_000;

/** What the end of a dialog means for the wish that it served. */
export interface EndMeaning {
  readonly row: string;
  readonly ref: string;
  /** `now`: a new dialog at once. `after`: later; without `afterMs` by the caller's backoff. `never`: on a new ask only. */
  readonly retry: "now" | "after" | "never";
  /** Used when the other side names no time. */
  readonly afterMs?: number;
  /** The other user, or their server, has withdrawn the authorization for good. */
  readonly permanent: boolean;
  /**
   * What becomes of the presence shown: `keep` it for good, keep it for a `grace` while a new dialog is tried, or it is
   * `lost` at once.
   */
  readonly presence: "keep" | "grace" | "lost";
}

/** Ends that we saw ourselves. What a NOTIFY says is in `TERMINATION_REASONS`. */
export const ENDS = {
  unsubscribed: { row: "end-unsubscribed", ref: "PR-09", retry: "never", permanent: false, presence: "lost" },
  forbidden: { row: "end-forbidden", ref: "PR-07", retry: "never", permanent: true, presence: "lost" },
  nowhere: {
    row: "end-nowhere",
    ref: "D2",
    retry: "after",
    afterMs: MAX_RETRY_AFTER_MS,
    permanent: false,
    presence: "lost",
  },
  misfit: {
    row: "end-misfit",
    ref: "D2",
    retry: "after",
    afterMs: MAX_RETRY_AFTER_MS,
    permanent: false,
    presence: "lost",
  },
  unavailable: { row: "end-unavailable", ref: "D2", retry: "after", permanent: false, presence: "grace" },
  "no-notify": { row: "end-no-notify", ref: "EV-02", retry: "after", permanent: false, presence: "grace" },
  unrefreshed: { row: "end-unrefreshed", ref: "C-31", retry: "now", permanent: false, presence: "grace" },
  "dialog-gone": { row: "end-dialog-gone", ref: "EV-09", retry: "now", permanent: false, presence: "grace" },
  expired: { row: "end-expired", ref: "D2", retry: "after", permanent: false, presence: "lost" },
} as const satisfies Record<Exclude<SubscriberEnd, "by-notifier">, EndMeaning>;

export type TerminationReason =
  | "deactivated"
  | "probation"
  | "rejected"
  | "timeout"
  | "giveup"
  | "noresource"
  | "invariant"
  | "none";

/** Reasons of terminated, RFC 6665 4.1.3; `none` stands for no reason and for unknown ones. */
export const TERMINATION_REASONS = {
  deactivated: { row: "reason-deactivated", ref: "EV-08", retry: "now", permanent: false, presence: "grace" },
  timeout: { row: "reason-timeout", ref: "EV-08", retry: "now", permanent: false, presence: "grace" },
  probation: {
    row: "reason-probation",
    ref: "EV-08",
    retry: "after",
    afterMs: DEFAULT_RETRY_AFTER_MS,
    permanent: false,
    presence: "grace",
  },
  giveup: {
    row: "reason-giveup",
    ref: "EV-08",
    retry: "after",
    afterMs: DEFAULT_RETRY_AFTER_MS,
    permanent: false,
    presence: "grace",
  },
  rejected: { row: "reason-rejected", ref: "EV-08", retry: "never", permanent: true, presence: "lost" },
  noresource: { row: "reason-noresource", ref: "EV-08", retry: "never", permanent: true, presence: "lost" },
  invariant: { row: "reason-invariant", ref: "EV-08", retry: "never", permanent: false, presence: "keep" },
  none: { row: "reason-none", ref: "EV-08", retry: "after", permanent: false, presence: "grace" },
} as const satisfies Record<TerminationReason, EndMeaning>;

/** The reason of a terminated Subscription-State as one that we know. Some notifiers say `expired` for `timeout`. */
export function terminationReason(reason: string | undefined): TerminationReason {
  if (reason === "expired") return "timeout";
  return reason !== undefined && Object.hasOwn(TERMINATION_REASONS, reason)
    ? (reason as TerminationReason)
    : "none";
}

type AnswerEvent = Extract<
  SubscriberEvent,
  "accepted" | "too-brief" | "forbidden" | "nowhere" | "gone" | "misfit" | "failed"
>;

/** Failures that are more than passing: EV-09 names those that end a dialog (`nowhere`, `gone`), D2 the others. */
const FAILURES: Readonly<Record<number, AnswerEvent>> = {
  400: "misfit",
  403: "forbidden",
  404: "nowhere",
  405: "nowhere",
  406: "misfit",
  410: "nowhere",
  416: "nowhere",
  420: "misfit",
  423: "too-brief",
  480: "gone",
  481: "gone",
  482: "gone",
  483: "gone",
  484: "nowhere",
  485: "nowhere",
  489: "forbidden",
  501: "nowhere",
  603: "forbidden",
  604: "nowhere",
};

/** The event that a final answer to a SUBSCRIBE is. What no row names passes by itself and is tried again. */
export function answerEvent(status: number): AnswerEvent {
  return status >= 200 && status < 300 ? "accepted" : (FAILURES[status] ?? "failed");
}

/** EV-18, RFC 6665 4.2.2: answers to NOTIFY after which the subscription is gone at the subscriber's side. */
export const NOTIFY_GONE: ReadonlySet<number> = new Set([
  404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604,
]);
