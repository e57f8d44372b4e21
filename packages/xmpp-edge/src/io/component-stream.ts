import { type Component, component } from "@xmpp/component";
import type { Element } from "ltx";
import { legalXml } from "../xml-characters.ts";
import { StreamParser, UnreadableStream } from "./stream-parser.ts";

const NS_STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";

/** How long each step of the handshake may take, in ms. */
const STEP_TIMEOUT_MS = 5_000;
/** How long a graceful end waits for the server's closing tag, and again for the socket, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How long a connection that was given up is listened to, ms. */
const LINGER_MS = 60_000;
/** Unsent bytes at which the socket counts as congested. */
export const CONGESTION_BYTES = 1024 * 1024;

/** Where a component connects, and as what. */
export interface ComponentAddress {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly secret: string;
}

export interface StreamListener {
  onOpened(): void;
  /** The complete stanzas of one chunk, in order. */
  onReceived(stanzas: readonly Element[]): void;
  /** At most once, and not after `close`. `condition` is the stream error's. Neither ever holds the secret. */
  onClosed(reason: string, condition: string | undefined): void;
  onCongested(): void;
  onDrained(): void;
}

/**
 * One connection of a component, from dialling to its end, on @xmpp/component. It reports; it decides nothing, and in
 * particular neither reconnects nor follows redirects.
 */
export class ComponentStream {
  readonly #entity: Component;
  readonly #address: ComponentAddress;
  readonly #listener: StreamListener;
  #arrived: Element[] = [];
  #parsing = false;
  #handshaken = false;
  #failure: { reason: string; condition: string | undefined } | undefined;
  #opened = false;
  #ended = false;
  #isLeaving = false;
  #congested = false;

