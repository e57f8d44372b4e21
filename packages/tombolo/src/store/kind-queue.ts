/** Records by key as JSON; null deletes. */
export type Changes = ReadonlyMap<string, string | null>;

/** One kind's changes: those that wait, those being written, and which keys the file may hold. */
export class KindQueue {
  private waiting = new Map<string, string | null>();
  private flying = new Map<string, string | null>();
  private readonly onDisk = new Set<string>();
  /** Keys of those puts that `onDisk` may not know. */
  private fresh = new Set<string>();
  private freshInFlight = new Set<string>();
  /** Every put was taken: what is put again is known. */
  private hasTakenAll = true;
  /** What `count` gives, as long as it is known. */
  private counted: number | undefined;

  /** What waits and is not being written. */
  get pending(): Changes {
    return this.waiting;
  }

  get inFlight(): Changes {
    return this.flying;
  }

  /** Records there are when all is written. */
  get count(): number {
    this.counted ??= this.countAnew();
    return this.counted;
  }

  /**
   * Whether there is room for a record of that key where there may be `limit` of them. A look among all records that there
   * are is what costs most of a put: it is taken only where there may be too many.
   */
  hasRoom(key: string, limit: number): boolean {
    if (this.onDisk.size + this.flying.size + this.waiting.size < limit) return true;
    return this.count < limit || this.has(key);
  }

  /** A record was found in the file. */
  noteOnDisk(key: string): void {
    this.onDisk.add(key);
    this.counted = undefined;
  }

  /** @param again says who puts it that it was put before, and not deleted since. */
  put(key: string, json: string, again: boolean): void {
    // A known count is kept up only near the limit, where it is asked for.
    if (this.counted !== undefined && !this.has(key)) this.counted += 1;
    this.waiting.set(key, json);
    if (!again || !this.hasTakenAll) this.fresh.add(key);
  }

  /** A put was not taken: who puts the same again does not know that the record is not there. */
  refuse(): void {
    this.hasTakenAll = false;
  }

  /** Where the file can't hold it, the put that waited is taken back. @param isLoaded every key of the file was noted. */
  delete(key: string, isLoaded: boolean): void {
    const mayBeOnDisk = !isLoaded || this.onDisk.has(key) || this.flying.has(key);
    const isKnown = this.has(key);
    if (!isKnown && isLoaded) return;
    if (isKnown && this.counted !== undefined) this.counted -= 1;
    this.waiting.delete(key);
    this.fresh.delete(key);
    if (mayBeOnDisk) this.waiting.set(key, null);
  }

  /** What waits is being written from now on. */
  take(): void {
    this.flying = this.waiting;
    this.waiting = new Map();
    this.freshInFlight = this.fresh;
    this.fresh = new Set();
    this.counted = undefined;
  }

  /**
   * A record is handed to the disk. Noted before it is there: a key too many costs one needless deletion, one too few would
   * leave a record behind.
   */
  noteWritten(key: string): void {
    if (this.freshInFlight.has(key)) this.onDisk.add(key);
  }

  /** What was being written is on disk. */
  settle(): void {
    for (const [key, json] of this.flying) if (json === null) this.onDisk.delete(key);
    this.flying = new Map();
    this.freshInFlight = new Set();
  }

  /** What was being written waits again, except where there is something newer. */
  putBack(): void {
    for (const [key, json] of this.waiting) this.flying.set(key, json);
    this.waiting = this.flying;
    this.flying = new Map();
    for (const key of this.freshInFlight) this.fresh.add(key);
    this.freshInFlight = new Set();
  }

  private has(key: string): boolean {
    const newest = this.waiting.get(key);
    if (newest !== undefined) return newest !== null;
    const flying = this.flying.get(key);
    return flying === undefined ? this.onDisk.has(key) : flying !== null;
  }

  private countAnew(): number {
    let count = this.onDisk.size;
    for (const [key, json] of this.flying)
      if (!this.waiting.has(key)) count += Number(json !== null) - Number(this.onDisk.has(key));
    for (const [key, json] of this.waiting) count += Number(json !== null) - Number(this.onDisk.has(key));
    return count;
  }
}
