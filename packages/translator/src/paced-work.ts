import type { Deadline, Millis } from "@tombolo/sip";

/** Items done at once. */
export const PACE_BATCH = 200;
/** Pause between batches, ms: 4,000 items a second, 120,000 in half a minute. */
export const PACE_INTERVAL: Millis = 50;

interface Run<T> {
  readonly name: string;
  readonly items: readonly T[];
  readonly work: (item: T, now: Millis) => void;
  next: number;
}

/** Work on very many items, done in portions so that neither we nor anybody else drowns in it. */
export class PacedWork<T> {
  private readonly runs: Run<T>[] = [];
  private dueAt: Millis | undefined;

  /** Items that wait. */
  get size(): number {
    return this.runs.reduce((sum, { items, next }) => sum + items.length - next, 0);
  }

  /** Begins with the first portion at once. A run of the same name that is under way is given up. */
  start(name: string, items: readonly T[], work: (item: T, now: Millis) => void, now: Millis): void {
    this.cancel(name);
    if (items.length === 0) return;
    this.runs.push({ name, items, work, next: 0 });
    if (this.dueAt === undefined) this.portion(now);
  }

  cancel(name: string): void {
    const at = this.runs.findIndex((run) => run.name === name);
    if (at >= 0) this.runs.splice(at, 1);
    if (this.runs.length === 0) this.dueAt = undefined;
  }

  nextDeadline(): Deadline | undefined {
    return this.dueAt === undefined ? undefined : { at: this.dueAt, reason: "next portion" };
  }

  timeout(now: Millis): void {
    if (this.dueAt !== undefined && this.dueAt <= now) this.portion(now);
  }

  /** The runs share a portion in the order in which they began. */
  private portion(now: Millis): void {
    let left = PACE_BATCH;
    while (left > 0 && this.runs.length > 0) {
      const run = this.runs[0]!;
      while (left > 0 && run.next < run.items.length) {
        left -= 1;
        run.work(run.items[run.next++]!, now);
      }
      if (run.next >= run.items.length) this.runs.splice(this.runs.indexOf(run), 1);
    }
    this.dueAt = this.runs.length > 0 ? now + PACE_INTERVAL : undefined;
  }
}
