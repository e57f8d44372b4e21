import { DatabaseSync } from "node:sqlite";
import { asStoreError, storeError } from "./store-error.ts";

/** The one process that has a store, as long as this is held. The system lets go of it when the process dies. */
export interface InstanceLock {
  release(): void;
}

/**
 * Takes `PATH.lock`, an empty file beside the store that SQLite locks: two gateways writing into one store would undo each
 * other's dialogs, and a lock on the store itself would keep the administrator's tools from reading it.
 * @throws StoreError `locked` when another process has it
 */
export function lockInstance(path: string, waitMs: number): InstanceLock {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(`${path}.lock`, { timeout: waitMs });
    lock.exec("BEGIN EXCLUSIVE");
    const held = lock;
    return { release: () => held.close() };
  } catch (error) {
    lock?.close();
    const fault = asStoreError(error, path);
    throw fault.fault === "locked" ? storeError("locked", path, `${path}.lock is taken`) : fault;
  }
}
