import type { Element } from "ltx";
import type { KeptResource } from "../kept.ts";
import type { Availability } from "../tables/system.ts";
import { readXmppPresence } from "../tables/xmpp-presence.ts";

/** What one resource of an XMPP user last said to this watcher. */
interface Resource {
  readonly state: Availability;
  readonly status: string | undefined;
  readonly priority: number;
}

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

/** The presence of one XMPP user as sent to one SIP watcher, resource by resource (design law 2: never shared). */
export class Resources {
  private readonly known = new Map<string, Resource>();

  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  /** Takes a presence stanza without type, or of type unavailable. Unavailable from a bare JID covers all (RFC 6121 4.5.4). */
  take(resource: string, stanza: Element): void {
    if (stanza.attrs.type === "unavailable") {
      if (resource === "") this.known.clear();
      else this.known.delete(resource);
      return;
    }
    this.known.delete(resource);
    if (this.known.size >= MAX_RESOURCES_PER_PAIR) this.known.delete(this.known.keys().next().value!);
    const { state, text } = readXmppPresence({
      show: stanza.getChildText("show") ?? undefined,
      status: stanza.getChildText("status") ?? undefined,
    });
    this.known.set(resource, { state, status: text, priority: priorityOf(stanza) });
  }

  clear(): void {
    this.known.clear();
  }

  /** All of them, the one that spoke last at the end. */
  list(): readonly KeptResource[] {
    return [...this.known].map(([resource, { state, status, priority }]) => ({
      resource,
      state,
      ...(status !== undefined && { status }),
      priority,
    }));
  }

  /** In place of all that is known. */
  restore(resources: readonly KeptResource[]): void {
    this.known.clear();
    for (const { resource, state, status, priority } of resources.slice(-MAX_RESOURCES_PER_PAIR))
      this.known.set(resource, { state, status, priority });
  }

  /** Highest priority first, then the most reachable, then the one that spoke last. */
  compose(): Composed {
    let best: Resource | undefined;
    for (const own of this.known.values()) {
      if (
        !best ||
        own.priority > best.priority ||
        (own.priority === best.priority && REACH[own.state] >= REACH[best.state])
      ) {
        best = own;
      }
    }
    return best ? { state: best.state, note: best.status, resources: this.list().toSorted(byRank) } : NOBODY;
  }
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
