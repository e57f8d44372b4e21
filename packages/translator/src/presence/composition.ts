import type { Millis } from "@tombolo/sip";
import type { ShownPresence } from "./documents.ts";

/** What one source says of a SIP user, and since when. */
export interface Said {
  readonly presence: ShownPresence;
  /** When it began to say this; saying it again does not count, ms. */
  readonly since: Millis;
}

/**
 * The one of several sources that counts: open before closed, because a source that is closed knows only that the user
 * is not there; of those that are alike the one that changed last, where the user was last. Undefined where there is
 * none.
 */
export function compose(sources: Iterable<Said | undefined>): Said | undefined {
  let best: Said | undefined;
  for (const said of sources) {
    if (
      said &&
      (!best || isOpen(said) > isOpen(best) || (isOpen(said) === isOpen(best) && said.since >= best.since))
    )
      best = said;
  }
  return best;
}

function isOpen({ presence }: Said): boolean {
  return presence.type === undefined;
}
