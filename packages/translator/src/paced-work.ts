import type { Deadline, Millis } from "@tombolo/sip";

/** Items done at once. */
export const PACE_BATCH = 200;
/** Items looked at for a batch at most: those with nothing to be done don't count, but take time. */
export const PACE_LOOKS = 4_000;
/** Pause between batches, ms: 4,000 items a second, 120,000 in half a minute. */
export const PACE_INTERVAL: Millis = 50;

/** What is done with an item. @returns false where nothing was to be done. */
export type Work<T> = (item: T, now: Millis) => boolean;

interface Run<T> {
  readonly name: string;
  readonly items: readonly T[];
  readonly work: Work<T>;
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
  start(name: string, items: readonly T[], work: Work<T>, now: Millis): void {
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

  /** The runs that there are take turns, item by item. */
  private portion(now: Millis): void {
    let left = PACE_BATCH;
    for (let looks = 0; looks < PACE_LOOKS && left > 0 && this.runs.length > 0; looks++) {
      const run = this.runs[looks % this.runs.length]!;
      if (run.work(run.items[run.next++]!, now)) left -= 1;
      if (run.next >= run.items.length) this.runs.splice(this.runs.indexOf(run), 1);
    }
    this.dueAt = this.runs.length > 0 ? now + PACE_INTERVAL : undefined;
  }
}
