/** Spent places at the front after which they are cut off, and places that are kept when it is empty. */
const COMPACT_AFTER = 1024;

/**
 * A first-in first-out list whose `shift` stays cheap when it is long. Its places are used again: a list that is emptied
 * would have to grow anew. Its owner bounds its length.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;
  /** Where the next item goes. */
  #tail = 0;

  get size(): number {
    return this.#tail - this.#head;
  }

  push(item: T): void {
    this.#items[this.#tail++] = item;
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** The youngest item, left in place. */
  last(): T | undefined {
    return this.size === 0 ? undefined : this.#items[this.#tail - 1];
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#head === this.#tail) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#tail) {
      if (this.#tail > COMPACT_AFTER) this.#items = [];
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head >= COMPACT_AFTER) {
      this.#items = this.#items.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return item;
  }

  /** True when some item passes the test. */
  some(test: (item: T) => boolean): boolean {
    for (let index = this.#head; index < this.#tail; index++) {
      if (test(this.#items[index] as T)) return true;
    }
    return false;
  }
}
