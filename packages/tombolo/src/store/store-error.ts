/** What went wrong with the store, and whose doing it is. */
export type StoreFault =
  /** Another process has it. */
  | "locked"
  /** Written by a newer version. */
  | "newer"
  /** A file, but none of ours. */
  | "foreign"
  | "damaged"
  /** May not be read or written. */
  | "forbidden"
  | "disk-full"
  | "disk-failed"
  /** Removed or replaced while in use. */
  | "gone"
  /** The disk is slower than the changes, or does not answer. */
  | "behind"
  /** Used after `close`. */
  | "closed";

/** One sentence for the administrator: the file, what is wrong and what to do. */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
  readonly fault: StoreFault;

  constructor(fault: StoreFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const FAULTS: Readonly<Record<number, StoreFault>> = {
  3: "forbidden", // SQLITE_PERM
  5: "locked", // SQLITE_BUSY
  6: "locked", // SQLITE_LOCKED
  8: "forbidden", // SQLITE_READONLY
  10: "disk-failed", // SQLITE_IOERR
  11: "damaged", // SQLITE_CORRUPT
  13: "disk-full", // SQLITE_FULL
  14: "forbidden", // SQLITE_CANTOPEN
  23: "forbidden", // SQLITE_AUTH
  26: "damaged", // SQLITE_NOTADB
};

const FILE_FAULTS: Readonly<Record<string, StoreFault>> = {
  EACCES: "forbidden",
  EPERM: "forbidden",
  EROFS: "forbidden",
  EISDIR: "foreign",
  ENOTDIR: "foreign",
  EEXIST: "foreign",
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
};

/** What the system says of a path in words that name the call and not the fault. */
const IN_WORDS: Readonly<Record<string, string>> = {
  EISDIR: "this is a directory",
  ENOTDIR: "a part of this path is a file and no directory",
  EEXIST: "a part of this path is a file and no directory",
};

/** What the administrator does about it; begins after "FILE: what SQLite or the system said". */
const CURES: Readonly<Record<StoreFault, string>> = {
  locked: "another process uses it; stop that one, or give this one a store.path of its own",
  newer: "it was written by a newer version of Tombolo; run that version, or name another store.path",
  foreign: "it is not a store of Tombolo, or no longer; name another store.path, or restore a backup",
  damaged:
    "it was kept as it is; restore a backup, or move it and its -wal file away and start again: users are asked anew, no roster is touched",
  forbidden: "give the user that Tombolo runs as the right to write it and its folder",
  "disk-full": "make room on the disk or raise its quota",
  "disk-failed": "look at the disk and the system's log",
  gone: "it was removed or replaced while in use; put it back and restart, or restart to begin a new one",
  behind: "look at the disk's load",
  closed: "the store is closed",
};

/** The error for a fault of the store at `path`. @param what said by SQLite or the system, without a full stop */
export function storeError(fault: StoreFault, path: string, what: string): StoreError {
  return new StoreError(fault, `store ${path}: ${what}; ${CURES[fault]}`);
}

/** An error of node:sqlite or node:fs about `path`, as one of ours. What cannot be told apart is the disk's failure. */
export function asStoreError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string };
  const fault = errcode === undefined ? FILE_FAULTS[code ?? ""] : FAULTS[errcode & 0xff];
  const words = errcode === undefined ? IN_WORDS[code ?? ""] : undefined;
  return storeError(fault ?? "disk-failed", path, words ?? message ?? String(error));
}
