import type { Deadline, Millis } from "../machine.ts";

/** Different durations a queue may hold. All durations are settings, so a programming error is what this bounds. */
export const MAX_TIMER_LANES = 32;

/** Something that can be woken once. It is its own list node, so arming and disarming cost no memory. */
export abstract class Timer {
  /** When it is due; meaningless while it is not armed. */
  dueAt: Millis = 0;
  lane: Lane | undefined = undefined;
  before: Timer | undefined = undefined;
  after: Timer | undefined = undefined;

  /** Why we wake, for people. */
  abstract get reason(): string;
}

interface Lane {
  readonly duration: Millis;
  first: Timer | undefined;
  last: Timer | undefined;
}

/**
 * Timers by duration: those of one duration come due in the order they were armed, so each duration is a plain list
 * and everything takes constant time. A disarmed timer is let go at once and pins nothing.
 */
export class TimerQueue<T extends Timer> {
  private readonly lanes: Lane[] = [];
  private armed = 0;

  /** Timers that are armed. */
  get size(): number {
    return this.armed;
  }

  /** Arms a timer, anew when it is armed already. */
  arm(timer: T, duration: Millis, now: Millis): void {
    this.disarm(timer);
    const lane = this.laneOf(duration);
    const { last } = lane;
    // A clock that stepped back must not put a later timer before an earlier one.
    timer.dueAt = last && last.dueAt > now + duration ? last.dueAt : now + duration;
    timer.lane = lane;
    timer.before = last;
    if (last) last.after = timer;
    else lane.first = timer;
    lane.last = timer;
    this.armed += 1;
  }

  disarm(timer: T): void {
    const { lane, before, after } = timer;
    if (!lane) return;
    if (before) before.after = after;
    else lane.first = after;
    if (after) after.before = before;
    else lane.last = before;
    timer.lane = undefined;
    timer.before = undefined;
    timer.after = undefined;
    this.armed -= 1;
  }

  /** The earliest timer that is due, disarmed; undefined when none is. */
  takeDue(now: Millis): T | undefined {
    const timer = this.earliest();
    if (!timer || timer.dueAt > now) return undefined;
    this.disarm(timer as T);
    return timer as T;
  }

  next(): Deadline | undefined {
    const timer = this.earliest();
    return timer && { at: timer.dueAt, reason: timer.reason };
  }

  private earliest(): Timer | undefined {
    let best: Timer | undefined;
    for (const { first } of this.lanes) {
      if (first && (best === undefined || first.dueAt < best.dueAt)) best = first;
    }
    return best;
  }

  private laneOf(duration: Millis): Lane {
    for (const lane of this.lanes) if (lane.duration === duration) return lane;
    if (this.lanes.length >= MAX_TIMER_LANES)
      throw new RangeError(`more than ${MAX_TIMER_LANES} timer durations`);
    const lane: Lane = { duration, first: undefined, last: undefined };
    this.lanes.push(lane);
    return lane;
  }
}
