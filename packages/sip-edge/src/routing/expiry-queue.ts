import type { Millis } from "@tombolo/sip";

/** Something that ends at a time; `deadline` is written by the queue it stands in. */
export interface Expiring {
  deadline: Millis;
}

/** Things that all live equally long, so that the first in is the first out. */
export class ExpiryQueue<T extends Expiring> {
  readonly life: Millis;
  private readonly items = new Set<T>();
  /** Not later than the first deadline: kept lazily, so that the common case of an early end costs nothing. */
  private wakeAt: Millis | undefined;

  constructor(life: Millis) {
    this.life = life;
  }

  get size(): number {
    return this.items.size;
  }

  /** Puts an item at the end, also when it is in already. */
  add(item: T, now: Millis): void {
    this.items.delete(item);
    item.deadline = now + this.life;
    this.items.add(item);
    this.wakeAt ??= item.deadline;
  }

  remove(item: T): void {
    this.items.delete(item);
  }

  /** When to ask `takeExpired`; at times there is nothing to take then. */
  get nextAt(): Millis | undefined {
    return this.wakeAt;
  }

  /** Takes out what is due, in order. */
  takeExpired(now: Millis): T[] {
    const due: T[] = [];
    if (this.wakeAt === undefined || this.wakeAt > now) return due;
    this.wakeAt = undefined;
    for (const item of this.items) {
      if (item.deadline > now) {
        this.wakeAt = item.deadline;
        break;
      }
      due.push(item);
    }
    for (const item of due) this.items.delete(item);
    return due;
  }
}
