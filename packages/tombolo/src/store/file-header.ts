import { closeSync, openSync, readSync } from "node:fs";
import { APPLICATION_ID, SCHEMA_VERSION } from "./migrations.ts";
import { asStoreError, type StoreError, storeError } from "./store-error.ts";

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/**
 * Judges a file by its first bytes (https://sqlite.org/fileformat.html 1.3), before SQLite opens it and perhaps writes.
 * @returns why it is not to be opened; undefined for one of ours, and for one that is empty or not there: a new store
 */
export function headerFault(path: string): StoreError | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  let length: number;
  try {
    const file = openSync(path, "r");
    try {
      length = readSync(file, header, 0, HEADER_BYTES, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : asStoreError(error, path);
  }
  if (length === 0) return undefined;
  if (header.toString("latin1", 0, Math.min(length, MAGIC.length)) !== MAGIC.slice(0, length))
    return storeError("foreign", path, "this is no SQLite file");
  if (length < HEADER_BYTES) return storeError("damaged", path, `the file ends after ${length} bytes`);
  const id = header.readUInt32BE(APPLICATION_ID_AT);
  if (id !== APPLICATION_ID) return storeError("foreign", path, "this is another program's SQLite file");
  const version = header.readUInt32BE(USER_VERSION_AT);
  if (version > SCHEMA_VERSION)
    return storeError("newer", path, `its schema is ${version}, this version knows ${SCHEMA_VERSION}`);
  return undefined;
}
