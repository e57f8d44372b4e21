import type { Millis } from "../machine.ts";
import type { NotifierEvent, NotifierState } from "./tables/notifier.ts";

export interface NotifierSettings {
  /** Longest lifetime granted, in seconds. */
  readonly maxExpires: number;
  /** Shorter wishes are refused with 423, in seconds; counts only up to 3600 (RFC 6665 4.2.1.1). 0: none is too short. */
  readonly minExpires?: number;
  /** Lifetime of a SUBSCRIBE without Expires, in seconds. Default 3600 (RFC 3856 6.4). */
  readonly defaultExpires?: number;
  /** Changes are told no more often than this, in ms. Default 5000 (RFC 3856 6.10). */
  readonly notifyInterval?: number;
  /** A NOTIFY that nobody answers ends the dialog (RFC 6665 4.2.2), or the dialog is kept to its expiry. Default: end. */
  readonly unanswered?: "end" | "keep";
  /** A dialog from before a restart. `state-changed` brings its watcher up to date. */
  readonly resume?: { readonly state: "pending" | "active"; readonly expiresAt: Millis };
  /** Told every table cell that was used, for explanations and coverage. */
  readonly trace?: (state: NotifierState, event: NotifierEvent, row: string) => void;
}

/** Why we end a subscription ourselves, RFC 6665 4.1.3. */
export type EndReason = "deactivated" | "probation" | "rejected" | "timeout" | "giveup" | "noresource";

export type NotifierInput =
  /** A SUBSCRIBE for this dialog, the first, a refresh or the last. `expires` in seconds; absent if it had none. */
  | { readonly kind: "subscribe"; readonly expires?: number }
  /** What the watcher may see. Before the first `subscribe` it decides what the first NOTIFY says. */
  | { readonly kind: "authorise"; readonly state: "active" | "pending" }
  /** There is a newer document than the last NOTIFY carried. */
  | { readonly kind: "state-changed" }
  /** The final answer to the NOTIFY in flight. */
  | { readonly kind: "notify-answered"; readonly status: number }
  /** The NOTIFY in flight will get no answer. */
  | { readonly kind: "notify-unanswered" }
  /** We end it. `retryAfter` in seconds; `atOnce`: the watcher is told without waiting for its turn. */
  | {
      readonly kind: "end";
      readonly reason: EndReason;
      readonly retryAfter?: number;
      readonly atOnce?: boolean;
    };

export type NotifierOutput =
  /** Answer the SUBSCRIBE at hand with 200. `expires` in seconds. */
  | { readonly kind: "accept"; readonly status: 200; readonly expires: number }
  | { readonly kind: "refuse"; readonly status: 423; readonly minExpires: number }
  /** The subscription is over already. */
  | { readonly kind: "refuse"; readonly status: 481 }
  /**
   * Send a NOTIFY now, and report its outcome. `withBody`: with the newest document there is, or empty while there is
   * none; otherwise empty. The body of a last NOTIFY may be the document that says closed.
   */
  | { readonly kind: "notify"; readonly subscriptionState: string; readonly withBody: boolean }
  | NotificationEnded;

/** Nothing more comes. Outcomes of NOTIFYs still in flight need not be reported. */
export interface NotificationEnded {
  readonly kind: "ended";
  /**
   * `refused`: 423 to the first SUBSCRIBE. `never-subscribed`: ended before it. `unsubscribed`, `fetched`: the watcher's
   * own wish. `subscriber-gone`, `unanswered`: learned from a NOTIFY. Else our own reason; `timeout` is a lapse, too.
   */
  readonly reason:
    | EndReason
    | "refused"
    | "never-subscribed"
    | "unsubscribed"
    | "fetched"
    | "subscriber-gone"
    | "unanswered";
  /** The answer to a NOTIFY that ended it. */
  readonly status?: number;
}
