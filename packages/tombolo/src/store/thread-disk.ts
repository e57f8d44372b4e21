import { Worker } from "node:worker_threads";
import type { Disk, Portion, TransactionPart } from "./disk.ts";
import type { RecordKind } from "./records.ts";
import type { FileSettings } from "./sqlite-file.ts";
import { StoreError, storeError } from "./store-error.ts";
import type { ThreadReply, ThreadRequest } from "./thread-messages.ts";

/** Heap of the thread, MiB: it holds a portion or a part of a transaction at a time. */
const THREAD_HEAP_MB = 64;
/** The entry beside this file, in the sources and in what is built from them. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./file-thread.ts" : "./file-thread.js",
  import.meta.url,
);

interface Waiting {
  readonly resolve: (reply: Extract<ThreadReply, { ok: true }>) => void;
  readonly reject: (error: StoreError) => void;
}

/** The file in a thread of its own. A thread that dies is replaced at the next transaction. */
export class ThreadDisk implements Disk {
  private readonly settings: FileSettings;
  private readonly waiting: Waiting[] = [];
  private worker: Worker | undefined;
  /** Parts of a transaction were taken and its last one was not. */
  private isMidway = false;

  private constructor(settings: FileSettings) {
    this.settings = settings;
  }

  /** Opens or makes the file. Rejects with a `StoreError`. */
  static async open(settings: FileSettings): Promise<ThreadDisk> {
    const disk = new ThreadDisk(settings);
    await disk.start();
    return disk;
  }

  /** Ends the thread wherever it is. The file keeps what was committed. */
  async kill(): Promise<void> {
    await this.worker?.terminate();
  }

  async write(part: TransactionPart): Promise<void> {
    const isLost = this.isMidway && !this.worker;
    this.isMidway = false;
    if (isLost) throw this.ended();
    if (!this.worker) await this.start();
    await this.ask({ ask: "write", part });
    this.isMidway = !part.isLast;
  }

  async read(kind: RecordKind, from: number): Promise<Portion> {
    if (!this.worker) await this.start();
    return (await this.ask({ ask: "read", kind, from })).portion!;
  }

  async close(): Promise<void> {
    if (!this.worker) return;
    try {
      await this.ask({ ask: "close" });
    } finally {
      await this.kill();
    }
  }

  private async start(): Promise<void> {
    const worker = new Worker(ENTRY, {
      // What this process was started with may make no sense for the entry.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
    });
    this.worker = worker;
    let why: string | undefined;
    worker.on("error", (error) => {
      why = `its thread ended: ${error instanceof Error ? error.message : String(error)}`;
    });
    worker.on("exit", () => this.onExit(why));
    worker.on("message", (reply: ThreadReply) => this.onReply(reply));
    try {
      await this.ask({ ask: "open", settings: this.settings });
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  private ask(request: ThreadRequest): Promise<Extract<ThreadReply, { ok: true }>> {
    const { worker } = this;
    if (!worker) return Promise.reject(this.ended());
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      // The thread keeps the process alive only while it works.
      worker.ref();
      worker.postMessage(request);
    });
  }

  private onReply(reply: ThreadReply): void {
    const waiting = this.waiting.shift();
    if (this.waiting.length === 0) this.worker?.unref();
    if (reply.ok) waiting?.resolve(reply);
    else waiting?.reject(new StoreError(reply.fault, reply.message));
  }

  private ended(why = "its thread ended"): StoreError {
    return storeError("disk-failed", this.settings.path, why);
  }

  private onExit(why: string | undefined): void {
    this.worker = undefined;
    for (const { reject } of this.waiting.splice(0)) reject(this.ended(why));
  }
}
