import { KindQueue } from "./kind-queue.ts";
import { DEFAULT_KIND_LIMITS, KIND_NAMES, KINDS, type KindLimits } from "./kinds.ts";
import type { RecordKind } from "./records.ts";
import type { PutAnswer } from "./store.ts";

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
    this.kinds[kind].noteOnDisk(key);
  }

  /** Every key of the file has been noted: what is not known is not there. */
  noteLoaded(): void {
    this.isLoaded = true;
  }

  /** @param again it was put before, and not deleted since. */
  put(kind: RecordKind, key: string, json: string, again = false): PutAnswer {
    const own = this.kinds[kind];
    const before = own.pending.get(key);
    const growth = key.length + json.length - (before === undefined ? 0 : size(key, before));
    const more = before === undefined ? 1 : 0;
    const answer = this.answerTo(kind, key, growth, more);
    if (answer !== "taken") return this.refuse(kind, answer);
    own.put(key, json, again && this.isLoaded);
    this.chars += growth;
    this.changes += more;
    return "taken";
  }

  /** A put is not taken. @returns why, as said. */
  refuse(kind: RecordKind, why: PutAnswer): PutAnswer {
    this.kinds[kind].refuse();
    return why;
  }

  private answerTo(kind: RecordKind, key: string, growth: number, more: number): PutAnswer {
    if (!this.kinds[kind].hasRoom(key, this.limits.records[kind])) return "too-many";
    if (this.changes + more > this.limits.unwritten) return "queue-full";
    return this.chars + growth > this.limits.unwrittenChars ? "queue-full" : "taken";
  }

  delete(kind: RecordKind, key: string): void {
    const own = this.kinds[kind];
    const before = own.pending.get(key);
    const waited = before === undefined ? 0 : size(key, before);
    own.delete(key, this.isLoaded);
    const after = own.pending.get(key);
    this.chars += (after === undefined ? 0 : size(key, after)) - waited;
    this.changes += Number(after !== undefined) - Number(before !== undefined);
  }

  /** Begins a transaction with all that waits. Until `settle` or `putBack` there is no other. */
  take(): { readonly slices: Iterable<FlatChanges>; readonly survivesPowerLoss: boolean } | undefined {
    if (!this.hasPending) return undefined;
    let survivesPowerLoss = false;
    for (const kind of KIND_NAMES) {
      const own = this.kinds[kind];
      own.take();
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
      const own = this.kinds[kind];
      for (const [key, json] of own.inFlight) {
        if (json === null) continue;
        own.noteWritten(key);
        yield [kind, key, json];
      }
    }
  }

  /** The transaction is on disk. */
  settle(): void {
    for (const kind of KIND_NAMES) {
      const own = this.kinds[kind];
      for (const [key, json] of own.inFlight) this.chars -= size(key, json);
      this.changes -= own.inFlight.size;
      own.settle();
    }
  }

  /** The transaction is not on disk: its changes wait again, except where there are newer ones. */
  putBack(): void {
    for (const kind of KIND_NAMES) {
      const own = this.kinds[kind];
      for (const key of own.pending.keys()) {
        const older = own.inFlight.get(key);
        if (older === undefined) continue;
        this.chars -= size(key, older);
        this.changes -= 1;
      }
      own.putBack();
    }
  }
}

function size(key: string, json: string | null): number {
  return key.length + (json?.length ?? 0);
}
