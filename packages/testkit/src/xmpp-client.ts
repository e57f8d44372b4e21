import { connect, type Socket } from "node:net";
import { createElement, type Element, escapeXML, parse } from "ltx";
import { Journal, type WaitOptions } from "./journal.ts";
import { XmppStreamReader } from "./xmpp-stream.ts";

export interface XmppClientOptions {
  /** Bare JID. */
  readonly jid: string;
  readonly password: string;
  readonly resource?: string;
  readonly host?: string;
  readonly port: number;
  /** Send initial presence after login (default true). */
  readonly available?: boolean;
}

export type Show = "away" | "chat" | "dnd" | "xa";

/**
 * One XMPP user with one real connection, over plain loopback TCP. It answers nothing by itself: what it accepts,
 * refuses or replies is the test's to say. Its waits take each stanza once (see Journal).
 */
export class XmppClient {
  /** Every stanza received since login, oldest first. */
  readonly received: readonly Element[];
  readonly bareJid: string;
  /** Told of every stanza as it passes, for who draws a picture. */
  onStanza: ((stanza: Element, direction: "received" | "sent") => void) | undefined;
  #fullJid = "";
  readonly #journal = new Journal<Element>((stanza) => stanza.toString());
  readonly #socket: Socket;
  #handle: (element: Element) => void = () => {};
  #fail: (error: Error) => void = () => {};
  #ids = 0;

