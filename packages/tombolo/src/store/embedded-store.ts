import { ChangeQueue, DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./change-queue.ts";
import type { Disk, Portion } from "./disk.ts";
import { GroupCommit, SYSTEM_TIMERS, type Timers } from "./group-commit.ts";
import { KIND_NAMES, KINDS, keyOf } from "./kinds.ts";
import { RECORD_VERSION, type RecordKind, type StoreRecord } from "./records.ts";
import { type FileSettings, MAX_FILE_BYTES } from "./sqlite-file.ts";
import { MAX_RECORD_CHARS, type PutAnswer, type Store, type StoreEvents } from "./store.ts";
import { type StoreError, storeError } from "./store-error.ts";
import { ThreadDisk } from "./thread-disk.ts";

export interface StoreSettings extends FileSettings, StoreEvents {
  /** Default: those of `kinds.ts` and `change-queue.ts`. */
  readonly limits?: QueueLimits;
}

/**
 * Opens or makes the store at `settings.path`. Rejects with a `StoreError` (`locked`, `newer`, `foreign`, `damaged`,
 * `forbidden`, ...) that says what to do; the file is left as it is then.
 */
export async function openStore(settings: StoreSettings): Promise<Store> {
  const { path, maxBytes = MAX_FILE_BYTES, busyWaitMs } = settings;
  const disk = await ThreadDisk.open({ path, maxBytes, ...(busyWaitMs !== undefined && { busyWaitMs }) });
  return new EmbeddedStore(settings, disk, SYSTEM_TIMERS);
}

/** The store in a file of this machine. Changes are taken at once and written together. */
export class EmbeddedStore implements Store {
  private readonly settings: StoreSettings;
  private readonly disk: Disk;
  private readonly queue: ChangeQueue;
  private readonly commits: GroupCommit;
  private missed = 0;
  private isClosed = false;

  constructor(settings: StoreSettings, disk: Disk, timers: Timers) {
    this.settings = settings;
    this.disk = disk;
    this.queue = new ChangeQueue(settings.limits ?? DEFAULT_QUEUE_LIMITS);
    this.commits = new GroupCommit({
      queue: this.queue,
      disk,
      timers,
      path: settings.path,
      onTrouble: settings.onTrouble,
      onHealthy: () => {
        const { missed } = this;
        this.missed = 0;
        settings.onHealthy(missed);
      },
    });
  }

  get trouble(): StoreError | undefined {
    return this.commits.trouble;
  }

  put(record: StoreRecord, again = false): PutAnswer {
    this.assertOpen();
    const { kind } = record;
    const isPromise = KINDS[kind].inTrouble === "refuse";
    if (isPromise && this.commits.trouble) return "troubled";
    const json = JSON.stringify(record);
    if (json.length > MAX_RECORD_CHARS) return this.queue.refuse(kind, "too-large");
    const answer = this.queue.put(kind, keyOf(record), json, again);
    if (answer === "queue-full") {
      if (!isPromise) this.missed += 1;
      this.commits.fallBehind(`${this.queue.size} changes wait for the disk`);
    }
    this.commits.schedule(KINDS[kind].wait);
    return answer;
  }

  delete(kind: RecordKind, key: string): void {
    this.assertOpen();
    this.queue.delete(kind, key);
    if (this.queue.size > 0) this.commits.schedule(KINDS[kind].wait);
  }

  async flush(): Promise<void> {
    this.assertOpen();
    await this.commits.flush();
  }

  async *loadAll(): AsyncGenerator<readonly StoreRecord[]> {
    this.assertOpen();
    for (const kind of KIND_NAMES) {
      for (let portion = await this.disk.read(kind, 0); ; ) {
        const { next } = portion;
        // The next one is read while this one is parsed and used.
        const coming = next === undefined ? [] : [this.disk.read(kind, next)];
        coming[0]?.catch(() => {});
        yield this.parse(kind, portion);
        if (coming[0] === undefined) break;
        portion = await coming[0];
      }
    }
    this.queue.noteLoaded();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      await this.commits.close();
    } finally {
      await this.disk.close();
    }
  }

  private parse(kind: RecordKind, { records }: Portion): StoreRecord[] {
    const found: StoreRecord[] = [];
    for (const json of records) {
      const record = parseRecord(json);
      if (record?.kind !== kind) {
        this.settings.onUnreadable(kind);
        continue;
      }
      this.queue.noteOnDisk(kind, keyOf(record));
      found.push(record);
    }
    return found;
  }

  private assertOpen(): void {
    if (this.isClosed) throw storeError("closed", this.settings.path, "it was used after its end");
  }
}

/** Undefined for what is no record of this version. */
function parseRecord(json: string): StoreRecord | undefined {
  try {
    const record = JSON.parse(json) as StoreRecord | null;
    return record?.v === RECORD_VERSION ? record : undefined;
  } catch {
    return undefined;
  }
}
