import type { Element } from "ltx";
import { BOB, PASSWORD } from "../lab.ts";
import { XmppClient } from "../xmpp-client.ts";
import { pause } from "./fault-lab.ts";

const RETRY_MS = 100;
/** Pages of an archive, messages each. */
const PAGE = 250;

/** What the XMPP user saw. */
export interface XmppUserEvents {
  /** A text of the SIP user, live. */
  onText(body: string): void;
  /** A text of their own came back. */
  onError(id: string): void;
}

/** An XMPP user who stays logged in, whatever happens to the server. */
export class PersistentUser {
  readonly jid: string;
  readonly #port: number;
  readonly #events: XmppUserEvents;
  #client: XmppClient | undefined;
  #isOver = false;

  constructor(jid: string, port: number, events: XmppUserEvents) {
    this.jid = jid;
    this.#port = port;
    this.#events = events;
    void this.#stayConnected();
  }

  get isConnected(): boolean {
    return this.#client !== undefined;
  }

  /** False when there is no connection: then nothing was sent. */
  send(id: string, body: string): boolean {
    if (!this.#client) return false;
    this.#client.send(`<message to="${BOB}" type="chat" id="${id}"><body>${body}</body></message>`);
    return true;
  }

  /** The bodies of everything in the user's archive (XEP-0313), both directions. */
  async archive(): Promise<string[]> {
    const bodies: string[] = [];
    for (let after: string | undefined = ""; after !== undefined; ) {
      const client = this.#client;
      if (!client) throw new Error(`${this.jid} is not logged in`);
      const from = client.received.length;
      const place = after === "" ? "" : `<after>${after}</after>`;
      const answer = await client.iq(
        "set",
        undefined,
        `<query xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm"><max>${PAGE}</max>${place}</set></query>`,
        10_000,
      );
      const fin = answer.getChild("fin");
      if (!fin) throw new Error(`${this.jid}: no archive: ${answer.toString()}`);
      for (const stanza of client.received.slice(from)) {
        const body = archivedBody(stanza);
        if (body) bodies.push(body);
      }
      const last = fin.getChild("set")?.getChildText("last") ?? undefined;
      after = fin.attrs.complete === "true" ? undefined : last;
    }
    return bodies;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#client?.stop();
  }

  async #stayConnected(): Promise<void> {
    while (!this.#isOver) {
      try {
        const client = await XmppClient.login({ jid: this.jid, password: PASSWORD, port: this.#port });
        client.onStanza = (stanza, direction) => {
          if (direction === "received") this.#onStanza(stanza);
        };
        for (const stanza of client.received) this.#onStanza(stanza);
        this.#client = client;
        await client.waitFor(() => false, { what: "the end", timeoutMs: 2 ** 31 - 1 }).catch(() => {});
        this.#client = undefined;
      } catch {
        // The server is down: again in a moment.
      }
      await pause(RETRY_MS);
    }
  }

  #onStanza(stanza: Element): void {
    if (stanza.name !== "message") return;
    if (stanza.attrs.type === "error") this.#events.onError(stanza.attrs.id ?? "");
    else {
      const body = stanza.getChildText("body");
      if (body) this.#events.onText(body);
    }
  }
}

function archivedBody(stanza: Element): string | undefined {
  const message = stanza.getChild("result", "urn:xmpp:mam:2")?.getChild("forwarded")?.getChild("message");
  return message?.getChildText("body") ?? undefined;
}
