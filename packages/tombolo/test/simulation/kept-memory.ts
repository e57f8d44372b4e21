import { type DialogSnapshot, resumed } from "@tombolo/sip";
import type { Kept } from "@tombolo/translator";
import type { GatewayInput } from "../../src/gateway.ts";
import { publicationKey, ruleKey, watchKey } from "../../src/store/kinds.ts";

interface Change {
  readonly at: number;
  readonly kept: Kept;
  readonly snapshot: DialogSnapshot | undefined;
}

type Restore = Extract<GatewayInput, { kind: "restore" }>;

/** The order in which an earlier run's records are fed back, as the store loads them. */
const ORDER = [
  "rule",
  "authorization",
  "dialog",
  "presence",
  "publication",
  "text",
] as const satisfies readonly Kept["what"][];

/** Where the virtual time begins, by the wall. */
const BEGINNING = Date.UTC(2026, 0, 1);

/** What outlives the program: a disk that has everything a few ms after it was said. */
export class KeptMemory {
  /** How long a change waits for the disk, ms. */
  readonly commitMs: number;
  private readonly records = new Map<string, Restore>();
  private readonly uncommitted: Change[] = [];

  /** @param commitMs how long a change waits for the disk; a crash takes what waits. */
  constructor(commitMs: number) {
    this.commitMs = commitMs;
  }

  get size(): number {
    return this.records.size + this.uncommitted.length;
  }

  keep(kept: Kept, snapshot: DialogSnapshot | undefined, now: number): void {
    this.uncommitted.push({ at: now, kept, snapshot });
    if (this.uncommitted.length > 1000) this.commit(now);
  }

  /** The program ends in order: nothing is lost. */
  flush(): void {
    this.commit(Number.POSITIVE_INFINITY);
  }

  /** The program was killed. */
  crash(now: number): void {
    this.commit(now);
    this.uncommitted.length = 0;
  }

  /** The disk is lost. */
  wipe(): void {
    this.records.clear();
    this.uncommitted.length = 0;
  }

  /** What a new run gets, in order. */
  *restore(now: number): IterableIterator<Restore> {
    for (const what of ORDER)
      for (const record of this.records.values()) {
        if (record.kept.what !== what) continue;
        const { snapshot } = record;
        yield snapshot ? { ...record, snapshot: resumed(snapshot, BEGINNING + now) } : record;
      }
  }

  private commit(now: number): void {
    let done = 0;
    for (const { at, kept, snapshot } of this.uncommitted) {
      if (at + this.commitMs > now) break;
      done += 1;
      const key = `${kept.what} ${keyOf(kept)}`;
      if (kept.value === undefined) this.records.delete(key);
      else this.records.set(key, { kind: "restore", kept, snapshot });
    }
    this.uncommitted.splice(0, done);
  }
}

function keyOf(kept: Kept): string {
  if (kept.what === "rule") return ruleKey(kept.user, kept.peer);
  if (kept.what === "text") return kept.id;
  if (kept.what === "publication") return publicationKey(kept);
  return kept.what === "dialog" ? kept.dialog : watchKey(kept.pair, kept.watcher);
}