  private constructor(bareJid: string, socket: Socket) {
    this.bareJid = bareJid;
    this.received = this.#journal.entries;
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      this.#fail(new Error(`${bareJid}: connection closed`));
      this.#journal.end(`${bareJid}: connection closed`);
    });
  }

  /** Connects, authenticates with SASL PLAIN (RFC 4616), binds, asks for the roster and sends presence. Rejects when the server refuses. */
  static async login(options: XmppClientOptions): Promise<XmppClient> {
    const [local, domain] = options.jid.split("@");
    const socket = connect(options.port, options.host ?? "127.0.0.1");
    socket.setNoDelay(true);
    const client = new XmppClient(options.jid, socket);
    try {
      await client.#openStream(domain ?? "");
      const token = Buffer.from(`\0${local}\0${options.password}`).toString("base64");
      const auth = `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${token}</auth>`;
      const answer = await client.#exchange(auth);
      if (answer.name !== "success") throw new Error(`${options.jid}: login refused: ${answer.toString()}`);
      await client.#openStream(domain ?? "");
      await client.#bind(options.resource ?? "testkit");
      // Only who has asked for the roster is told of subscriptions (RFC 6121 3.1.6).
      await client.#exchange(`<iq type="get" id="roster"><query xmlns="jabber:iq:roster"/></iq>`);
      client.#handle = (stanza) => {
        client.onStanza?.(stanza, "received");
        client.#journal.add(stanza);
      };
      client.#fail = () => {};
      if (options.available !== false) client.presence();
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  get fullJid(): string {
    return this.#fullJid;
  }

  /** A stanza as text or element; without an id it stays without one. */
  send(stanza: string | Element): void {
    if (this.onStanza) this.onStanza(typeof stanza === "string" ? parse(stanza) : stanza, "sent");
    this.#socket.write(stanza.toString());
  }

  /** A new stanza id, unique within this client. */
  nextId(): string {
    this.#ids += 1;
    return `tk${this.#ids}`;
  }

  /** Broadcast presence; `show` left out means plain available. */
  presence(
    state: { show?: Show | undefined; status?: string | undefined; priority?: number | undefined } = {},
  ): void {
    const stanza = createElement("presence");
    if (state.show !== undefined) stanza.c("show").t(state.show);
    if (state.status !== undefined) stanza.c("status").t(state.status);
    if (state.priority !== undefined) stanza.c("priority").t(String(state.priority));
    this.send(stanza);
  }

  unavailable(): void {
    this.send(`<presence type="unavailable"/>`);
  }

  /** Sends `subscribe`, `subscribed`, `unsubscribe`, `unsubscribed` or a directed presence type (RFC 6121 3). */
  sendPresenceType(to: string, type: string): void {
    this.send(createElement("presence", { to, type }));
  }

  /** Asks to see `to`. */
  subscribe(to: string): void {
    this.sendPresenceType(to, "subscribe");
  }

  /** Allows `from` to see this user, after waiting for the request if it is not there yet. */
  async acceptSubscription(from: string, timeoutMs?: number): Promise<void> {
    await this.waitForPresence({ from, type: "subscribe" }, timeoutMs);
    this.sendPresenceType(from, "subscribed");
  }

  /** Sends a chat message and gives back its id. */
  message(to: string, body: string, type: "chat" | "normal" = "chat"): string {
    const id = this.nextId();
    this.send(createElement("message", { to, type, id }, createElement("body", null, body)));
    return id;
  }

  /** One IQ round trip; resolves with the answer, also when it is an error. */
  async iq(
    type: "get" | "set",
    to: string | undefined,
    payload: string,
    timeoutMs?: number,
  ): Promise<Element> {
    const id = this.nextId();
    const address = to === undefined ? "" : ` to="${escapeXML(to)}"`;
    this.send(`<iq type="${type}" id="${id}"${address}>${payload}</iq>`);
    const what = `the answer to iq ${id}`;
    return this.waitFor((stanza) => stanza.name === "iq" && stanza.attrs.id === id, { what, timeoutMs });
  }

  /** The roster as bare JID to subscription state (`none`, `to`, `from`, `both`). */
  async roster(): Promise<Map<string, string>> {
    const answer = await this.iq("get", undefined, `<query xmlns="jabber:iq:roster"/>`);
    const items = answer.getChild("query")?.getChildren("item") ?? [];
    return new Map(items.map((item) => [item.attrs.jid ?? "", item.attrs.subscription ?? "none"]));
  }

  waitFor(accepts: (stanza: Element) => boolean, options: WaitOptions): Promise<Element> {
    return this.#journal.waitFor(accepts, options);
  }

  /** A presence from a bare or full JID; `type` "available" means without type. `show` "" means without show. */
  waitForPresence(
    wanted: { from: string; type?: string | undefined; show?: Show | "" | undefined },
    timeoutMs?: number,
  ): Promise<Element> {
    const accepts = (stanza: Element) =>
      stanza.name === "presence" &&
      isFrom(stanza, wanted.from) &&
      (wanted.type === undefined || (stanza.attrs.type ?? "available") === wanted.type) &&
      (wanted.show === undefined || (stanza.getChildText("show") ?? "") === wanted.show);
    return this.waitFor(accepts, { what: `presence ${JSON.stringify(wanted)}`, timeoutMs });
  }

  /** A message from a bare or full JID, with this body if one is given; without, any message with a body. */
  waitForMessage(wanted: { from: string; body?: string | undefined }, timeoutMs?: number): Promise<Element> {
    const accepts = (stanza: Element) => {
      const body = stanza.getChildText("body");
      return (
        stanza.name === "message" &&
        stanza.attrs.type !== "error" &&
        isFrom(stanza, wanted.from) &&
        (wanted.body === undefined ? body !== null : body === wanted.body)
      );
    };
    return this.waitFor(accepts, { what: `message ${JSON.stringify(wanted)}`, timeoutMs });
  }

  /** Rejects if such a stanza is there untaken or comes within `ms`. */
  expectNone(accepts: (stanza: Element) => boolean, options: { what: string; ms: number }): Promise<void> {
    return this.#journal.expectNone(accepts, options);
  }

  /** Closes the stream politely; resolves when the connection is gone. */
  async stop(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((done) => this.#socket.once("close", () => done()));
    this.#socket.end(`<presence type="unavailable"/></stream:stream>`);
    const harder = setTimeout(() => this.#socket.destroy(), 1000);
    await closed;
    clearTimeout(harder);
  }

  /** Breaks the connection without a word. */
  async drop(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((done) => this.#socket.once("close", () => done()));
    this.#socket.destroy();
    await closed;
  }

  /** Sends `text` and resolves with the next element of the stream. */
  #exchange(text: string): Promise<Element> {
    return new Promise((resolve, reject) => {
      this.#handle = resolve;
      this.#fail = reject;
      this.#socket.write(text);
    });
  }

  /** A new stream on the connection; resolves with the features. */
  #openStream(domain: string): Promise<Element> {
    const reader = new XmppStreamReader({
      opened: () => {},
      stanza: (element) => this.#handle(element),
      closed: () => this.#socket.end(),
      failed: (error) => this.#socket.destroy(error),
    });
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", (bytes) => reader.write(bytes));
    const header =
      `<?xml version="1.0"?><stream:stream to="${escapeXML(domain)}" version="1.0" ` +
      `xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">`;
    return this.#exchange(header);
  }

  async #bind(resource: string): Promise<void> {
    const answer = await this.#exchange(
      `<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">` +
        `<resource>${escapeXML(resource)}</resource></bind></iq>`,
    );
    const jid = answer.getChild("bind")?.getChildText("jid");
    if (typeof jid !== "string") throw new Error(`${this.bareJid}: no resource: ${answer.toString()}`);
    this.#fullJid = jid;
  }
}

function isFrom(stanza: Element, jid: string): boolean {
  const from = stanza.attrs.from ?? "";
  return from === jid || (!jid.includes("/") && from.startsWith(`${jid}/`));
}
