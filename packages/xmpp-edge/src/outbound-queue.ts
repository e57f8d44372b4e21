import type { Element } from "ltx";
import { Fifo } from "./fifo.ts";
import type { Millis } from "./machine.ts";

/** A stanza that waits for the link. */
export interface WaitingStanza {
  readonly stanza: Element;
  readonly track: string | undefined;
  /** When it came. */
  readonly since: Millis;
}

/** Stanzas in the order in which they came, never more than `limit`, none kept beyond `holdMs`. */
export class OutboundQueue {
  readonly #waiting = new Fifo<WaitingStanza>();
  readonly #limit: number;
  readonly #holdMs: Millis;

  constructor(limit: number, holdMs: Millis) {
    this.#limit = limit;
    this.#holdMs = holdMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** False when the queue is full; the stanza is then not kept. */
  offer(waiting: WaitingStanza): boolean {
    if (this.#waiting.size >= this.#limit) return false;
    this.#waiting.push(waiting);
    return true;
  }

  /** Takes the oldest stanza. */
  take(): WaitingStanza | undefined {
    return this.#waiting.shift();
  }

  /** Takes the oldest stanza if it has waited too long. */
  takeExpired(now: Millis): WaitingStanza | undefined {
    const at = this.nextExpiry();
    return at !== undefined && at <= now ? this.#waiting.shift() : undefined;
  }

  /** When the oldest stanza has waited long enough. */
  nextExpiry(): Millis | undefined {
    const oldest = this.#waiting.peek();
    return oldest === undefined ? undefined : oldest.since + this.#holdMs;
  }
}
