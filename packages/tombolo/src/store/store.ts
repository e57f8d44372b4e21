/** The port of the store: what the program asks of whatever keeps its state. */
import type { RecordKind, StoreRecord } from "./records.ts";
import type { StoreError } from "./store-error.ts";

/**
 * What became of a put. `taken`: will be written with the next commit. All others: nothing was changed, and what is on
 * disk is older.
 */
export type PutAnswer =
  | "taken"
  /** There are as many records of this kind as there may be, and this one is new. */
  | "too-many"
  /** Longer than `MAX_RECORD_CHARS`. */
  | "too-large"
  /** As many changes wait for the disk as may. Counted as missed. */
  | "queue-full"
  /** The disk does not take changes now, and this kind is a promise to somebody (`inTrouble: "refuse"`). */
  | "troubled";

/** Longest record as JSON, in characters. */
export const MAX_RECORD_CHARS = 262_144;

export interface Store {
  /** Why writing fails at present; undefined while it works. Everything goes on from memory meanwhile. */
  readonly trouble: StoreError | undefined;
  /**
   * Keeps a record, in place of one with the same key. The record is read now and may change afterwards.
   * @param again one with that key was put or loaded before, and not deleted since: saves a look for it. Default false.
   */
  put(record: StoreRecord, again?: boolean): PutAnswer;
  /** Forgets a record; one that is not there is no error. Always taken. */
  delete(kind: RecordKind, key: string): void;
  /**
   * Writes at once. Resolves when every change so far is on disk; then each survives what its kind says.
   * Rejects with a `StoreError` when that failed or is known to fail now; the changes stay queued.
   */
  flush(): Promise<void>;
  /**
   * All records, in portions; messages in the order in which they were first put. Before the first put, so that nothing is
   * read that is older than memory. Rejects with a `StoreError` (`damaged`).
   */
  loadAll(): AsyncIterable<readonly StoreRecord[]>;
  /** Writes what is queued and ends. Rejects when that could not be written. */
  close(): Promise<void>;
}

/** How an owner hears of what goes on behind the port. */
export interface StoreEvents {
  /** Writing has begun to fail: /readyz says so. Once per trouble. */
  readonly onTrouble: (why: StoreError) => void;
  /** Writing works again. @param missed puts answered `queue-full` since: where not 0, put everything once more */
  readonly onHealthy: (missed: number) => void;
  /** A record of that kind could not be understood; it stays on disk and was not loaded. */
  readonly onUnreadable: (kind: RecordKind) => void;
}