  constructor(address: ComponentAddress, listener: StreamListener) {
    this.#address = address;
    this.#listener = listener;
    const { host, port, domain, secret } = address;
    const entity = component({
      service: "xmpp:",
      domain,
      // The library hashes one byte per character; XEP-0114 3 wants the UTF-8 bytes.
      password: Buffer.from(secret, "utf8").toString("latin1"),
    });
    this.#entity = entity;
    entity.reconnect.stop();
    // The library answers IQs by itself; the link does that.
    entity.removeAllListeners("element");
    entity.timeout = STEP_TIMEOUT_MS;
    entity.Parser = StreamParser;
    entity.socketParameters = () => ({ host, port });
    const headerElement = entity.headerElement.bind(entity);
    entity.headerElement = () => {
      const header = headerElement();
      delete header.attrs.version; // XEP-0114 has no stream features to announce.
      return header;
    };
    entity._onData = (data) => this.#onData(data);
    entity._onStreamError = (element) => this.#onStreamError(element);
    entity.on("error", (error: Error) => this.#fail(reasonOf(error)));
    entity.on("nonza", (element: Element) => {
      if (element.name === "handshake") this.#handshaken = true;
    });
    entity.on("stanza", (element: Element) => this.#arrived.push(element));
    entity.on("close", () => this.#fail("the XMPP server closed the stream"));
    entity.on("disconnect", () => this.#fail("the connection to the XMPP server was lost"));
  }

  /** Connects and opens the stream; the listener hears how it went. */
  dial(): void {
    const connected = this.#entity.connect("xmpp:");
    const { socket } = this.#entity;
    // A decoder across chunks: a chunk may end inside a character. Nagle's algorithm would add up to 40 ms.
    socket?.setEncoding("utf8").setNoDelay(true).setKeepAlive(true, 60_000);
    socket?.on("drain", () => {
      if (!this.#congested) return;
      this.#congested = false;
      if (!this.#ended) this.#listener.onDrained();
    });
    // The library takes its listener away when it is done; a late error must not end the process.
    socket?.on("error", () => {});
    connected
      .then(() => this.#entity.open({ domain: this.#address.domain }))
      .catch((error: Error) => this.#fail(reasonOf(error)));
  }

  /** Writes serialised stanzas at once. What XML forbids is replaced, so that it cannot break the stream. */
  write(xml: string): void {
    const { socket } = this.#entity;
    if (this.#ended || socket === null) return;
    // Not by the library, which makes a promise of every write.
    socket.write(legalXml(xml), this.#onWritten);
    if (!this.#congested && socket.writableLength > CONGESTION_BYTES) {
      this.#congested = true;
      this.#listener.onCongested();
    }
  }

  /**
   * Ends our direction and says no more, but listens: a server that hung may still write what it counts as sent. Until it
   * closes, `LINGER_MS` at most.
   */
  leave(): void {
    this.#ended = true;
    this.#isLeaving = true;
    const { socket } = this.#entity;
    socket?.end();
    setTimeout(() => {
      this.#isLeaving = false;
      socket?.destroy();
    }, LINGER_MS).unref();
  }

  /** Ends without a report: with closing tags both ways (RFC 6120 4.4), or at once when `abrupt`. */
  async close(abrupt: boolean): Promise<void> {
    this.#ended = true;
    const { socket } = this.#entity;
    if (abrupt) {
      socket?.destroy();
      return;
    }
    this.#entity.timeout = CLOSE_TIMEOUT_MS;
    await this.#entity.stop().catch(() => {});
    socket?.destroy();
  }

  readonly #onWritten = (error: Error | null | undefined): void => {
    if (error) this.#fail(reasonOf(error));
  };

  #fail(reason: string, condition?: string): void {
    if (this.#ended) return;
    if (this.#parsing) {
      // What came before the end in the same chunk is reported first.
      this.#failure ??= { reason, condition };
      return;
    }
    this.#ended = true;
    // Not graceful: the stream is broken, and the server must see its end before the next try.
    const { socket } = this.#entity;
    socket?.end();
    setTimeout(() => socket?.destroy(), CLOSE_TIMEOUT_MS).unref();
    this.#listener.onClosed(reason, condition);
  }

  #onData(data: string): void {
    const { parser } = this.#entity;
    if ((this.#ended && !this.#isLeaving) || parser === null) {
      this.#feedQuietly(data);
      return;
    }
    this.#parsing = true;
    let unreadable: UnreadableStream | undefined;
    try {
      parser.write(data);
    } catch (error) {
      if (!(error instanceof UnreadableStream)) throw error;
      unreadable = error;
    } finally {
      this.#parsing = false;
    }
    this.#report();
    if (unreadable !== undefined && !this.#ended) {
      this.write(
        `<stream:error><${unreadable.condition} xmlns="${NS_STREAMS}"/></stream:error></stream:stream>`,
      );
      this.#fail(`unreadable XML from the XMPP server: ${unreadable.message}`);
    }
  }

  /** Tells the listener what one chunk brought, outside the parser, so that the listener's mistakes stay its own. */
  #report(): void {
    if (this.#handshaken && !this.#opened) {
      this.#opened = true;
      this.#listener.onOpened();
    }
    if (this.#arrived.length > 0) {
      const stanzas = this.#arrived;
      this.#arrived = [];
      if (this.#opened) this.#listener.onReceived(stanzas);
    }
    if (this.#failure !== undefined) this.#fail(this.#failure.reason, this.#failure.condition);
  }

  /** After our end of the stream only the server's closing tag matters. */
  #feedQuietly(data: string): void {
    try {
      this.#entity.parser?.write(data);
    } catch {
      this.#entity.socket?.destroy();
    }
    this.#arrived = [];
  }

  /** Replaces the library's: it would follow see-other-host to whatever host the stream names. */
  #onStreamError(element: Element): void {
    const [condition] = element.getChildElements();
    const name = condition?.name ?? "undefined-condition";
    const text = element.getChildText("text", NS_STREAMS);
    this.#fail(`the XMPP server ended the stream: ${name}${text ? ` (${text})` : ""}`, name);
  }
}

function reasonOf(error: Error & { code?: string }): string {
  if (error.name === "TimeoutError") return "the XMPP server did not answer the handshake in time";
  return error.message || error.code || error.name;
}
