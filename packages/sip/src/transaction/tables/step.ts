/** One cell of a transaction table: where it leads, what is done on the way, and the rule it comes from. */
export interface Step<State extends string, Action extends string> {
  readonly next: State;
  readonly actions: readonly Action[];
  readonly ref: string;
}

export function step<State extends string, Action extends string>(
  ref: string,
  next: State,
  ...actions: Action[]
): Step<State, Action> {
  return { next, actions, ref };
}

/** Nothing happens, on purpose. */
export function absorb<State extends string>(state: State, ref: string): Step<State, never> {
  return { next: state, actions: [], ref };
}

/** The driver never brings this event in this state: the timer does not run, or the transaction is gone. */
export function never<State extends string>(state: State): Step<State, never> {
  return { next: state, actions: [], ref: NEVER };
}

export const NEVER = "never";
