import { detach } from "@tombolo/sip";
import type { Element } from "ltx";
import type { KeptResource } from "../kept.ts";
import type { Availability } from "../tables/system.ts";
import { readXmppPresence } from "../tables/xmpp-presence.ts";

/** What a watcher sees of all resources together. */
export interface Composed {
  readonly state: Availability;
  /** The user's own words, or undefined. */
  readonly note: string | undefined;
  /** Each of them, by priority, reach and name: the same whichever spoke last. */
  readonly resources: readonly KeptResource[];
}

/** Nobody there, or nothing that this watcher may see: the two are not to be told apart (design law 4). */
export const NOBODY: Composed = { state: "Offline", note: undefined, resources: [] };

/** Resources remembered per pair; a user with more is judged by the ones that spoke last. */
export const MAX_RESOURCES_PER_PAIR = 32;

/** Of equal priority the more reachable one counts. */
const REACH: Readonly<Record<Availability, number>> = {
  Available: 8,
  Busy: 7,
  "Do Not Disturb": 6,
  "Be Right Back": 5,
  Idle: 4,
  Away: 3,
  "Extended Away": 2,
  Invisible: 1,
  Offline: 0,
};

const NONE: readonly never[] = [];

/** The presence of one XMPP user as sent to one SIP watcher, resource by resource (design law 2: never shared). */
export class Resources {
  /** What each last said to this watcher, the one that spoke last at the end. */
  private known: readonly KeptResource[] = NONE;

  get isEmpty(): boolean {
    return this.known.length === 0;
  }

  /** Takes a presence stanza without type, or of type unavailable. Unavailable from a bare JID covers all (RFC 6121 4.5.4). */
  take(resource: string, stanza: Element): void {
    if (stanza.attrs.type === "unavailable") {
      this.known = resource === "" ? NONE : this.without(resource);
      return;
    }
    const { state, text } = readXmppPresence({
      show: stanza.getChildText("show") ?? undefined,
      status: stanza.getChildText("status") ?? undefined,
    });
    // A slice of a stanza would hold all of it.
    const status = text === undefined ? {} : { status: detach(text) };
    const name = this.known.find((own) => own.resource === resource)?.resource ?? detach(resource);
    const spoken = { resource: name, state, ...status, priority: priorityOf(stanza) };
    const others = this.without(resource);
    this.known = others.length === 0 ? [spoken] : [...others, spoken].slice(-MAX_RESOURCES_PER_PAIR);
  }

  private without(resource: string): readonly KeptResource[] {
    // Mostly there is one.
    if (this.known.length === 1 && this.known[0]!.resource === resource) return NONE;
    const others = this.known.filter((own) => own.resource !== resource);
    return others.length === 0 ? NONE : others;
  }

  clear(): void {
    this.known = NONE;
  }

  /** All of them, the one that spoke last at the end. */
  list(): readonly KeptResource[] {
    return this.known;
  }

  /** In place of all that is known. */
  restore(resources: readonly KeptResource[]): void {
    this.known = resources.slice(-MAX_RESOURCES_PER_PAIR);
  }

  /**
   * Highest priority first, then the most reachable, then the one that spoke last.
   * @param besides what is known of the user from elsewhere, as if it were a resource that spoke last
   */
  compose(besides?: KeptResource): Composed {
    return compose(besides ? [...this.known, besides] : this.known);
  }
}

function compose(known: readonly KeptResource[]): Composed {
  let best: KeptResource | undefined;
  for (const own of known) {
    if (
      !best ||
      own.priority > best.priority ||
      (own.priority === best.priority && REACH[own.state] >= REACH[best.state])
    ) {
      best = own;
    }
  }
  if (!best) return NOBODY;
  return {
    state: best.state,
    note: best.status,
    resources: known.length === 1 ? known : known.toSorted(byRank),
  };
}

function byRank(a: KeptResource, b: KeptResource): number {
  const rank = b.priority - a.priority || REACH[b.state] - REACH[a.state];
  return rank || (a.resource < b.resource ? -1 : 1);
}

/** RFC 6121 4.7.2.3: -128 to 127, absent or unreadable is 0. */
function priorityOf(stanza: Element): number {
  const text = stanza.getChildText("priority")?.trim() ?? "0";
  const value = /^[+-]?[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  return value >= -128 && value <= 127 ? value : 0;
}
