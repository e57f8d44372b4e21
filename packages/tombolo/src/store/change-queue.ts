import { DEFAULT_KIND_LIMITS, KIND_NAMES, KINDS, type KindLimits } from "./kinds.ts";
import type { RecordKind } from "./records.ts";

/** Changes that may wait for the disk; one per record, the newest counts. Deletions come on top: no more than records. */
export const MAX_UNWRITTEN = 200_000;
/** Characters of keys and records that may wait for the disk. */
export const MAX_UNWRITTEN_CHARS = 134_217_728;
/** Changes handed to the disk at a time, so that no turn of the event loop is long. */
export const MAX_SLICE = 256;
/** Characters handed to the disk at a time; a single longer record goes alone. */
export const MAX_SLICE_CHARS = 524_288;

export interface QueueLimits {
  readonly records: KindLimits;
  readonly unwritten: number;
  readonly unwrittenChars: number;
}

export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  records: DEFAULT_KIND_LIMITS,
  unwritten: MAX_UNWRITTEN,
  unwrittenChars: MAX_UNWRITTEN_CHARS,
};

/** Changes as a flat row of threes, cheap to hand to a thread: kind, key, and the record's JSON or null to delete it. */
export type FlatChanges = readonly (string | null)[];

/** Records by key as JSON; null deletes. */
type Changes = Map<string, string | null>;

/** One kind's changes: those that wait, those being written, and which keys the file may hold. */
class KindQueue {
  pending: Changes = new Map();
  inFlight: Changes = new Map();
  readonly onDisk = new Set<string>();
  /** What `count` gives, as long as it is known. */
  private counted: number | undefined;

  /** Records there are when all is written. */
  get count(): number {
    this.counted ??= this.countAnew();
    return this.counted;
  }

  /** There are fewer than `limit` records for certain: `count` need not be asked. */
  isBelow(limit: number): boolean {
    return this.onDisk.size + this.inFlight.size + this.pending.size < limit;
  }

  /** @param more records there are than before; undefined where nobody has looked. */
  noteCount(more: number | undefined): void {
    this.counted = more === undefined || this.counted === undefined ? undefined : this.counted + more;
  }

  private countAnew(): number {
    let count = this.onDisk.size;
    for (const changes of [this.inFlight, this.pending]) {
      for (const [key, json] of changes) {
        if (changes === this.inFlight && this.pending.has(key)) continue;
        count += Number(json !== null) - Number(this.onDisk.has(key));
      }
    }
    return count;
  }

  has(key: string): boolean {
    const newest = this.pending.get(key);
    if (newest !== undefined) return newest !== null;
    const flying = this.inFlight.get(key);
    return flying === undefined ? this.onDisk.has(key) : flying !== null;
  }
}

/**
 * Changes on their way to the disk, the newest per record. All that waits is taken as one transaction, so the file always
 * shows a state that memory has had: no later change without all earlier ones. A record that comes and goes between two
 * transactions costs no write.
 */
export class ChangeQueue {
  private readonly limits: QueueLimits;
  private readonly kinds: Readonly<Record<RecordKind, KindQueue>>;
  private chars = 0;
  private changes = 0;
  private isLoaded = false;

  constructor(limits: QueueLimits = DEFAULT_QUEUE_LIMITS) {
    this.limits = limits;
    this.kinds = Object.fromEntries(KIND_NAMES.map((kind) => [kind, new KindQueue()])) as Record<
      RecordKind,
      KindQueue
    >;
  }

  /** Changes that wait or are being written. */
  get size(): number {
    return this.changes;
  }

  /** Something waits that is not being written. */
  get hasPending(): boolean {
    return KIND_NAMES.some((kind) => this.kinds[kind].pending.size > 0);
  }

  /** Records of a kind there are, those on their way included. */
  count(kind: RecordKind): number {
    return this.kinds[kind].count;
  }

  /** A record was found in the file. */
  noteOnDisk(kind: RecordKind, key: string): void {
    const own = this.kinds[kind];
    own.onDisk.add(key);
    own.noteCount(undefined);
  }

  /** Every key of the file has been noted: what is not known is not there. */
  noteLoaded(): void {
    this.isLoaded = true;
  }

