import { detach } from "./dialog/detach.ts";

/**
 * A map for what comes and goes with every message. A plain `Map` that does leaves outgrown tables behind, each leading
 * to the next: once one of them is old, all that those after it ever held stays until the next full collection, and is
 * moved about by every small one before. Here the tables lead to places only, and a place is emptied at once.
 */
export class PlaceMap<Value> {
  private readonly places: (Value | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly byKey = new Map<string, number>();

  get size(): number {
    return this.byKey.size;
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  get(key: string): Value | undefined {
    const place = this.byKey.get(key);
    return place === undefined ? undefined : this.places[place];
  }

  set(key: string, value: Value): void {
    const known = this.byKey.get(key);
    const place = known ?? this.free.pop() ?? this.places.length;
    this.places[place] = value;
    // Only the key is left in old tables: it must not hold the message that it was cut from.
    if (known === undefined) this.byKey.set(detach(key), place);
  }

  /** @returns false when there is none. */
  delete(key: string): boolean {
    const place = this.byKey.get(key);
    if (place === undefined) return false;
    this.byKey.delete(key);
    this.places[place] = undefined;
    this.free.push(place);
    return true;
  }

  /** In the order in which their keys came. The map may be changed meanwhile, as a `Map` may. */
  *values(): IterableIterator<Value> {
    for (const place of this.byKey.values()) yield this.places[place] as Value;
  }
}
