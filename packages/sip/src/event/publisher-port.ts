import type { Millis } from "../machine.ts";
import type { PublisherEvent, PublisherState } from "./tables/publisher.ts";

export interface PublisherSettings {
  /** Lifetime to ask for, s. */
  readonly expires: number;
  /** Changes go out no closer together, ms; the latest state wins. */
  readonly pace: Millis;
  /** First pause after a PUBLISH that failed, ms; doubles up to `retryCap`. */
  readonly retryBase: Millis;
  readonly retryCap: Millis;
  /** Uniform in [0, 1), for the jitter of refreshes and retries. */
  readonly random: () => number;
  /** A publication of an earlier run. */
  readonly resume?: { readonly etag: string; readonly expiresAt: Millis };
  /** Told every table cell that was used, for explanations and coverage. */
  readonly trace?: (state: PublisherState, event: PublisherEvent, row: string) => void;
}

/** The final answer to the PUBLISH under way. Times in seconds. */
export interface PublishAnswered {
  readonly kind: "response";
  readonly status: number;
  /** SIP-ETag. */
  readonly etag?: string | undefined;
  readonly expires?: number | undefined;
  readonly minExpires?: number | undefined;
  readonly retryAfter?: number | undefined;
}

export type PublisherInput =
  /** There is a state to be shown, or another one than before. */
  | { readonly kind: "publish" }
  /** Nothing is to be shown any more. */
  | { readonly kind: "remove" }
  /** Refresh or try now and not in its time, because the server may have forgotten; nothing where a PUBLISH runs. */
  | { readonly kind: "refresh" }
  | PublishAnswered
  /** The PUBLISH under way will get no answer: transaction timeout, no connection. */
  | { readonly kind: "no-response" };

/** The four operations of RFC 3903 4, table 1: with SIP-If-Match and body as each has them. */
export type PublishOperation = "create" | "refresh" | "modify" | "remove";

/** Send a PUBLISH, with the state as it is now where the operation has a body. `expires` in seconds. */
export interface PublisherOutput {
  readonly kind: "send";
  readonly operation: PublishOperation;
  /** Value of SIP-If-Match. */
  readonly ifMatch: string | undefined;
  readonly expires: number;
}
