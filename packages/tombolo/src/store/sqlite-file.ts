import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { PORTION_CHARS, type Portion, type TransactionPart } from "./disk.ts";
import { headerFault } from "./file-header.ts";
import { type InstanceLock, lockInstance } from "./instance-lock.ts";
import { KIND_NAMES, KINDS } from "./kinds.ts";
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";
import type { RecordKind } from "./records.ts";
import { asStoreError, storeError } from "./store-error.ts";

/** Largest file, in bytes; over it writes fail as on a full disk. */
export const MAX_FILE_BYTES = 8 * 1024 ** 3;
/** How long another process's lock (a backup, an administrator's shell) is waited for, ms. */
export const BUSY_WAIT_MS = 2_000;
/** The log file is cut to this after a burst, bytes. */
const KEPT_WAL_BYTES = 16_777_216;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface FileSettings {
  /** Absolute. Its folder is made where it is missing. */
  readonly path: string;
  /** Default `MAX_FILE_BYTES`. */
  readonly maxBytes?: number;
  /** Default `BUSY_WAIT_MS`. */
  readonly busyWaitMs?: number;
}

interface KindStatements {
  readonly put: StatementSync;
  readonly delete: StatementSync;
  readonly read: StatementSync;
}

/** The store's file. Everything here waits for the disk: it is meant for a thread of its own. */
export class SqliteFile {
  private readonly path: string;
  private readonly lock: InstanceLock;
  private readonly db: DatabaseSync;
  private readonly statements: Readonly<Record<RecordKind, KindStatements>>;
  private readonly inode: number;
  private isFullSync = false;

  /** Opens or makes it. @throws StoreError after which the file is as it was */
  constructor(settings: FileSettings) {
    const { path, maxBytes = MAX_FILE_BYTES, busyWaitMs = BUSY_WAIT_MS } = settings;
    this.path = path;
    prepareFolder(path);
    const fault = headerFault(path);
    if (fault) throw fault;
    this.lock = lockInstance(path, busyWaitMs);
    let db: DatabaseSync | undefined;
    try {
      makeFile(path);
      this.inode = statSync(path).ino;
      db = new DatabaseSync(path, { timeout: busyWaitMs });
      // A new file gets its header before it gets a log: `headerFault` reads the file alone.
      migrate(db, path);
      configure(db, maxBytes);
      check(db, path);
      this.statements = prepareAll(db);
    } catch (error) {
      db?.close();
      this.lock.release();
      throw asStoreError(error, path);
    }
    this.db = db;
  }

  /** Takes a part of a transaction; the last one commits. @throws StoreError: nothing of the transaction was kept */
  write({ changes, survivesPowerLoss, isLast }: TransactionPart): void {
    try {
      if (!this.db.isTransaction) this.begin(survivesPowerLoss);
      for (let at = 0; at < changes.length; at += 3) {
        const statements = this.statements[changes[at] as RecordKind];
        const json = changes[at + 2]!;
        if (json === null) statements.delete.run(changes[at + 1]!);
        else statements.put.run(changes[at + 1]!, json);
      }
      if (isLast) this.db.exec("COMMIT");
    } catch (error) {
      this.rollBack();
      throw asStoreError(error, this.path);
    }
  }

  private begin(survivesPowerLoss: boolean): void {
    this.assertInPlace();
    if (survivesPowerLoss !== this.isFullSync) {
      this.db.exec(`PRAGMA synchronous = ${survivesPowerLoss ? "FULL" : "NORMAL"}`);
      this.isFullSync = survivesPowerLoss;
    }
    this.db.exec("BEGIN IMMEDIATE");
  }

  /** SQLite goes on writing into a file that was unlinked: everything would be lost with the process. */
  private assertInPlace(): void {
    if (statSync(this.path, { throwIfNoEntry: false })?.ino !== this.inode)
      throw storeError("gone", this.path, "the file is not where it was");
  }

  private rollBack(): void {
    try {
      // Some failures have rolled back already.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
    } catch {
      // The next transaction will say what is wrong.
    }
  }

  /** Records of a kind from row `from` on. @throws StoreError */
  read(kind: RecordKind, from: number): Portion {
    const records: string[] = [];
    let chars = 0;
    try {
      for (const row of this.statements[kind].read.iterate(from)) {
        const { id, record } = row as { id: number; record: string };
        records.push(record);
        chars += record.length;
        if (chars >= PORTION_CHARS) return { records, next: id + 1 };
      }
      return { records, next: undefined };
    } catch (error) {
      throw asStoreError(error, this.path);
    }
  }

  close(): void {
    try {
      this.db.close();
    } finally {
      this.lock.release();
    }
  }
}

function prepareFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw asStoreError(error, path);
  }
}

/** Made here, because SQLite would let everybody read it; its -wal and -shm files take the mode over. */
function makeFile(path: string): void {
  closeSync(openSync(path, "a", FILE_MODE));
  chmodSync(`${path}.lock`, FILE_MODE);
}

function configure(db: DatabaseSync, maxBytes: number): void {
  const { journal_mode: mode } = db.prepare("PRAGMA journal_mode = WAL").get() as { journal_mode: string };
  if (mode !== "wal") throw new Error(`the file system has no write-ahead log (journal mode ${mode})`);
  db.exec("PRAGMA synchronous = NORMAL");
  // Texts are overwritten when their record goes: nothing of them stays in free pages.
  db.exec("PRAGMA secure_delete = ON");
  db.exec(`PRAGMA journal_size_limit = ${KEPT_WAL_BYTES}`);
  const { page_size: pageSize } = db.prepare("PRAGMA page_size").get() as { page_size: number };
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
}

/** Brings the schema up to date in one transaction, and its version into the file's header, where `headerFault` looks. */
function migrate(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (version > SCHEMA_VERSION) {
    throw storeError("newer", path, `its schema is ${version}, this version knows ${SCHEMA_VERSION}`);
  }
  if (version === SCHEMA_VERSION) return;
  const steps = MIGRATIONS.slice(version).join("\n");
  db.exec(
    `BEGIN IMMEDIATE; ${steps} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
  );
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** Damage is found now, where a person is looking, and not at the first write into the bad place. */
function check(db: DatabaseSync, path: string): void {
  const [first] = db.prepare("PRAGMA quick_check(1)").all() as { quick_check: string }[];
  if (first?.quick_check !== "ok") {
    throw storeError(
      "damaged",
      path,
      `the file is damaged (${first?.quick_check ?? "its check said nothing"})`,
    );
  }
}

function prepareAll(db: DatabaseSync): Record<RecordKind, KindStatements> {
  return Object.fromEntries(
    KIND_NAMES.map((kind) => {
      const { table } = KINDS[kind];
      return [
        kind,
        {
          put: db.prepare(
            `INSERT INTO ${table} (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record`,
          ),
          delete: db.prepare(`DELETE FROM ${table} WHERE key = ?`),
          read: db.prepare(`SELECT id, record FROM ${table} WHERE id >= ? ORDER BY id`),
        },
      ];
    }),
  ) as Record<RecordKind, KindStatements>;
}
