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

/** Outdated entries kept besides one for each sleeper, before the heap is built anew. */
const SLACK = 64;

/**
 * The deadlines of many sleepers, earliest first: a binary heap with lazy removal. A sleeper has one live entry; older
 * ones are skipped when they surface, and swept out when they are more than the live ones.
 */
export class DeadlineQueue<T extends Sleeper> {
  private heap: Entry<T>[] = [];
  private readonly live = new Map<T, Entry<T>>();

  /** Reads the sleeper's deadline anew; call it after everything that may have changed it. */
  update(sleeper: T): void {
    const deadline = sleeper.nextDeadline();
    if (!deadline) {
      this.live.delete(sleeper);
      return;
    }
    if (this.live.get(sleeper)?.at === deadline.at) return;
    const entry = { at: deadline.at, sleeper };
    this.live.set(sleeper, entry);
    this.push(entry);
    if (this.heap.length > 2 * this.live.size + SLACK) this.sweep();
  }

  remove(sleeper: T): void {
    this.live.delete(sleeper);
  }

  /** Sleepers that want to be woken. */
  get size(): number {
    return this.live.size;
  }

  /** Entries held, live or outdated: at most twice the live ones and a little. */
  get entries(): number {
    return this.heap.length;
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
      if (this.live.get(entry.sleeper) === entry) return entry;
      this.pop();
    }
    return undefined;
  }

  /** A sorted array is a heap. */
  private sweep(): void {
    this.heap = [...this.live.values()].sort((a, b) => a.at - b.at);
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
