/** Shifts after which the spent front of the array is cut off. */
const COMPACT_AFTER = 1024;

/** A first-in first-out list whose `shift` stays cheap when it is long. Its owner bounds its length. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** The youngest item, left in place. */
  last(): T | undefined {
    return this.size === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AFTER) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** True when some item passes the test. */
  some(test: (item: T) => boolean): boolean {
    for (let index = this.#head; index < this.#items.length; index++) {
      if (test(this.#items[index] as T)) return true;
    }
    return false;
  }
}
