import type { PidfTuple } from "@tombolo/sip";
import { type PidfDialect, writePidf } from "./pidf-activity.ts";
import type { Availability } from "./system.ts";
import { tupleId } from "./tuple-id.ts";
import { contactPriority } from "./xmpp-priority.ts";

/** One XMPP resource as its watcher is to see it: the state is already the one for the watcher's system. */
export interface ResourceState {
  readonly resource: string;
  readonly state: Availability;
  readonly note?: string | undefined;
  /** -128 to 127. */
  readonly priority: number;
}

export interface TupleRules {
  readonly dialect: PidfDialect;
  /** URI for every contact: where the user gets messages (RFC 3863 4.1.2). */
  readonly contact: string;
  /** RFC 3339, for every tuple; later than that of the document before (RFC 3863 4.1.7). */
  readonly timestamp?: string;
}

/** The tuple id of a user without any resource. */
export const NOBODY_TUPLE_ID = "ID-none";

/**
 * One tuple per resource (RFC 8048 6.2), all of them in every document, because a document is the complete state (RFC
 * 3856 6.8, C-12). Without resources there is one closed tuple. The highest priority stands first, then the order given.
 */
export function resourceTuples(
  resources: readonly ResourceState[],
  rules: TupleRules,
): readonly [PidfTuple, ...PidfTuple[]] {
  const [first, ...rest] = [...resources].sort((a, b) => b.priority - a.priority);
  if (first === undefined) return [{ id: NOBODY_TUPLE_ID, basic: "closed", ...shared(rules) }];
  return [resourceTuple(first, rules), ...rest.map((resource) => resourceTuple(resource, rules))];
}

function resourceTuple({ resource, state, note, priority }: ResourceState, rules: TupleRules): PidfTuple {
  const { basic, activity, show } = writePidf(state, rules.dialect);
  const contact = contactPriority(priority);
  return {
    id: tupleId(resource),
    basic,
    ...(activity !== undefined && { activity }),
    ...(show !== undefined && { show }),
    ...(note !== undefined && note !== "" && { note }),
    ...(contact !== undefined && { priority: contact }),
    ...shared(rules),
  };
}

function shared({ contact, timestamp }: TupleRules): Pick<PidfTuple, "contact" | "timestamp"> {
  return { contact, ...(timestamp !== undefined && { timestamp }) };
}
