import type { Millis } from "@tombolo/sip";
import type { Element } from "ltx";

/** Sent a stanza whose fate matters. */
export interface Sender<Item> {
  /** The server has taken it. */
  onTaken(item: Item, now: Millis): void;
  /** The link broke or was full: the server may or may not have it. */
  onLost(item: Item, why: string, now: Millis): void;
  /** An error stanza came back, before or after the server took it. */
  onReturned(item: Item, error: Element, now: Millis): void;
}

interface Tracked {
  readonly sender: Sender<unknown>;
  readonly item: unknown;
  taken: boolean;
}

/** Stanzas remembered after the server took them, so that a late error finds its sender. Oldest are forgotten. */
export const MAX_TAKEN_REMEMBERED = 10_000;

/** The translator's end of the component links: sends stanzas and finds whom an answer belongs to. */
export class XmppSide {
  private readonly emit: (domain: string, stanza: Element, track: string | undefined) => void;
  private readonly touch: (owner: object) => void;
  /** By stanza id; insertion order is age. */
  private readonly tracked = new Map<string, Tracked>();

  /** @param touch told whom each answer was handed to. */
  constructor(
    emit: (domain: string, stanza: Element, track: string | undefined) => void,
    touch: (owner: object) => void,
  ) {
    this.emit = emit;
    this.touch = touch;
  }

  /** Stanzas whose fate is open. */
  get open(): number {
    let count = 0;
    for (const tracked of this.tracked.values()) if (!tracked.taken) count++;
    return count;
  }

  send(domain: string, stanza: Element): void {
    this.emit(domain, stanza, undefined);
  }

  /** Sends a stanza with an `id` and reports its fate to `sender`. */
  sendTracked<Item>(sender: Sender<Item>, item: Item, domain: string, stanza: Element): void {
    const id = stanza.attrs.id!;
    this.tracked.set(id, { sender: sender as Sender<unknown>, item, taken: false });
    this.emit(domain, stanza, id);
  }

  taken(track: string, now: Millis): void {
    const tracked = this.tracked.get(track);
    if (!tracked || tracked.taken) return;
    // Moved to the young end: what was taken last is remembered longest.
    this.tracked.delete(track);
    this.tracked.set(track, tracked);
    tracked.taken = true;
    this.forgetOldest();
    this.touch(tracked.sender);
    tracked.sender.onTaken(tracked.item, now);
  }

  lost(track: string, why: string, now: Millis): void {
    const tracked = this.tracked.get(track);
    if (!tracked || tracked.taken) return;
    this.tracked.delete(track);
    this.touch(tracked.sender);
    tracked.sender.onLost(tracked.item, why, now);
  }

  /** An error stanza: true when it answers a tracked one. */
  returned(stanza: Element, now: Millis): boolean {
    const id = stanza.attrs.id;
    const tracked = id === undefined ? undefined : this.tracked.get(id);
    if (!tracked) return false;
    this.tracked.delete(id!);
    this.touch(tracked.sender);
    tracked.sender.onReturned(tracked.item, stanza, now);
    return true;
  }

  private forgetOldest(): void {
    if (this.tracked.size <= MAX_TAKEN_REMEMBERED) return;
    for (const [id, tracked] of this.tracked) {
      if (!tracked.taken) continue;
      this.tracked.delete(id);
      return;
    }
  }
}
