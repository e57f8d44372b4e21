import { Element } from "ltx";
import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import { ComponentEnd, type Stream, serialOfError } from "./component-end.ts";
import { PARTNER, sipName, userOf, xmppJid } from "./names.ts";
import { type Shown, type Sightings, tokenOf } from "./sightings.ts";
import { TextBook } from "./text-book.ts";

/** How an XMPP user answers a SIP user who wants to watch. */
export type XmppAttitude = "grant" | "refuse" | "ignore";

export interface ServerAround {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly texts: TextBook;
  readonly sightings: Sightings;
  readonly isBytes: boolean;
  readonly users: { readonly sip: number; readonly xmpp: number };
  latency(): number;
  attitude(s: number, x: number): XmppAttitude;
  /** The program has just read the text, or told its sender that it failed. */
  news(serial: number): void;
  complain(what: string): void;
  trace?: ((line: () => string) => void) | undefined;
}

/** One XMPP user's roster entry for one SIP user. */
interface Contact {
  /** s may see x. */
  from: "none" | "asked" | "yes" | "no";
  /** x wants to see s, and may. */
  isWanted: boolean;
  to: boolean;
  /** Her word that he may see her after all, which she says once, was lost: he is not to see her before she repeats it. */
  isWordLost: boolean;
}

interface User {
  readonly x: number;
  isOnline: boolean;
  show: string | undefined;
  readonly contacts: Contact[];
}

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** The XMPP server and its users, at the other end of the component link. */
export class XmppServer {
  readonly users: User[];
  /** Whether it runs at all. */
  isUp = true;
  typing = 0;
  private readonly around: ServerAround;
  /** The component stream. */
  readonly link: ComponentEnd;

  constructor(around: ServerAround) {
    this.around = around;
    this.link = new ComponentEnd({
      ...around,
      isUp: () => this.isUp,
      receive: (stream, stanza) => this.receive(stream, stanza),
    });
    this.users = Array.from({ length: around.users.xmpp }, (_, x) => ({
      x,
      isOnline: true,
      show: undefined,
      contacts: Array.from({ length: around.users.sip }, () => ({
        from: "none" as const,
        isWanted: false,
        to: false,
        isWordLost: false,
      })),
    }));
  }

  // ---- users write

  write(s: number, x: number, serial: number): void {
    const { texts, chance } = this.around;
    const from = `${xmppJid(x)}/desk`;
    const message = new Element("message", {
      from,
      to: `${sipName(s)}@${PARTNER}`,
      id: `x${serial}`,
      type: "chat",
    });
    message.c("body").t(TextBook.textOf(serial));
    if (chance.of(0.1)) message.c("active", { xmlns: "http://jabber.org/protocol/chatstates" });
    this.around.trace?.(() => `alice${x} writes x${serial} to bob${s}`);
    const lost = () => texts.lostOutside(serial);
    // Their own server tells them when the component is not there.
    if (!this.link.send(message, lost)) texts.tellError(serial, false);
    else if (chance.of(0.002)) {
      // The same stanza twice: whatever happens, it is shown once.
      texts.unwatch(serial);
      this.link.send(message);
    }
  }

  type(s: number, x: number): void {
    const state = this.around.chance.pick(["composing", "paused", "active", "gone"]);
    const to = `${sipName(s)}@${PARTNER}`;
    const message = new Element("message", { from: `${xmppJid(x)}/desk`, to, type: "chat" });
    message.c(state, { xmlns: "http://jabber.org/protocol/chatstates" });
    this.link.send(message);
  }

  // ---- users show

  /** x shows a new state to everybody who may see it. */
  change(x: number): void {
    const user = this.users[x]!;
    user.show = this.around.chance.pick([undefined, "away", "xa", "dnd", undefined]);
    for (let s = 0; s < user.contacts.length; s++) this.showTo(user, s);
  }

  logOut(x: number): void {
    const user = this.users[x]!;
    if (!user.isOnline) return;
    user.isOnline = false;
    for (let s = 0; s < user.contacts.length; s++) {
      this.around.sightings.forgetXmpp(s, x);
      this.showTo(user, s);
    }
  }

  logIn(x: number): void {
    const user = this.users[x]!;
    if (user.isOnline || !this.isUp) return;
    user.isOnline = true;
    for (let s = 0; s < user.contacts.length; s++) {
      this.showTo(user, s);
      if (user.contacts[s]!.to) this.presence("probe", s, x);
    }
  }

  private showTo(user: User, s: number): void {
    const shown = this.around.sightings.showXmpp(s, user.x, user.isOnline);
    if (user.contacts[s]!.from === "yes") this.sendShown(user, s, shown);
  }

  private sendShown(user: User, s: number, { isOpen, token }: Shown): void {
    const from = `${xmppJid(user.x)}/desk`;
    const to = `${sipName(s)}@${PARTNER}`;
    const presence = new Element("presence", isOpen ? { from, to } : { from, to, type: "unavailable" });
    if (isOpen && user.show) presence.c("show").t(user.show);
    if (isOpen) presence.c("status").t(token);
    this.link.send(presence);
  }

  // ---- users watch

  watch(s: number, x: number): void {
    const contact = this.users[x]!.contacts[s]!;
    contact.isWanted = true;
    this.presence("subscribe", s, x);
  }

  unwatch(s: number, x: number): void {
    const contact = this.users[x]!.contacts[s]!;
    contact.isWanted = false;
    contact.to = false;
    this.around.sightings.forgetXmpp(s, x);
    this.presence("unsubscribe", s, x);
  }

  /** x takes the permission back. */
  revoke(s: number, x: number): void {
    const contact = this.users[x]!.contacts[s]!;
    if (contact.from !== "yes") return;
    contact.from = "no";
    this.presence("unsubscribed", s, x);
  }

