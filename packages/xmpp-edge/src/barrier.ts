import { Fifo } from "./fifo.ts";
import type { Millis } from "./machine.ts";

/** Pings that may be unanswered at once; what is written meanwhile waits for the next one. */
export const PING_LIMIT = 64;

interface Ping {
  readonly id: string;
  readonly sentAt: Millis;
  /** How many tracked stanzas this connection had written before it. */
  readonly covers: number;
}

/**
 * Which tracked stanzas the server has surely taken. A component stream has no acknowledgements (XEP-0198 is not
 * defined for it), but a server handles a stream in order: once it answers a ping (XEP-0199, result and error alike),
 * it has handled every stanza that was written before that ping. One barrier serves one connection.
 */
export class Barrier {
  readonly #tracks = new Fifo<string>();
  readonly #pings = new Fifo<Ping>();
  #written = 0;
  #taken = 0;

  /** Tracked stanzas whose fate is open. */
  get inFlight(): number {
    return this.#tracks.size;
  }

  /** True when tracked stanzas were written behind the last ping, and another ping is allowed. */
  get wantsPing(): boolean {
    const covered = this.#pings.last()?.covers ?? this.#taken;
    return covered < this.#written && this.#pings.size < PING_LIMIT;
  }

  /** When the oldest unanswered ping was written; undefined when none is out. */
  get oldestPing(): Millis | undefined {
    return this.#pings.peek()?.sentAt;
  }

  /** A tracked stanza was written. */
  wrote(track: string): void {
    this.#tracks.push(track);
    this.#written++;
  }

  /** A ping was written behind everything written so far. */
  pinged(id: string, now: Millis): void {
    this.#pings.push({ id, sentAt: now, covers: this.#written });
  }

  /** The tracks that an answer to this ping settles, oldest first; undefined when the ping is not one of ours. */
  answered(id: string): string[] | undefined {
    if (!this.#pings.some((ping) => ping.id === id)) return undefined;
    let ping = this.#pings.shift();
    while (ping !== undefined && ping.id !== id) ping = this.#pings.shift();
    const settled: string[] = [];
    while (ping !== undefined && this.#taken < ping.covers) {
      settled.push(this.#tracks.shift() as string);
      this.#taken++;
    }
    return settled;
  }

  /** Takes the next track whose fate stays open, because the connection is gone. */
  abandon(): string | undefined {
    const track = this.#tracks.shift();
    if (track !== undefined) this.#taken++;
    return track;
  }
}
