import type { Millis } from "@tombolo/sip";
import { Element } from "ltx";
import type { Pair } from "../pair.ts";
import type { XmppPresence } from "../tables/xmpp-presence.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { ShownPresence } from "./documents.ts";

/**
 * A SIP user's presence as one XMPP watcher was told it last, how long that stands while the SIP side can't be asked,
 * and the stanzas that tell it.
 */
export class Announcement {
  private readonly pair: Pair;
  private readonly xmpp: XmppSide;
  private readonly resource: string;
  private told: XmppPresence | undefined;
  private changes = 0;
  /** What was told is from before a restart: whether the watcher knows it is not known. */
  private isDoubtful = false;
  private standsUntil: Millis | undefined;
  private rowRead: string | undefined;

  /** @param resource stands for the SIP user in XMPP: available presence never comes from a bare JID (C-24). */
  constructor(pair: Pair, xmpp: XmppSide, resource: string) {
    this.pair = pair;
    this.xmpp = xmpp;
    this.resource = resource;
  }

  /** What was told and has not been taken back. */
  get shown(): XmppPresence | undefined {
    return this.told;
  }

  /** Grows with each change of `shown`. */
  get version(): number {
    return this.changes;
  }

  get isKnown(): boolean {
    return this.told !== undefined;
  }

  /** From before a restart, and not confirmed since. */
  get awaitsNews(): boolean {
    return this.isDoubtful;
  }

  /** The watcher sees the SIP user as available. */
  get isAvailable(): boolean {
    return this.told !== undefined && this.told.type === undefined;
  }

  /** The row of the tables that the last document was read by. */
  get row(): string | undefined {
    return this.rowRead;
  }

  /** When what was told is too old; undefined while the SIP side can be asked. */
  get graceUntil(): Millis | undefined {
    return this.standsUntil;
  }

  /** The SIP side can't be asked: what was told stands until then, or until an earlier time that was set before. */
  standUntil(at: Millis): void {
    if (this.told) this.standsUntil ??= at;
  }

  /** The SIP side has answered: what was told stands. */
  stand(): void {
    this.standsUntil = undefined;
  }

  /** Tells a new state, unless it looks like the last one. */
  show(document: ShownPresence): void {
    const isNews = !this.told || this.isDoubtful || !looksLike(this.told, document);
    this.note(document);
    if (isNews) this.repeat();
  }

  /** Takes a state that the watcher hears by other means: the answer to a probe. */
  note(document: ShownPresence): void {
    this.rowRead = document.mappedBy;
    this.take(document);
  }

  /** The watcher may have been told something before a restart that is not known any more. */
  mayBeSeen(): void {
    this.changes += 1;
  }

  /** Takes what was told before a restart. */
  restore(presence: XmppPresence): void {
    this.take(presence);
    this.isDoubtful = true;
  }

  private take(presence: XmppPresence): void {
    if (!this.told || !looksLike(this.told, presence)) this.changes += 1;
    this.told = presence;
    this.isDoubtful = false;
  }

  /** Tells the last state again. */
  repeat(): void {
    this.isDoubtful = false;
    if (this.told) this.send(this.told, this.pair.xmppUser);
  }

  /** Answers a probe (RFC 6121 4.3.2): its id goes into an unavailable answer and into no other. */
  answerProbe(from: string, id: string | undefined): void {
    if (this.told && this.isAvailable) this.send(this.told, from);
    else this.sendUnavailable(this.pair.sipUser, from, id);
  }

  /** What was told holds no more. @param reason for the watcher; none where a decision of the SIP user's is behind it (XP-07). */
  withdraw(reason?: string): void {
    const wasAvailable = this.isAvailable;
    if (this.told) this.changes += 1;
    this.told = undefined;
    this.isDoubtful = false;
    this.standsUntil = undefined;
    if (wasAvailable) this.unavailable(reason);
  }

  /** Says unavailable whatever was said before. */
  unavailable(reason?: string): void {
    this.sendUnavailable(`${this.pair.sipUser}/${this.resource}`, this.pair.xmppUser, undefined, reason);
  }

  private send({ type, show, status }: XmppPresence, to: string): void {
    const presence = new Element("presence", { from: `${this.pair.sipUser}/${this.resource}`, to, type });
    if (show) presence.c("show").t(show);
    if (status) presence.c("status").t(status);
    this.xmpp.send(this.pair.partner, presence);
  }

  private sendUnavailable(from: string, to: string, id?: string, reason?: string): void {
    const presence = new Element("presence", { from, to, type: "unavailable", id });
    if (reason) presence.c("status").t(reason);
    this.xmpp.send(this.pair.partner, presence);
  }
}

/** For a watcher there is no difference. */
export function looksLike(a: XmppPresence, b: XmppPresence): boolean {
  return a.type === b.type && a.show === b.show && a.status === b.status;
}
