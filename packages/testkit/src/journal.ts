/** Default patience of every wait, ms. */
export const DEFAULT_WAIT_MS = 5000;
/** How many of the last entries a failed wait shows. */
const SHOWN_ON_FAILURE = 6;

export interface WaitOptions {
  /** What is waited for, as the end of "waited 5 s for ...". */
  readonly what: string;
  /** ms; default `DEFAULT_WAIT_MS`. */
  readonly timeoutMs?: number | undefined;
}

interface Waiter<T> {
  readonly accepts: (entry: T) => boolean;
  readonly resolve: (entry: T) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Everything one simulated party has seen, in order, and promises for what it is still to see. An entry answers one
 * `waitFor` only, so that two equal waits in a row need two entries.
 */
export class Journal<T> {
  readonly entries: T[] = [];
  readonly #taken = new Set<number>();
  readonly #waiters: Waiter<T>[] = [];
  readonly #describe: (entry: T) => string;
  #ended: string | undefined;

  /** `describe` gives one line for an entry, for the message of a failed wait. */
  constructor(describe: (entry: T) => string) {
    this.#describe = describe;
  }

  add(entry: T): void {
    const index = this.entries.push(entry) - 1;
    const found = this.#waiters.findIndex((waiter) => waiter.accepts(entry));
    if (found < 0) return;
    this.#taken.add(index);
    const [waiter] = this.#waiters.splice(found, 1);
    clearTimeout(waiter!.timer);
    waiter!.resolve(entry);
  }

  /** The oldest entry that `accepts` takes and no earlier wait took; rejects with what was seen instead. */
  waitFor(accepts: (entry: T) => boolean, options: WaitOptions): Promise<T> {
    const index = this.entries.findIndex((entry, at) => !this.#taken.has(at) && accepts(entry));
    if (index >= 0) {
      this.#taken.add(index);
      return Promise.resolve(this.entries[index] as T);
    }
    const timeoutMs = options.timeoutMs ?? DEFAULT_WAIT_MS;
    if (this.#ended !== undefined)
      return Promise.reject(this.#failure(`${this.#ended}; wanted`, options.what));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(
          this.#waiters.findIndex((waiter) => waiter.timer === timer),
          1,
        );
        reject(this.#failure(`waited ${timeoutMs / 1000} s for`, options.what));
      }, timeoutMs);
      this.#waiters.push({ accepts, resolve, reject, timer });
    });
  }

  /** Asserts that nothing that `accepts` takes comes within `ms` (and has not come untaken before). */
  async expectNone(accepts: (entry: T) => boolean, options: { what: string; ms: number }): Promise<void> {
    const came = await this.waitFor(accepts, { what: options.what, timeoutMs: options.ms }).catch(
      () => undefined,
    );
    if (came !== undefined) throw new Error(`unexpected ${options.what}: ${this.#describe(came)}`);
  }

  /** From now on a wait fails at once, and so do those that are pending. */
  end(why: string): void {
    this.#ended ??= why;
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(this.#failure(`${why} while waiting`, "for an entry"));
    }
  }

  /** Undoes `end`, for parties that come back. */
  resume(): void {
    this.#ended = undefined;
  }

  #failure(lead: string, what: string): Error {
    const last = this.entries.slice(-SHOWN_ON_FAILURE).map((entry) => `\n  ${this.#describe(entry)}`);
    const seen = last.length === 0 ? "nothing was seen" : `last seen:${last.join("")}`;
    return new Error(`${lead} ${what}; ${seen}`);
  }
}