  put(kind: RecordKind, key: string, json: string): "taken" | "too-many" | "queue-full" {
    const own = this.kinds[kind];
    const limit = this.limits.records[kind];
    // A look among all records there are is what costs most here.
    const more = own.isBelow(limit) ? undefined : Number(!own.has(key));
    if (more && own.count >= limit) return "too-many";
    const before = own.pending.get(key);
    const growth = key.length + json.length - (before === undefined ? 0 : size(key, before));
    const added = before === undefined ? 1 : 0;
    if (this.changes + added > this.limits.unwritten) return "queue-full";
    if (this.chars + growth > this.limits.unwrittenChars) return "queue-full";
    own.pending.set(key, json);
    own.noteCount(more);
    this.chars += growth;
    this.changes += added;
    return "taken";
  }

  delete(kind: RecordKind, key: string): void {
    const own = this.kinds[kind];
    const mayBeOnDisk = !this.isLoaded || own.onDisk.has(key) || own.inFlight.has(key);
    const isKnown = own.has(key);
    if (isKnown) own.noteCount(-1);
    else if (this.isLoaded) return;
    const before = own.pending.get(key);
    if (before !== undefined) {
      this.chars -= size(key, before);
      this.changes -= 1;
      own.pending.delete(key);
    }
    if (!mayBeOnDisk) return;
    own.pending.set(key, null);
    this.chars += key.length;
    this.changes += 1;
  }

  /** Begins a transaction with all that waits. Until `settle` or `putBack` there is no other. */
  take(): { readonly slices: Iterable<FlatChanges>; readonly survivesPowerLoss: boolean } | undefined {
    if (!this.hasPending) return undefined;
    let survivesPowerLoss = false;
    for (const kind of KIND_NAMES) {
      const own = this.kinds[kind];
      own.inFlight = own.pending;
      own.pending = new Map();
      if (own.inFlight.size > 0 && KINDS[kind].survives === "power-loss") survivesPowerLoss = true;
    }
    return { slices: this.slices(), survivesPowerLoss };
  }

  /** Deletions first: in a full file they make the room for the rest. */
  private *slices(): Generator<FlatChanges> {
    let slice: (string | null)[] = [];
    let chars = 0;
    for (const [kind, key, json] of this.flying()) {
      const more = size(key, json);
      if (slice.length >= 3 * MAX_SLICE || (slice.length > 0 && chars + more > MAX_SLICE_CHARS)) {
        yield slice;
        slice = [];
        chars = 0;
      }
      slice.push(kind, key, json);
      chars += more;
    }
    if (slice.length > 0) yield slice;
  }

  private *flying(): Generator<readonly [RecordKind, string, string | null]> {
    for (const kind of KIND_NAMES) {
      for (const [key, json] of this.kinds[kind].inFlight) if (json === null) yield [kind, key, json];
    }
    for (const kind of KIND_NAMES) {
      const { inFlight, onDisk } = this.kinds[kind];
      for (const [key, json] of inFlight) {
        if (json === null) continue;
        // Noted before it is so: a key too many costs one needless deletion, one too few would leave a record behind.
        onDisk.add(key);
        yield [kind, key, json];
      }
    }
  }

  /** The transaction is on disk. */
  settle(): void {
    for (const kind of KIND_NAMES) {
      const own = this.kinds[kind];
      for (const [key, json] of own.inFlight) {
        this.chars -= size(key, json);
        if (json === null) own.onDisk.delete(key);
      }
      this.changes -= own.inFlight.size;
      own.inFlight = new Map();
    }
  }

  /** The transaction is not on disk: its changes wait again, except where there are newer ones. */
  putBack(): void {
    for (const kind of KIND_NAMES) {
      const own = this.kinds[kind];
      for (const [key, json] of own.pending) {
        const older = own.inFlight.get(key);
        if (older !== undefined) {
          this.chars -= size(key, older);
          this.changes -= 1;
        }
        own.inFlight.set(key, json);
      }
      own.pending = own.inFlight;
      own.inFlight = new Map();
    }
  }
}

function size(key: string, json: string | null): number {
  return key.length + (json?.length ?? 0);
}
