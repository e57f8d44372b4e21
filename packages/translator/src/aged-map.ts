import { detach, PlaceMap } from "@tombolo/sip";

/** One entry, between its neighbours in age. */
interface Aged<Value> {
  readonly key: string;
  readonly value: Value;
  older: Aged<Value> | undefined;
  newer: Aged<Value> | undefined;
}

/**
 * A map that knows its oldest entry at once. A plain `Map` does too, by insertion order, but walks over all that was
 * deleted before it: where entries leave at the old end all the time, that is most of the table. Its owner bounds it.
 */
export class AgedMap<Value> {
  private readonly entries = new PlaceMap<Aged<Value>>();
  private oldest: Aged<Value> | undefined;
  private youngest: Aged<Value> | undefined;

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Value | undefined {
    return this.entries.get(key)?.value;
  }

  /** The value of the entry that is there longest. */
  get first(): Value | undefined {
    return this.oldest?.value;
  }

  /** Adds an entry as the youngest; one with that key is replaced. */
  set(key: string, value: Value): void {
    this.delete(key);
    const entry = { key: detach(key), value, older: this.youngest, newer: undefined };
    if (this.youngest) this.youngest.newer = entry;
    else this.oldest = entry;
    this.youngest = entry;
    this.entries.set(entry.key, entry);
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    if (entry.older) entry.older.newer = entry.newer;
    else this.oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.youngest = entry.older;
    // An old entry must not keep those alive that came after it.
    entry.older = undefined;
    entry.newer = undefined;
  }

  deleteFirst(): void {
    if (this.oldest) this.delete(this.oldest.key);
  }
}
