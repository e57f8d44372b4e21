import { Element } from "ltx";
import type { Agenda } from "../simulation/agenda.ts";
import type { ComponentEnd } from "../simulation/component-end.ts";
import { PARTNER, sipName, userOf, xmppJid } from "../simulation/names.ts";
import { type Mint, markersIn, NOBODY, type Told } from "./markers.ts";
import { Contact, type Word } from "./roster.ts";

export type ResourceName = "desk" | "phone";
export type Show = "" | "away" | "dnd";

interface Resource {
  readonly priority: number;
  show: Show;
  /** What each SIP user is shown: markers of their own. */
  markers: string[];
}

interface User {
  readonly x: number;
  readonly resources: Map<ResourceName, Resource>;
  readonly contacts: readonly Contact[];
  /** What each SIP user is seen as; undefined: nothing was heard since the user came. */
  readonly seen: (Told | undefined)[];
}

export interface XmppUsersAround {
  readonly agenda: Agenda;
  readonly link: ComponentEnd;
  readonly mint: Mint;
  readonly users: { readonly sip: number; readonly xmpp: number };
  /** Whether users say yes to whoever asks, or wait until they are told what to do. */
  readonly habit: "accept" | "wait";
  /** What a probe about a user who is not there is answered with, and how a permission is taken back: both are found. */
  readonly manner: "talkative" | "terse";
  /** How long a stanza takes, ms. */
  readonly latency: number;
}

/** Presence that comes so soon after an answer is taken for all that there is, ms: then all of it comes. */
const RIGHT_BEHIND = 600;
const PRIORITIES = { desk: 5, phone: 1 } as const;

/** An XMPP server and its users as a SIP partner's component sees them: rosters, resources and presence (RFC 6121). */
export class XmppUsers {
  readonly users: readonly User[];
  isUp = true;
  private readonly around: XmppUsersAround;
  private serial = 0;

  constructor(around: XmppUsersAround) {
    this.around = around;
    this.users = Array.from({ length: around.users.xmpp }, (_, x) => ({
      x,
      resources: new Map(),
      contacts: Array.from({ length: around.users.sip }, () => new Contact()),
      seen: [],
    }));
    for (const user of this.users) user.resources.set("desk", this.newResource(user, "desk", ""));
  }

  // ---- what users do

  logIn(x: number, name: ResourceName): void {
    const user = this.users[x]!;
    if (!this.isUp || user.resources.has(name)) return;
    const isFirst = user.resources.size === 0;
    user.resources.set(name, this.newResource(user, name, ""));
    user.contacts.forEach((contact, s) => {
      if (contact.from === "yes") this.show(user, name, s);
      if (contact.to === "yes" && isFirst) this.send(s, "probe", xmppJid(x));
      if (contact.from === "asked" && this.around.habit === "accept") this.accept(s, x);
    });
  }

  logOut(x: number, name: ResourceName): void {
    const user = this.users[x]!;
    if (!user.resources.delete(name)) return;
    user.contacts.forEach((contact, s) => {
      if (contact.from === "yes") this.send(s, "unavailable", `${xmppJid(x)}/${name}`);
    });
    if (user.resources.size === 0) user.seen.fill(undefined);
  }

  change(x: number, name: ResourceName, show: Show): void {
    const user = this.users[x]!;
    if (!user.resources.has(name)) return;
    // The one that spoke last is the last of the list.
    user.resources.delete(name);
    user.resources.set(name, this.newResource(user, name, show));
    user.contacts.forEach((contact, s) => {
      if (contact.from === "yes") this.show(user, name, s);
    });
  }

  /** x wants to see s. */
  subscribe(s: number, x: number): void {
    const contact = this.contactOf(s, x);
    if (contact.to !== "yes") contact.to = "asked";
    this.say(s, x, "subscribe");
  }

  unsubscribe(s: number, x: number): void {
    this.contactOf(s, x).to = "none";
    this.users[x]!.seen[s] = undefined;
    this.say(s, x, "unsubscribe");
  }

  /** The server asks for s's presence once more. */
  probe(s: number, x: number): void {
    if (this.contactOf(s, x).to === "yes") this.send(s, "probe", xmppJid(x));
  }

  /** x lets s in, who has asked now or some time before. */
  accept(s: number, x: number): void {
    const user = this.users[x]!;
    const contact = user.contacts[s]!;
    const mayBe = contact.from === "asked" || (contact.from === "none" && contact.isRefused);
    if (user.resources.size === 0 || !mayBe) return;
    const isSpontaneous = contact.from === "none";
    contact.from = "yes";
    contact.isRefused = false;
    this.say(s, x, "subscribed", isSpontaneous);
    for (const name of user.resources.keys()) this.show(user, name, s);
  }

  /** x refuses s, or takes the permission back. */
  refuse(s: number, x: number): void {
    const user = this.users[x]!;
    const contact = user.contacts[s]!;
    if (contact.from === "none") return;
    const had = contact.from === "yes" ? [...user.resources.keys()] : [];
    contact.from = "none";
    contact.isRefused = true;
    const goodbye = () => {
      for (const name of had) this.send(s, "unavailable", `${xmppJid(x)}/${name}`);
    };
    if (this.around.manner === "talkative") goodbye();
    this.say(s, x, "unsubscribed");
    if (this.around.manner === "terse") goodbye();
  }

  // ---- the whole server

  stop(): void {
    this.isUp = false;
    this.around.link.break("system-shutdown");
    for (const user of this.users) {
      user.resources.clear();
      user.seen.fill(undefined);
    }
  }

  start(): void {
    this.isUp = true;
    for (const { x } of this.users) this.around.agenda.in(1_000 + 500 * x, () => this.logIn(x, "desk"));
  }

