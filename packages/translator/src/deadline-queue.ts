import type { Deadline, Millis } from "@tombolo/sip";

/** Something that may want to be woken. */
export interface Sleeper {
  nextDeadline(): Deadline | undefined;
  timeout(now: Millis): void;
}

interface Entry<T> {
  readonly at: Millis;
  readonly sleeper: T;
}

/**
 * The deadlines of many sleepers, earliest first: a binary heap with lazy removal. A sleeper has one live entry;
 * older ones are skipped when they surface.
 */
export class DeadlineQueue<T extends Sleeper> {
  private readonly heap: Entry<T>[] = [];
  private readonly live = new Map<T, Millis>();

  /** Reads the sleeper's deadline anew; call it after everything that may have changed it. */
  update(sleeper: T): void {
    const deadline = sleeper.nextDeadline();
    if (!deadline) {
      this.live.delete(sleeper);
      return;
    }
    if (this.live.get(sleeper) === deadline.at) return;
    this.live.set(sleeper, deadline.at);
    this.push({ at: deadline.at, sleeper });
  }

  remove(sleeper: T): void {
    this.live.delete(sleeper);
  }

  get size(): number {
    return this.live.size;
  }

  next(): Deadline | undefined {
    const entry = this.first();
    return entry && { at: entry.at, reason: entry.sleeper.nextDeadline()?.reason ?? "sleeper" };
  }

  /** The next sleeper that is due, taken off the queue; call `update` for it after its `timeout`. */
  takeDue(now: Millis): T | undefined {
    const entry = this.first();
    if (!entry || entry.at > now) return undefined;
    this.pop();
    this.live.delete(entry.sleeper);
    return entry.sleeper;
  }

  private first(): Entry<T> | undefined {
    while (this.heap.length > 0) {
      const entry = this.heap[0]!;
      if (this.live.get(entry.sleeper) === entry.at) return entry;
      this.pop();
    }
    return undefined;
  }

  private push(entry: Entry<T>): void {
    const { heap } = this;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}
