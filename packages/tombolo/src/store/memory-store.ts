import { DEFAULT_KIND_LIMITS, KIND_NAMES, KINDS, type KindLimits, keyOf } from "./kinds.ts";
import type { RecordKind, StoreRecord } from "./records.ts";
import { MAX_RECORD_CHARS, type PutAnswer, type Store } from "./store.ts";
import type { StoreError } from "./store-error.ts";

/** The store without a disk, for tests and for a gateway that has to do without. What it keeps ends with it. */
export class MemoryStore implements Store {
  /** Set where there should be a disk: promises are refused then, as by a store whose disk has failed. */
  readonly trouble: StoreError | undefined;
  private readonly limits: KindLimits;
  /** JSON, so that nothing is shared with who put it. */
  private readonly records: Readonly<Record<RecordKind, Map<string, string>>>;

  constructor(limits: KindLimits = DEFAULT_KIND_LIMITS, trouble?: StoreError) {
    this.limits = limits;
    this.trouble = trouble;
    this.records = Object.fromEntries(KIND_NAMES.map((kind) => [kind, new Map()])) as Record<
      RecordKind,
      Map<string, string>
    >;
  }

  put(record: StoreRecord): PutAnswer {
    const { kind } = record;
    if (this.trouble && KINDS[kind].inTrouble === "refuse") return "troubled";
    const own = this.records[kind];
    const key = keyOf(record);
    const json = JSON.stringify(record);
    if (json.length > MAX_RECORD_CHARS) return "too-large";
    if (!own.has(key) && own.size >= this.limits[kind]) return "too-many";
    own.set(key, json);
    return "taken";
  }

  delete(kind: RecordKind, key: string): void {
    this.records[kind].delete(key);
  }

  /** Rejects with the trouble where there should be a disk. */
  async flush(): Promise<void> {
    if (this.trouble) throw this.trouble;
  }

  async *loadAll(): AsyncGenerator<readonly StoreRecord[]> {
    for (const kind of KIND_NAMES) {
      yield [...this.records[kind].values()].map((json) => JSON.parse(json) as StoreRecord);
    }
  }

  async close(): Promise<void> {}
}
