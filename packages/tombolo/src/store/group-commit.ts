import type { ChangeQueue } from "./change-queue.ts";
import type { Disk } from "./disk.ts";
import { asStoreError, type StoreError, storeError } from "./store-error.ts";

/** How long the first change waits for others to share its transaction, ms. */
export const COMMIT_DELAY_MS = 5;
/** The same while nothing but what may wait long has changed, ms. */
export const LONG_COMMIT_DELAY_MS = 250;
/** Pauses between tries while writing fails, ms: the first, doubled up to the longest. */
export const RETRY_MS = 1_000;
export const MAX_RETRY_MS = 15_000;
/** A transaction that takes longer is trouble, ms. */
export const SLOW_COMMIT_MS = 5_000;

/** Timers as the program has them; `after` gives what stops it. */
export interface Timers {
  after(ms: number, action: () => void): () => void;
}

export const SYSTEM_TIMERS: Timers = {
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

export interface CommitContext {
  readonly queue: ChangeQueue;
  readonly disk: Disk;
  readonly timers: Timers;
  /** Of the file, for messages. */
  readonly path: string;
  /** Once per trouble. */
  readonly onTrouble: (why: StoreError) => void;
  /** Once per trouble that is over. */
  readonly onHealthy: () => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (why: StoreError) => void;
}

/** Brings what is queued to the disk: one transaction at a time, each with all that came while the last was on its way. */
export class GroupCommit {
  private readonly context: CommitContext;
  private stopTimer: (() => void) | undefined;
  /** All that waits may wait long. */
  private isPatient = true;
  private isWriting = false;
  private isClosed = false;
  private retry = RETRY_MS;
  /** Wait for the transaction on its way, and for the one after it. */
  private current: Waiter[] = [];
  private next: Waiter[] = [];
  private troubleNow: StoreError | undefined;

  constructor(context: CommitContext) {
    this.context = context;
  }

  get trouble(): StoreError | undefined {
    return this.troubleNow;
  }

  /** Something was queued. @param wait how long it may wait */
  schedule(wait: "brief" | "long"): void {
    if (wait === "brief" && this.isPatient) {
      this.isPatient = false;
      if (!this.troubleNow) this.stopWaiting();
    }
    this.plan();
  }

  private plan(): void {
    if (this.isWriting || this.stopTimer || this.isClosed) return;
    const delay = this.isPatient ? LONG_COMMIT_DELAY_MS : COMMIT_DELAY_MS;
    const pause = this.troubleNow ? this.retry : delay;
    this.stopTimer = this.context.timers.after(pause, () => {
      this.stopTimer = undefined;
      void this.run();
    });
  }

  /** What is queued is more than may wait. */
  fallBehind(what: string): void {
    this.enterTrouble(storeError("behind", this.context.path, what));
  }

  /** Resolves when all that is queued is on disk; rejects when writing fails, or is failing now. */
  flush(): Promise<void> {
    const { queue } = this.context;
    if (this.troubleNow) return Promise.reject(this.troubleNow);
    if (!queue.hasPending && !this.isWriting) return Promise.resolve();
    return new Promise((resolve, reject) => {
      (queue.hasPending ? this.next : this.current).push({ resolve, reject });
      if (!this.isWriting) this.hurry();
    });
  }

  /** Writes what is queued, whatever the trouble, and takes no more. Rejects when it stays unwritten. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stopWaiting();
    if (!this.isWriting && this.context.queue.hasPending) void this.run();
    if (this.isWriting) {
      await new Promise<void>((resolve, reject) => {
        (this.context.queue.hasPending ? this.next : this.current).push({ resolve, reject });
      });
    }
  }

  private hurry(): void {
    this.stopWaiting();
    void this.run();
  }

  private stopWaiting(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  private async run(): Promise<void> {
    if (this.isWriting) return;
    this.isWriting = true;
    do {
      this.current = this.next;
      this.next = [];
      const isDone = await this.commit();
      if (!isDone) break;
      for (const { resolve } of this.current.splice(0)) resolve();
    } while (this.next.length > 0);
    this.isWriting = false;
    if (this.context.queue.hasPending) this.plan();
  }

  /** One transaction; false when it failed. */
  private async commit(): Promise<boolean> {
    const { queue, disk, timers, path } = this.context;
    const stopWatch = timers.after(SLOW_COMMIT_MS, () =>
      this.enterTrouble(
        storeError("behind", path, `the disk has not answered for ${SLOW_COMMIT_MS / 1000} s`),
      ),
    );
    try {
      this.isPatient = true;
      const transaction = queue.take();
      if (transaction) {
        const { slices, survivesPowerLoss } = transaction;
        for (const [changes, isLast] of withLast(slices))
          await disk.write({ changes, survivesPowerLoss, isLast });
        queue.settle();
      }
      this.leaveTrouble();
      return true;
    } catch (error) {
      queue.putBack();
      this.isPatient = false;
      this.fail(asStoreError(error, path));
      return false;
    } finally {
      stopWatch();
    }
  }

  private fail(why: StoreError): void {
    if (this.troubleNow) this.retry = Math.min(2 * this.retry, MAX_RETRY_MS);
    this.enterTrouble(why);
    for (const { reject } of [...this.current.splice(0), ...this.next.splice(0)]) reject(why);
  }

  private enterTrouble(why: StoreError): void {
    const isNew = this.troubleNow === undefined;
    this.troubleNow = why;
    if (isNew) this.context.onTrouble(why);
  }

  private leaveTrouble(): void {
    this.retry = RETRY_MS;
    if (!this.troubleNow) return;
    this.troubleNow = undefined;
    this.context.onHealthy();
  }
}

/** Each item and whether it is the last. */
function* withLast<T>(items: Iterable<T>): Generator<readonly [item: T, isLast: boolean]> {
  let held: { readonly item: T } | undefined;
  for (const item of items) {
    if (held) yield [held.item, false];
    held = { item };
  }
  if (held) yield [held.item, true];
}
