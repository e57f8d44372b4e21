import type { Direction, Observation } from "../observation.ts";
import type { Pair } from "../pair.ts";

/** Tells that a watch is in another state than was told last; undefined stands for none. @returns the state now. */
export function observeChange(
  { pair, observe }: { readonly pair: Pair; readonly observe: (observation: Observation) => void },
  direction: Direction,
  from: string | undefined,
  to: string | undefined,
): string | undefined {
  if (from !== to) observe({ what: "subscription", direction, partner: pair.partner, from, to });
  return to;
}
