/** Milliseconds on a monotonic clock that the caller owns. */
export type Millis = number;

/** When a machine wants `timeout` to be called, and why, so that every wake-up can be explained. */
export interface Deadline {
  readonly at: Millis;
  readonly reason: string;
}

/**
 * The contract of the link's state machine: inputs and the time go in, outputs and the next deadline come out.
 * A driver feeds inputs, drains `poll` to undefined, and calls `timeout` when the deadline is reached.
 */
export interface Machine<Input, Output> {
  handle(input: Input, now: Millis): void;
  /** Lets due timers act; harmless when called early. */
  timeout(now: Millis): void;
  nextDeadline(): Deadline | undefined;
  /** The next output, or undefined when there is none. */
  poll(): Output | undefined;
}

/** Unguessable tokens, injected so that tests can count instead. */
export type IdSource = () => string;
