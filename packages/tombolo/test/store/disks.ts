/** Disks at hand instead of in a thread, and timers that run when they are told to. */
import type { Disk, Portion, TransactionPart } from "../../src/store/disk.ts";
import type { Timers } from "../../src/store/group-commit.ts";
import type { RecordKind } from "../../src/store/records.ts";
import { type FileSettings, SqliteFile } from "../../src/store/sqlite-file.ts";
import { type StoreFault, storeError } from "../../src/store/store-error.ts";

/** A real file that fails when told to, or does not answer. */
export class FileDisk implements Disk {
  readonly file: SqliteFile;
  readonly transactions: string[][] = [];
  fault: StoreFault | undefined;
  /** Each part waits for the next of these while there are any. */
  private readonly gates: Promise<void>[] = [];
  private part: string[] = [];
  private isClosed = false;

  constructor(settings: FileSettings) {
    this.file = new SqliteFile(settings);
  }

  async write(part: TransactionPart): Promise<void> {
    await this.gates.shift();
    if (this.fault) {
      this.part = [];
      throw storeError(this.fault, "test.db", "as ordered");
    }
    this.file.write(part);
    for (let at = 0; at < part.changes.length; at += 3) {
      this.part.push(`${part.changes[at + 2] === null ? "-" : "+"}${part.changes[at + 1]}`);
    }
    if (part.isLast) this.transactions.push(this.part.splice(0));
  }

  /** The next part waits until the function that this gives is called. */
  hold(): () => void {
    let open = () => {};
    this.gates.push(
      new Promise((resolve) => {
        open = resolve;
      }),
    );
    return () => open();
  }

  async read(kind: RecordKind, from: number): Promise<Portion> {
    return this.file.read(kind, from);
  }

  async close(): Promise<void> {
    if (!this.isClosed) this.file.close();
    this.isClosed = true;
  }
}

/** Timers by hand: `run(ms)` lets the time go by and waits for what is due. */
export class HandTimers implements Timers {
  private now = 0;
  private readonly due = new Set<{ at: number; action: () => void }>();

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.now + ms, action };
    this.due.add(timer);
    return () => this.due.delete(timer);
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.now = next.at;
      this.due.delete(next);
      next.action();
      await settled();
    }
    this.now = end;
    await settled();
  }
}

/** All promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
