import type { Millis } from "../machine.ts";
import type { SubscriberEnd, SubscriberEvent, SubscriberState } from "./tables/subscriber.ts";
import type { EndMeaning, TerminationReason } from "./tables/subscription-end.ts";

export interface SubscriberSettings {
  /** Lifetime to ask for, in seconds. */
  readonly expires: number;
  /** Whether a refresh without a NOTIFY within timer N ends the dialog (RFC 6665 4.1.2.2) or only counts. Default: counts. */
  readonly strictTimerN?: boolean;
  /** Uniform in [0, 1), for the jitter of refreshes. */
  readonly random: () => number;
  /** A dialog from before a restart. `refreshAt` is where the caller spreads the refreshes out. */
  readonly resume?: {
    readonly state: "pending" | "active";
    readonly expiresAt: Millis;
    readonly refreshAt: Millis;
  };
  /** Told every table cell that was used, for explanations and coverage. */
  readonly trace?: (state: SubscriberState, event: SubscriberEvent, row: string) => void;
}

/** The final answer to the SUBSCRIBE under way. Expiries and `retryAfter` in seconds. */
export interface SubscribeAnswered {
  readonly kind: "response";
  readonly status: number;
  readonly expires?: number;
  readonly minExpires?: number;
  readonly retryAfter?: number;
}

/** The SUBSCRIBE under way will get no answer: transaction timeout, no connection. */
export interface SubscribeUnanswered {
  readonly kind: "no-response";
  /** For a person; comes back in `ended`. */
  readonly why: string;
}

/** A NOTIFY of this dialog, in CSeq order; the caller answers it. Fields of Subscription-State, in seconds. */
export interface Notified {
  readonly kind: "notify";
  readonly state: "active" | "pending" | "terminated";
  readonly reason?: string;
  readonly retryAfter?: number;
  readonly expires?: number;
  readonly hasBody: boolean;
}

export type SubscriberInput =
  | { readonly kind: "subscribe" }
  | { readonly kind: "unsubscribe" }
  /** Refresh now and not in its time, because the notifier may have forgotten; nothing where a SUBSCRIBE runs. */
  | { readonly kind: "refresh" }
  | SubscribeAnswered
  | SubscribeUnanswered
  | Notified;

export type SubscriberOutput =
  /** Send a SUBSCRIBE: outside a dialog (again with a higher CSeq after 423), or in it. `expires` in seconds. */
  | { readonly kind: "send"; readonly request: "initial" | "refresh" | "end"; readonly expires: number }
  /** The notifier has not decided, or has taken its decision back: nothing may be shown. */
  | { readonly kind: "pending" }
  /** The notifier has accepted. */
  | { readonly kind: "active" }
  /** The body of the NOTIFY at hand is news that may be shown. */
  | { readonly kind: "document" }
  /** A refresh was accepted but no NOTIFY followed in time; the dialog goes on. */
  | { readonly kind: "unconfirmed" }
  | SubscriptionEnded;

/** The dialog is over; nothing more comes. A new wish needs a new machine, Call-ID and From tag (EV-10). */
export interface SubscriptionEnded {
  readonly kind: "ended";
  readonly reason: Exclude<SubscriberEnd, "by-notifier"> | TerminationReason;
  readonly retry: EndMeaning["retry"];
  /** With `retry: "after"`: how long, in ms; absent where the caller's own backoff decides. */
  readonly afterMs?: number;
  readonly permanent: boolean;
  readonly presence: EndMeaning["presence"];
  /** The answer that ended it, if one did. */
  readonly status?: number;
  /** Why there was no answer, if that ended it. */
  readonly why?: string;
  /** Whether this dialog was ever active. */
  readonly wasActive: boolean;
}
