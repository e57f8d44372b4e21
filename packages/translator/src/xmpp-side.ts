import { type Millis, PlaceMap } from "@tombolo/sip";
import type { Element } from "ltx";
import { parseJid } from "./address/index.ts";
import { AgedMap } from "./aged-map.ts";

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
  /** Whom the stanza went to; undefined for one that no error answers. */
  readonly to: string | undefined;
}

/** Stanzas remembered after the server took them, so that a late error finds its sender. Oldest are forgotten. */
export const MAX_TAKEN_REMEMBERED = 10_000;

/** The translator's end of the component links: sends stanzas and finds whom an answer belongs to. */
export class XmppSide {
  private readonly emit: (domain: string, stanza: Element, track: string | undefined) => void;
  private readonly touch: (owner: object) => void;
  /** By stanza id: not yet with the server. Bounded by what each pair may have under way. */
  private readonly underWay = new PlaceMap<Tracked>();
  /** By stanza id. */
  private readonly withServer = new AgedMap<Tracked>();

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
    return this.underWay.size;
  }

  /** Stanzas that the server has and for which an error may still come. */
  get remembered(): number {
    return this.withServer.size;
  }

  send(domain: string, stanza: Element): void {
    this.emit(domain, stanza, undefined);
  }

  /** Sends a stanza with an `id` and reports its fate to `sender`. */
  sendTracked<Item>(sender: Sender<Item>, item: Item, domain: string, stanza: Element): void {
    const id = stanza.attrs.id!;
    this.underWay.set(id, { sender: sender as Sender<unknown>, item, to: stanza.attrs.to! });
    this.emit(domain, stanza, id);
  }

  /** Sends a stanza that no error answers, and reports under `track`, a name of its own, whether the server has taken it. */
  sendUnanswered<Item>(
    sender: Sender<Item>,
    item: Item,
    domain: string,
    stanza: Element,
    track: string,
  ): void {
    this.underWay.set(track, { sender: sender as Sender<unknown>, item, to: undefined });
    this.emit(domain, stanza, track);
  }

  taken(track: string, now: Millis): void {
    const tracked = this.settle(track);
    if (!tracked) return;
    if (tracked.to !== undefined) this.withServer.set(track, tracked);
    if (this.withServer.size > MAX_TAKEN_REMEMBERED) this.withServer.deleteFirst();
    this.touch(tracked.sender);
    tracked.sender.onTaken(tracked.item, now);
  }

  lost(track: string, why: string, now: Millis): void {
    const tracked = this.settle(track);
    if (!tracked) return;
    this.touch(tracked.sender);
    tracked.sender.onLost(tracked.item, why, now);
  }

  /** An error stanza: true when it answers a tracked one. */
  returned(stanza: Element, now: Millis): boolean {
    const id = stanza.attrs.id ?? "";
    const tracked = this.underWay.get(id) ?? this.withServer.get(id);
    if (tracked?.to === undefined || !mayAnswerFor(stanza.attrs.from ?? "", tracked.to)) return false;
    this.underWay.delete(id);
    this.withServer.delete(id);
    this.touch(tracked.sender);
    tracked.sender.onReturned(tracked.item, stanza, now);
    return true;
  }

  private settle(track: string): Tracked | undefined {
    const tracked = this.underWay.get(track);
    this.underWay.delete(track);
    return tracked;
  }
}

/** The addressee itself, any resource of it, or its server (RFC 6120 8.3.1). */
function mayAnswerFor(from: string, to: string): boolean {
  const answerer = parseJid(from);
  const addressee = parseJid(to);
  if (!answerer || !addressee || answerer.domain !== addressee.domain) return false;
  return answerer.local === "" || answerer.local === addressee.local;
}