  /** x lets s see after all. */
  grant(s: number, x: number): void {
    const user = this.users[x]!;
    const contact = user.contacts[s]!;
    if (contact.from === "yes") return;
    contact.isWordLost = false;
    this.around.sightings.permit(s, x);
    const isSpontaneous = contact.from === "no";
    contact.from = "yes";
    this.presence("subscribed", s, x, () => {
      contact.isWordLost = isSpontaneous;
    });
    this.sendShown(user, s, this.around.sightings.shownByXmpp(s, x));
  }

  private presence(type: string, s: number, x: number, lost?: () => void): void {
    const { chance } = this.around;
    const id = `w${chance.below(1_000_000)}`;
    const presence = new Element("presence", {
      from: xmppJid(x),
      to: `${sipName(s)}@${PARTNER}`,
      type,
      id,
    });
    if (!this.link.send(presence, lost)) lost?.();
  }

  // ---- the whole server

  /** Goes down with all its streams and its users' connections. */
  stop(): void {
    this.isUp = false;
    this.link.break("system-shutdown");
    for (const user of this.users) {
      if (!user.isOnline) continue;
      user.isOnline = false;
      for (let s = 0; s < user.contacts.length; s++) {
        this.around.sightings.forgetXmpp(s, user.x);
        this.around.sightings.showXmpp(s, user.x, false);
      }
    }
  }

  /** Runs again; its users come back one after the other. */
  start(): void {
    this.isUp = true;
    for (const { x } of this.users)
      this.around.agenda.in(this.around.chance.between(100, 20_000), () => this.logIn(x));
  }

  // ---- what comes from the program

  private receive(stream: Stream, stanza: Element): void {
    const { type, to, from } = stanza.attrs;
    if (stanza.name === "iq") {
      if (type === "get" && stream.isOpen)
        this.link.send(new Element("iq", { from: to, to: from, id: stanza.attrs.id, type: "result" }));
      return;
    }
    const x = userOf(to ?? "");
    const s = userOf(from ?? "");
    const user = this.users[x];
    if (!user || s < 0) {
      if (stanza.name === "message" && type !== "error") this.bounce(stanza, "item-not-found");
      return;
    }
    if (stanza.name === "message") this.onMessage(stream, user, s, stanza);
    else this.onPresence(user, s, stanza);
  }

  private onMessage(stream: Stream, user: User, s: number, stanza: Element): void {
    const { chance, texts, agenda } = this.around;
    if (stanza.attrs.type === "error") {
      const serial = serialOfError(stanza);
      this.around.trace?.(() => `alice${user.x} is told that ${stanza.attrs.id} failed`);
      if (serial === undefined) return;
      texts.tellXmppError(serial, stream.serial);
      this.around.news(serial);
      return;
    }
    const body = stanza.getChildText("body");
    if (body === null || body === undefined) {
      this.typing += 1;
      return;
    }
    const serial = texts.serialOf(body);
    if (serial === undefined) return;
    const fate = chance.next();
    if (fate < 0.003) this.bounce(stanza, "service-unavailable");
    else if (fate < 0.004) {
      // Her client is gone, which the server finds out later.
      texts.returned(serial);
      agenda.in(chance.between(100, 60_000), () => this.bounce(stanza, "recipient-unavailable"));
    } else {
      this.around.trace?.(() => `alice${user.x} gets ${body.slice(0, 12)} from bob${s}`);
      texts.see(serial, `by alice${user.x}`);
    }
  }

  private bounce(stanza: Element, condition: string): void {
    const { id, from, to } = stanza.attrs;
    const message = new Element("message", { from: to, to: from, id, type: "error" });
    message.c("error", { type: "cancel" }).c(condition, { xmlns: STANZAS });
    this.link.send(message);
  }

  private onPresence(user: User, s: number, stanza: Element): void {
    const { sightings } = this.around;
    const { type } = stanza.attrs;
    const contact = user.contacts[s]!;
    this.around.trace?.(
      () =>
        `alice${user.x} gets presence ${type ?? "available"} of bob${s} ${stanza.getChildText("status") ?? ""}`,
    );
    switch (type) {
      case undefined:
      case "unavailable": {
        if (!user.isOnline) return;
        const isOpen = type === undefined;
        const token = isOpen ? tokenOf(stanza.getChildText("status")) : "";
        // Servers pass presence on to contacts that the user watches.
        sightings.byXmpp(s, user.x, { isOpen, token });
        break;
      }
      case "subscribe":
        this.onAsked(user, s, contact);
        break;
      case "subscribed":
        if (contact.isWanted) contact.to = true;
        break;
      case "unsubscribed":
        contact.to = false;
        contact.isWanted = false;
        sightings.forgetXmpp(s, user.x);
        break;
      case "probe":
        if (contact.from === "yes") this.sendShown(user, s, sightings.shownByXmpp(s, user.x));
        else this.presence("unsubscribed", s, user.x);
        break;
    }
  }

  private onAsked(user: User, s: number, contact: Contact): void {
    if (contact.from === "yes") {
      this.presence("subscribed", s, user.x);
      return;
    }
    const attitude = this.around.attitude(s, user.x);
    if (attitude === "ignore" || contact.from === "asked") return;
    contact.from = "asked";
    this.around.agenda.in(this.around.chance.between(5, 30_000), () => this.decide(user, s, contact));
  }

  /** Only who is there can decide. */
  private decide(user: User, s: number, contact: Contact): void {
    if (contact.from !== "asked") return;
    if (!user.isOnline) this.around.agenda.in(10_000, () => this.decide(user, s, contact));
    else if (this.around.attitude(s, user.x) === "grant") this.grant(s, user.x);
    else {
      contact.from = "no";
      this.presence("unsubscribed", s, user.x);
    }
  }
}
