import { Element } from "ltx";
import type { Pair } from "../pair.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { ShownPresence } from "./documents.ts";

/** A SIP user's presence as one XMPP watcher was told it last, and the stanzas that tell it. */
export class Announcement {
  private readonly pair: Pair;
  private readonly xmpp: XmppSide;
  private readonly resource: string;
  private shown: ShownPresence | undefined;

  /** @param resource stands for the SIP user in XMPP: available presence never comes from a bare JID (C-24). */
  constructor(pair: Pair, xmpp: XmppSide, resource: string) {
    this.pair = pair;
    this.xmpp = xmpp;
    this.resource = resource;
  }

  /** Something was told and has not been taken back. */
  get isKnown(): boolean {
    return this.shown !== undefined;
  }

  /** The watcher sees the SIP user as available. */
  get isAvailable(): boolean {
    return this.shown !== undefined && this.shown.type === undefined;
  }

  /** Tells a new state, unless it looks like the last one. */
  show(presence: ShownPresence): void {
    const before = this.shown;
    this.shown = presence;
    if (!before || !looksLike(before, presence)) this.repeat();
  }

  /** Tells the last state again. */
  repeat(): void {
    if (this.shown) this.send(this.shown, this.pair.xmppUser);
  }

  /** Answers a probe (RFC 6121 4.3.2): its id goes into an unavailable answer and into no other. */
  answerProbe(from: string, id: string | undefined): void {
    if (this.shown && this.isAvailable) this.send(this.shown, from);
    else this.sendUnavailable(this.pair.sipUser, from, id);
  }

  /** What was told holds no more; nothing is said about why (XP-07). */
  withdraw(): void {
    const wasAvailable = this.isAvailable;
    this.shown = undefined;
    if (wasAvailable) this.unavailable();
  }

  /** Says unavailable whatever was said before. */
  unavailable(): void {
    this.sendUnavailable(`${this.pair.sipUser}/${this.resource}`, this.pair.xmppUser);
  }

  private send({ type, show, status }: ShownPresence, to: string): void {
    const presence = new Element("presence", { from: `${this.pair.sipUser}/${this.resource}`, to, type });
    if (show) presence.c("show").t(show);
    if (status) presence.c("status").t(status);
    this.xmpp.send(this.pair.partner, presence);
  }

  private sendUnavailable(from: string, to: string, id?: string): void {
    this.xmpp.send(this.pair.partner, new Element("presence", { from, to, type: "unavailable", id }));
  }
}

function looksLike(a: ShownPresence, b: ShownPresence): boolean {
  return a.type === b.type && a.show === b.show && a.status === b.status;
}
