/** The publisher of RFC 3903 4 as a table: one publication of one presentity at one server. `publisher.ts` drives it. */

export const PUBLISHER_STATES = [
  "idle",
  "creating",
  "published",
  "updating",
  "removing",
  "departing",
  "waiting",
  "refused",
] as const;

/**
 * `creating`, `updating` and `removing`: a PUBLISH is under way, never more than one (RFC 3903 4.1). `departing`: a
 * removal has failed and is tried again while the publication lives. `waiting`: there is none, and another try comes.
 * `refused`: as `waiting`, after an answer that no retry will soon change.
 */
export type PublisherState = (typeof PUBLISHER_STATES)[number];

export const PUBLISHER_EVENTS = [
  "publish",
  "remove",
  "accepted",
  "unmatched",
  "too-brief",
  "refused",
  "failed",
  "refresh-due",
  "retry-due",
  "expired",
  "changed",
  "unwanted",
] as const;

/**
 * `accepted` to `failed` are answers, sorted by `publishAnswerEvent`. `changed` and `unwanted`: nothing is under way, and
 * the state at the server is an old one, or should not be there.
 */
export type PublisherEvent = (typeof PUBLISHER_EVENTS)[number];

export type PublisherAction =
  | "send-create"
  | "send-refresh"
  | "send-modify"
  | "send-remove"
  | "again"
  | "want"
  | "want-no-more"
  | "adopt"
  | "forget"
  | "retry"
  | "retry-refresh"
  | "pause";

export interface PublisherStep {
  readonly row: string;
  readonly ref: string;
  readonly next: PublisherState;
  readonly actions: readonly PublisherAction[];
}

function step(
  row: string,
  ref: string,
  next: PublisherState,
  ...actions: readonly PublisherAction[]
): PublisherStep {
  return { row, ref, next, actions };
}

/** Rows that nothing leads to. */
export const NO_SUCH_PUBLISHER_EVENT = "never";

function never(state: PublisherState): PublisherStep {
  return step(NO_SUCH_PUBLISHER_EVENT, "", state);
}

/** Answers, where nothing is under way; they are dropped before they get here. */
function noAnswers(state: PublisherState) {
  return {
    accepted: never(state),
    unmatched: never(state),
    "too-brief": never(state),
    refused: never(state),
    failed: never(state),
  };
}

/** Nothing is due while a PUBLISH is under way. */
function noTimers(state: PublisherState) {
  return {
    "refresh-due": never(state),
    "retry-due": never(state),
    expired: never(state),
    changed: never(state),
    unwanted: never(state),
  };
}

const REMOVED = step("removing-over", "RFC 3903 4.5", "idle", "forget");

