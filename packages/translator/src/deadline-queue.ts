import type { Deadline, Millis } from "@tombolo/sip";

/** `Sleeper.queuePlace` of one that is in no queue. */
export const NOT_QUEUED = -1;

/** Something that may want to be woken, by one queue. */
export interface Sleeper {
  nextDeadline(): Deadline | undefined;
  timeout(now: Millis): void;
  /** Where it stands in its queue, which alone changes it; `NOT_QUEUED` at first. */
  queuePlace: number;
}

/**
 * The deadlines of many sleepers, earliest first: a binary heap. Each sleeper knows its place, so that one whose deadline
 * has not moved costs a look, and nothing is kept of deadlines that hold no more.
 */
export class DeadlineQueue<T extends Sleeper> {
  /** The heap, as two lists: numbers by themselves lie close together. */
  private readonly times: Millis[] = [];
  private readonly sleepers: T[] = [];
  /** What `next` said last, and of whom: it is asked after each input, and mostly it is the same. */
  private said: Deadline | undefined;
  private saidOf: T | undefined;

  /** Reads the sleeper's deadline anew; call it after everything that may have changed it. */
  update(sleeper: T): void {
    const deadline = sleeper.nextDeadline();
    const place = sleeper.queuePlace;
    if (!deadline) this.remove(sleeper);
    else if (place === NOT_QUEUED) this.settle(this.sleepers.length, sleeper, deadline.at);
    else if (this.times[place] !== deadline.at) this.settle(place, sleeper, deadline.at);
  }

  remove(sleeper: T): void {
    const place = sleeper.queuePlace;
    if (place === NOT_QUEUED) return;
    sleeper.queuePlace = NOT_QUEUED;
    const last = this.sleepers.pop()!;
    const at = this.times.pop()!;
    if (last !== sleeper) this.settle(place, last, at);
  }

  /** Sleepers that want to be woken. */
  get size(): number {
    return this.sleepers.length;
  }

  next(): Deadline | undefined {
    const first = this.sleepers[0];
    const at = this.times[0];
    if (first !== this.saidOf || at !== this.said?.at) {
      this.saidOf = first;
      this.said = first && { at: at!, reason: first.nextDeadline()?.reason ?? "sleeper" };
    }
    return this.said;
  }

  /** The next sleeper that is due, taken off the queue; call `update` for it after its `timeout`. */
  takeDue(now: Millis): T | undefined {
    const first = this.sleepers[0];
    if (!first || this.times[0]! > now) return undefined;
    this.remove(first);
    return first;
  }

  /** Puts a sleeper where it belongs, from `place` on, which is free. */
  private settle(place: number, sleeper: T, at: Millis): void {
    const risen = this.rise(place, at);
    const settled = risen === place ? this.sink(place, at) : risen;
    this.put(settled, sleeper, at);
  }

  /** Moves those down that stand above `place` and are later. @returns the place that is free then. */
  private rise(place: number, at: Millis): number {
    let free = place;
    while (free > 0) {
      const parent = (free - 1) >> 1;
      if (this.times[parent]! <= at) break;
      this.put(free, this.sleepers[parent]!, this.times[parent]!);
      free = parent;
    }
    return free;
  }

  /** Moves those up that stand below `place` and are earlier. @returns the place that is free then. */
  private sink(place: number, at: Millis): number {
    const { times } = this;
    let free = place;
    for (let child = 2 * free + 1; child < times.length; child = 2 * free + 1) {
      if (child + 1 < times.length && times[child + 1]! < times[child]!) child += 1;
      if (times[child]! >= at) break;
      this.put(free, this.sleepers[child]!, times[child]!);
      free = child;
    }
    return free;
  }

  private put(place: number, sleeper: T, at: Millis): void {
    this.times[place] = at;
    this.sleepers[place] = sleeper;
    sleeper.queuePlace = place;
  }
}
