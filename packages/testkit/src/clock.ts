import type { Deadline, IdSource } from "@tombolo/sip";

/** What the clock needs of a machine; every pure machine of Tombolo has it. */
export interface Clocked {
  nextDeadline(): Deadline | undefined;
  timeout(now: number): void;
}

/** Wake-ups at one and the same instant before the clock calls the machine a spinning one. */
export const MAX_WAKEUPS_PER_INSTANT = 1000;

/** A wake-up that took place: when (ms) and the reason the machine gave. */
export interface WakeUp {
  readonly at: number;
  readonly reason: string;
}

/**
 * Virtual time for pure machines. Time moves only by `advance`, which stops at every deadline in order, lets the
 * machine act, and then calls `drain`, where a test takes the machine's outputs and feeds them to others.
 */
export class VirtualClock {
  /** Wake-ups so far, oldest first. */
  readonly wakeUps: WakeUp[] = [];
  #now: number;
  readonly #machines = new Set<Clocked>();
  readonly #drain: () => void;

  /** `start` in ms. `drain` runs after each wake-up. */
  constructor(start = 0, drain: () => void = () => {}) {
    this.#now = start;
    this.#drain = drain;
  }

  /** ms. */
  get now(): number {
    return this.#now;
  }

  add(machine: Clocked): void {
    this.#machines.add(machine);
  }

  remove(machine: Clocked): void {
    this.#machines.delete(machine);
  }

  /** The earliest deadline of all machines. */
  nextDeadline(): Deadline | undefined {
    return this.#earliest()?.deadline;
  }

  /** Moves on by `ms`, deadline by deadline. Throws when a machine keeps asking for the same instant. */
  advance(ms: number): void {
    const target = this.#now + ms;
    let inThisInstant = 0;
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.deadline.at > target) break;
      inThisInstant = next.deadline.at > this.#now ? 0 : inThisInstant + 1;
      if (inThisInstant > MAX_WAKEUPS_PER_INSTANT) {
        throw new Error(`a machine asks again and again for ${this.#now} ms: ${next.deadline.reason}`);
      }
      this.#now = Math.max(this.#now, next.deadline.at);
      this.wakeUps.push({ at: this.#now, reason: next.deadline.reason });
      next.machine.timeout(this.#now);
      this.#drain();
    }
    this.#now = target;
  }

  #earliest(): { machine: Clocked; deadline: Deadline } | undefined {
    let best: { machine: Clocked; deadline: Deadline } | undefined;
    for (const machine of this.#machines) {
      const deadline = machine.nextDeadline();
      if (deadline !== undefined && (best === undefined || deadline.at < best.deadline.at)) {
        best = { machine, deadline };
      }
    }
    return best;
  }
}

/** An id source that counts: `id00000001`, `id00000002`... `prefix` of [a-z]. */
export function countingIds(prefix = "id"): IdSource {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}${String(count).padStart(Math.max(8, 10 - prefix.length), "0")}`;
  };
}

/** Repeatable numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
