import type { PresenceBodySummary } from "@tombolo/sip";
import type { Availability, SystemKey } from "../tables/system.ts";
import type { MappedState, ShownPresence } from "./documents.ts";

/** Meanings of documents remembered at a time; there are about as many as states. */
export const MAX_REMEMBERED_MEANINGS = 64;

/**
 * What the tables said of states and documents that come again and again. One for each dialect, and made anew when that
 * changes.
 */
export class DialectMemory {
  /** By document, which is one object for all that are alike, and by the tables' name for the XMPP clients. */
  private readonly meanings = new Map<SystemKey, Map<PresenceBodySummary, ShownPresence>>();
  private readonly states = new Map<SystemKey, Map<Availability, MappedState>>();
  /** All of `states`. */
  private readonly own = new Set<MappedState>();
  /** The text before and behind the entity. */
  private readonly frames = new Map<MappedState, readonly [before: string, after: string]>();

  /** What a document means. */
  meaning(
    system: SystemKey,
    summary: PresenceBodySummary,
    read: () => ShownPresence | undefined,
  ): ShownPresence | undefined {
    const own = mapIn(this.meanings, system);
    const known = own.get(summary);
    if (known) return known;
    const shown = read();
    if (own.size >= MAX_REMEMBERED_MEANINGS) own.clear();
    if (shown) own.set(summary, shown);
    return shown;
  }

  /** How a state without words is seen: there are nine. */
  state(system: SystemKey, state: Availability, map: () => MappedState): MappedState {
    const known = mapIn(this.states, system);
    let mapped = known.get(state);
    if (!mapped) {
      mapped = map();
      known.set(state, mapped);
      this.own.add(mapped);
    }
    return mapped;
  }

  /** The document for one of those; undefined for any other state. */
  frame(
    mapped: MappedState,
    write: () => readonly [before: string, after: string],
  ): readonly [before: string, after: string] | undefined {
    const known = this.frames.get(mapped);
    if (known || !this.own.has(mapped)) return known;
    const frame = write();
    this.frames.set(mapped, frame);
    return frame;
  }
}

function mapIn<K, V>(maps: Map<SystemKey, Map<K, V>>, system: SystemKey): Map<K, V> {
  let own = maps.get(system);
  if (!own) {
    own = new Map();
    maps.set(system, own);
  }
  return own;
}
