import type { FlatChanges } from "./change-queue.ts";
import type { RecordKind } from "./records.ts";

/** A part of a transaction. Parts come in order; the first opens it, the last commits it. */
export interface TransactionPart {
  readonly changes: FlatChanges;
  /** Of the whole transaction; the same in all its parts. */
  readonly survivesPowerLoss: boolean;
  readonly isLast: boolean;
}

/** Some records of one kind, in the order of their first put. */
export interface Portion {
  /** JSON, as put. */
  readonly records: readonly string[];
  /** Where the next portion begins; undefined after the last. */
  readonly next: number | undefined;
}

/** Characters of a portion, about. */
export const PORTION_CHARS = 524_288;

/** Where the changes go: the file, in a thread of its own or at hand. All reject with a `StoreError`. */
export interface Disk {
  /** Resolves when the part was taken, the last one when it is on disk. After a rejection nothing of the transaction is. */
  write(part: TransactionPart): Promise<void>;
  /** @param from 0, or what the last portion gave as `next` */
  read(kind: RecordKind, from: number): Promise<Portion>;
  close(): Promise<void>;
}
