import type { Millis } from "@tombolo/sip";
import { AgedMap } from "../aged-map.ts";

/** Texts remembered at a time, over all pairs. Over it the oldest are forgotten. */
export const MAX_RECENT_TEXTS = 100_000;
/** How long a text is known again, ms (standards: D5). */
export const RECENT_TEXT_LASTS: Millis = 600_000;

/** What has become of a text so far. */
export type Fate = "open" | "done";

/**
 * Texts that came lately, so that one that comes again is not shown again. One that failed is forgotten: sending it again
 * is what its sender should do.
 */
export class RecentTexts {
  private readonly limit: number;
  private readonly known = new AgedMap<{ readonly since: Millis; fate: Fate }>();

  constructor(limit = MAX_RECENT_TEXTS) {
    this.limit = limit;
  }

  get size(): number {
    return this.known.size;
  }

  fateOf(key: string, now: Millis): Fate | undefined {
    const entry = this.known.get(key);
    return entry && now < entry.since + RECENT_TEXT_LASTS ? entry.fate : undefined;
  }

  begin(key: string, now: Millis): void {
    this.known.set(key, { since: now, fate: "open" });
    for (let oldest = this.known.first; oldest; oldest = this.known.first) {
      if (this.known.size <= this.limit && now < oldest.since + RECENT_TEXT_LASTS) break;
      this.known.deleteFirst();
    }
  }

  done(key: string | undefined): void {
    const entry = key === undefined ? undefined : this.known.get(key);
    if (entry) entry.fate = "done";
  }

  failed(key: string | undefined): void {
    if (key !== undefined) this.known.delete(key);
  }
}

/** A short stand-in for a text in a key: equal texts have equal ones, FNV-1a over UTF-16 units, and the length. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.length.toString(36)}.${(hash >>> 0).toString(36)}`;
}
