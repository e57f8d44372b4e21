/**
 * The contract of every state machine in Tombolo: inputs and the time go in, outputs and the next deadline come out.
 * A driver feeds one input, drains `poll` to undefined, then feeds the next.
 */

/** Milliseconds on a monotonic clock that the caller owns. */
export type Millis = number;

/** When a machine wants `timeout` to be called, and why, so that every wake-up can be explained. */
export interface Deadline {
  readonly at: Millis;
  readonly reason: string;
}

export interface Machine<Input, Output> {
  /** One thing that happened. Results are taken with `poll`. */
  handle(input: Input, now: Millis): void;
  /** Lets due timers act; harmless when called early. */
  timeout(now: Millis): void;
  nextDeadline(): Deadline | undefined;
  /** The next output, or undefined when there is none. */
  poll(): Output | undefined;
}

/** Unguessable tokens, injected so that tests can count instead. Each call gives a new one of [0-9a-z], 10 to 24 long. */
export type IdSource = () => string;
