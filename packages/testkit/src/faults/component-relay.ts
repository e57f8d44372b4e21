import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";

/** A message on its way to the component. */
export interface Handed {
  /** Ms of `performance.now`. */
  readonly at: number;
  readonly link: RelayedLink;
}

/** One connection of the component. */
export interface RelayedLink {
  /** When the component's end was closed; what comes later reaches nobody. */
  closedAt: number | undefined;
}

/**
 * Stands between a component and its XMPP server and notes what passes, so that a lost message can be laid at somebody's
 * door: what the server handed over, and which of the component's errors the server has surely taken.
 */
export class ComponentRelay {
  /** Messages that were handed to the component, by id. */
  readonly handed = new Map<string, Handed>();
  /** Ids of messages whose error the server has taken: it has answered a ping that was written behind it. */
  readonly returned = new Set<string>();
  readonly #server: Server;
  readonly #serverPort: number;

  private constructor(serverPort: number) {
    this.#serverPort = serverPort;
    this.#server = createServer((component) => this.#join(component));
  }

  /** Listens when the promise resolves. @param serverPort the XMPP server's component port on 127.0.0.1 */
  static async start(serverPort: number): Promise<ComponentRelay> {
    const relay = new ComponentRelay(serverPort);
    await new Promise<void>((done) => relay.#server.listen(0, "127.0.0.1", done));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await new Promise((done) => this.#server.close(done));
  }

  #join(component: Socket): void {
    const server = connect(this.#serverPort, "127.0.0.1");
    const link: RelayedLink = { closedAt: undefined };
    component.on("close", () => {
      link.closedAt = performance.now();
    });
    const unpinged: string[] = [];
    const pings = new Map<string, string[]>();
    const fromServer = new Heads((name, attributes) => {
      const { id, type } = attributes;
      if (id === undefined) return;
      if (name === "message" && !this.handed.has(id)) this.handed.set(id, { at: performance.now(), link });
      if (name !== "iq" || (type !== "result" && type !== "error")) return;
      for (const returned of pings.get(id) ?? []) this.returned.add(returned);
      pings.delete(id);
    });
    const fromComponent = new Heads((name, { id, type }) => {
      if (id === undefined) return;
      if (name === "message" && type === "error") unpinged.push(id);
      if (name === "iq" && type === "get") pings.set(id, unpinged.splice(0));
    });
    pass(server, component, fromServer);
    pass(component, server, fromComponent);
  }
}

function pass(from: Socket, to: Socket, heads: Heads): void {
  from.setNoDelay(true);
  from.on("data", (bytes) => {
    heads.read(bytes);
    if (!to.destroyed) to.write(bytes);
  });
  from.on("error", () => {});
  // What the other side still says is noted, though nobody is there to take it.
  from.on("close", () => (to.connecting ? to.destroy() : to.end()));
}

const HEAD = /<(message|iq)\b([^>]*)>/g;
const ATTRIBUTE = /\b(id|type)=(?:"([^"]*)"|'([^']*)')/g;

/** Finds the opening tags of messages and IQs in a stream. */
class Heads {
  readonly #found: (name: string, attributes: { id?: string; type?: string }) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(found: (name: string, attributes: { id?: string; type?: string }) => void) {
    this.#found = found;
  }

  read(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    for (const [, name, attributes] of text.matchAll(HEAD)) {
      const own: { id?: string; type?: string } = {};
      for (const [, key, double, single] of attributes!.matchAll(ATTRIBUTE))
        own[key as "id" | "type"] = double ?? single ?? "";
      this.#found(name!, own);
    }
    const last = text.lastIndexOf("<");
    this.#rest = last >= 0 && text.indexOf(">", last) < 0 ? text.slice(last) : "";
  }
}