  // ---- for those who compare

  contactOf(s: number, x: number): Contact {
    return this.users[x]!.contacts[s]!;
  }

  isThere(x: number): boolean {
    return this.users[x]!.resources.size > 0;
  }

  /** The program has read a stanza. */
  onRead(id: string | undefined): void {
    if (id === undefined) return;
    for (const { contacts } of this.users)
      for (const contact of contacts) contact.onRead(id, this.around.agenda.now);
  }

  /** The program was killed, with what it read since. */
  onKilled(since: number): void {
    for (const { contacts } of this.users) for (const contact of contacts) contact.onKilled(since);
  }

  /** The program has forgotten all that it ever knew. */
  onWiped(): void {
    for (const { contacts, seen } of this.users)
      contacts.forEach((contact, s) => {
        contact.onWiped(seen[s]?.isOpen === true);
      });
  }

  /** Users say again what was lost. */
  repeatLostWords(): void {
    for (const { x, contacts } of this.users)
      contacts.forEach((contact, s) => {
        for (const word of contact.takeLost()) {
          if (word === "subscribe") this.subscribe(s, x);
          else this.say(s, x, word, true);
          if (word === "subscribed")
            for (const name of this.users[x]!.resources.keys()) this.show(this.users[x]!, name, s);
        }
      });
  }

  /** Some user has to say something again. */
  get isMisheard(): boolean {
    return this.users.some(({ contacts }) => contacts.some((contact) => contact.isMisheard));
  }

  /** Markers of each resource as s may see them, the one that counts most first. */
  markersFor(s: number, x: number): string[] {
    const { resources } = this.users[x]!;
    const ranked = [...resources.values()].sort((a, b) => b.priority - a.priority);
    return ranked.map(({ markers }) => markers[s]!);
  }

  // ---- stanzas to the program

  private newResource({ x }: User, name: ResourceName, show: Show): Resource {
    const { mint, users } = this.around;
    const markers = Array.from({ length: users.sip }, (_, s) => mint.next("p", s, x));
    return { priority: PRIORITIES[name], show, markers };
  }

  private show(user: User, name: ResourceName, s: number): void {
    const isBehind = this.around.agenda.now - user.contacts[s]!.repliedAt < RIGHT_BEHIND;
    const names = isBehind ? [...user.resources.keys()] : [name];
    for (const one of names) this.showOne(user, one, s);
  }

  private showOne({ x, resources }: User, name: ResourceName, s: number): void {
    const { priority, show, markers } = resources.get(name)!;
    this.send(s, undefined, `${xmppJid(x)}/${name}`, (presence) => {
      if (show) presence.c("show").t(show);
      presence.c("status").t(markers[s]!);
      presence.c("priority").t(String(priority));
    });
  }

  private say(s: number, x: number, word: Word, isSpontaneous = false): void {
    const id = `w${++this.serial}`;
    const contact = this.contactOf(s, x);
    contact.say(word, id, isSpontaneous);
    const presence = new Element("presence", {
      from: xmppJid(x),
      to: `${sipName(s)}@${PARTNER}`,
      type: word,
      id,
    });
    const lost = () => contact.onLost(id);
    if (!this.around.link.send(presence, lost)) lost();
  }

  private send(s: number, type: string | undefined, from: string, fill?: (presence: Element) => void): void {
    const presence = new Element("presence", { from, to: `${sipName(s)}@${PARTNER}`, ...(type && { type }) });
    fill?.(presence);
    this.around.link.send(presence);
  }

  // ---- stanzas of the program

  receive(stanza: Element): void {
    const { type, to, from, id } = stanza.attrs;
    if (stanza.name === "iq") {
      if (type === "get")
        this.around.link.send(new Element("iq", { from: to, to: from, id, type: "result" }));
      return;
    }
    const [x, s] = [userOf(to ?? ""), userOf(from ?? "")];
    const user = this.users[x];
    if (stanza.name !== "presence" || !user || s < 0) return;
    const contact = user.contacts[s]!;
    switch (type) {
      case undefined:
        contact.isForgotten = false;
        if (user.resources.size > 0)
          user.seen[s] = { isOpen: true, markers: markersIn(stanza.getChildText("status") ?? "") };
        break;
      case "unavailable":
        // From the bare JID it says that s watches no more (RFC 8048 5.3.3).
        if (from?.includes("/")) contact.isForgotten = false;
        if (user.resources.size > 0) user.seen[s] = NOBODY;
        break;
      case "subscribe":
        this.onAsked(user, s, contact);
        break;
      case "subscribed":
        if (contact.to === "asked") contact.to = "yes";
        break;
      case "unsubscribed":
        contact.onDenied(this.around.agenda.now - this.around.latency);
        user.seen[s] = undefined;
        break;
      case "probe":
        this.onProbe(user, s, contact);
        break;
    }
  }

  private onAsked(user: User, s: number, contact: Contact): void {
    if (contact.from === "yes") {
      this.send(s, "subscribed", xmppJid(user.x));
      contact.repliedAt = this.around.agenda.now;
      // RFC 6121 3.1.3 leaves it open whether presence follows.
      if (this.around.manner === "talkative")
        for (const name of user.resources.keys()) this.show(user, name, s);
      return;
    }
    contact.from = "asked";
    if (this.around.habit === "accept") this.around.agenda.in(20, () => this.accept(s, user.x));
  }

  private onProbe(user: User, s: number, contact: Contact): void {
    if (contact.from !== "yes") this.send(s, "unsubscribed", xmppJid(user.x));
    else if (user.resources.size > 0) for (const name of user.resources.keys()) this.show(user, name, s);
    else if (this.around.manner === "talkative") this.send(s, "unavailable", xmppJid(user.x));
  }
}
