import type { Millis } from "@tombolo/sip";

/** Something that ends at a time. All of it is written by the queue it stands in; it stands in one at most. */
export interface Expiring {
  deadline: Millis;
  queue: unknown;
  earlier: Expiring | undefined;
  later: Expiring | undefined;
}

/** Things that all live equally long, so that the first in is the first out. They are their own list: nothing is made. */
export class ExpiryQueue<T extends Expiring> {
  readonly life: Millis;
  private first: Expiring | undefined;
  private last: Expiring | undefined;
  private count = 0;
  /** Not later than the first deadline: kept lazily, so that the common case of an early end costs nothing. */
  private wakeAt: Millis | undefined;

  constructor(life: Millis) {
    this.life = life;
  }

  get size(): number {
    return this.count;
  }

  /** The one that ends first. */
  get oldest(): T | undefined {
    return this.first as T | undefined;
  }

  /** Puts an item at the end, also when it is in already. It must not stand in another queue. */
  add(item: T, now: Millis): void {
    this.remove(item);
    item.deadline = now + this.life;
    item.queue = this;
    item.earlier = this.last;
    if (this.last === undefined) this.first = item;
    else this.last.later = item;
    this.last = item;
    this.count++;
    this.wakeAt ??= item.deadline;
  }

  /** Harmless for an item that stands elsewhere. */
  remove(item: T): void {
    if (item.queue !== this) return;
    const { earlier, later } = item;
    if (earlier === undefined) this.first = later;
    else earlier.later = later;
    if (later === undefined) this.last = earlier;
    else later.earlier = earlier;
    item.queue = undefined;
    item.earlier = undefined;
    item.later = undefined;
    this.count--;
  }

  /** When to ask `takeExpired`; at times there is nothing to take then. */
  get nextAt(): Millis | undefined {
    return this.wakeAt;
  }

  /** Takes out what is due, in order. */
  takeExpired(now: Millis): T[] {
    const due: T[] = [];
    if (this.wakeAt === undefined || this.wakeAt > now) return due;
    let item = this.oldest;
    for (; item !== undefined && item.deadline <= now; item = this.oldest) {
      due.push(item);
      this.remove(item);
    }
    this.wakeAt = item?.deadline;
    return due;
  }
}