export const PUBLISHER_TABLE = {
  idle: {
    ...noAnswers("idle"),
    ...noTimers("idle"),
    changed: step("idle-changed", "RFC 3903 4.2", "creating", "send-create"),
    publish: step("idle-publish", "RFC 3903 4.2", "creating", "want", "send-create"),
    remove: step("idle-remove", "RFC 3903 4.5", "idle"),
  },
  creating: {
    ...noTimers("creating"),
    publish: step("creating-publish", "RFC 3903 4.1: one at a time", "creating", "want"),
    remove: step("creating-remove", "RFC 3903 4.1: one at a time", "creating", "want-no-more"),
    accepted: step("creating-accepted", "RFC 3903 4.2", "published", "adopt"),
    unmatched: step("creating-unmatched", "RFC 3903 4.6: never the same request again", "waiting", "retry"),
    "too-brief": step("creating-too-brief", "RFC 3903 4.6", "idle"),
    refused: step("creating-refused", "RFC 3903 4.6", "refused", "pause"),
    failed: step("creating-failed", "RFC 3903 4.6", "waiting", "retry"),
  },
  published: {
    ...noAnswers("published"),
    publish: step("published-publish", "RFC 3903 4.4", "published", "want"),
    remove: step("published-remove", "RFC 3903 4.5", "published", "want-no-more"),
    "refresh-due": step("published-refresh", "RFC 3903 4.3", "updating", "send-refresh"),
    "retry-due": never("published"),
    expired: step("published-expired", "RFC 3903 4.3", "creating", "forget", "send-create"),
    changed: step("published-changed", "RFC 3903 4.4", "updating", "send-modify"),
    unwanted: step("published-unwanted", "RFC 3903 4.5", "removing", "send-remove"),
  },
  updating: {
    ...noTimers("updating"),
    publish: step("updating-publish", "RFC 3903 4.1: one at a time", "updating", "want"),
    remove: step("updating-remove", "RFC 3903 4.1: one at a time", "updating", "want-no-more"),
    accepted: step("updating-accepted", "RFC 3903 4.3, 4.4", "published", "adopt"),
    unmatched: step("updating-unmatched", "RFC 3903 4.6: 412, anew where wanted", "idle", "forget"),
    "too-brief": step("updating-too-brief", "RFC 3903 4.6", "published", "again"),
    refused: step("updating-refused", "RFC 3903 4.6", "refused", "forget", "pause"),
    failed: step("updating-failed", "RFC 3903 4.6", "published", "retry-refresh"),
  },
  removing: {
    ...noTimers("removing"),
    publish: step("removing-publish", "RFC 3903 4.1: one at a time", "removing", "want"),
    remove: step("removing-remove", "RFC 3903 4.5", "removing", "want-no-more"),
    accepted: REMOVED,
    unmatched: REMOVED,
    "too-brief": step("removing-failed", "RFC 3903 4.5", "departing", "retry"),
    refused: REMOVED,
    failed: step("removing-failed", "RFC 3903 4.5", "departing", "retry"),
  },
  departing: {
    ...noAnswers("departing"),
    publish: step("departing-publish", "RFC 3903 4.4", "published", "want"),
    remove: step("departing-remove", "RFC 3903 4.5", "departing", "want-no-more"),
    "refresh-due": never("departing"),
    "retry-due": step("departing-retry", "RFC 3903 4.5", "removing", "send-remove"),
    expired: step("departing-expired", "RFC 3903 6: soft state", "idle", "forget"),
    changed: step("departing-wanted", "RFC 3903 4.4", "published"),
    unwanted: never("departing"),
  },
  waiting: {
    ...noAnswers("waiting"),
    publish: step("waiting-publish", "RFC 3903 4.6", "waiting", "want"),
    remove: step("waiting-remove", "RFC 3903 4.5", "idle", "want-no-more"),
    "refresh-due": never("waiting"),
    "retry-due": step("waiting-retry", "RFC 3903 4.2", "creating", "send-create"),
    expired: never("waiting"),
    changed: never("waiting"),
    unwanted: step("waiting-remove", "RFC 3903 4.5", "idle", "want-no-more"),
  },
  refused: {
    ...noAnswers("refused"),
    publish: step("refused-publish", "RFC 3903 4.6", "refused", "want"),
    remove: step("refused-remove", "RFC 3903 4.5", "idle", "want-no-more"),
    "refresh-due": never("refused"),
    "retry-due": step("refused-retry", "RFC 3903 4.2", "creating", "send-create"),
    expired: never("refused"),
    changed: never("refused"),
    unwanted: step("refused-remove", "RFC 3903 4.5", "idle", "want-no-more"),
  },
} as const satisfies Record<PublisherState, Record<PublisherEvent, PublisherStep>>;

export type PublishAnswerEvent = Extract<
  PublisherEvent,
  "accepted" | "unmatched" | "too-brief" | "refused" | "failed"
>;

/** Failures that are more than passing: the server does not serve this user, or does not publish at all. */
const REFUSALS: ReadonlySet<number> = new Set([
  400, 401, 403, 404, 405, 406, 407, 410, 415, 416, 420, 484, 485, 489, 493, 501, 505, 603, 604, 606,
]);

/** The event that a final answer to a PUBLISH is. What no row names passes by itself and is tried again. */
export function publishAnswerEvent(status: number): PublishAnswerEvent {
  if (status >= 200 && status < 300) return "accepted";
  if (status === 412) return "unmatched";
  if (status === 423) return "too-brief";
  return REFUSALS.has(status) ? "refused" : "failed";
}
