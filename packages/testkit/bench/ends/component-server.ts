import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { attributeOf, StanzaStream } from "./stanza-stream.ts";
import { Writer } from "./writer.ts";
import { jidOf, RESOURCE, type StanzaListener, type XmppEnd } from "./xmpp-end.ts";

const NAMESPACES = "xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept'";

/**
 * An XMPP server with nothing but component ports (XEP-0114): it believes every handshake, answers pings, and hands all
 * else to the measurement. It costs next to nothing, so that what stands before it can be driven to its limit.
 */
export class ComponentServer implements XmppEnd {
  readonly #components = new Map<string, Writer>();
  readonly #sockets = new Set<Socket>();
  readonly #listener: StanzaListener;
  readonly #server: Server;

  constructor(listener: StanzaListener) {
    this.#listener = listener;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return (this.#server.address() as AddressInfo).port;
  }

  send(user: number, name: string, to: string, attributes: string, content: string): void {
    const domain = to.slice(to.indexOf("@") + 1);
    const from = attributes.includes("type='subscribe") ? jidOf(user) : `${jidOf(user)}/${RESOURCE}`;
    this.#components
      .get(domain)
      ?.write(`<${name} from='${from}' to='${to}'${attributes}>${content}</${name}>`);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    const writer = new Writer(socket, "utf8");
    const stream = new StanzaStream();
    let domain = "";
    this.#sockets.add(socket);
    socket.setNoDelay(true).setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (this.#components.get(domain) === writer) this.#components.delete(domain);
    });
    socket.on("data", (chunk) =>
      stream.push(chunk.toString(), (name, stanza) => {
        if (name === "stream:stream") {
          domain = attributeOf(stanza, "to");
          writer.write(`<?xml version='1.0'?><stream:stream ${NAMESPACES} from='${domain}' id='bench'>`);
        } else if (name === "handshake") {
          this.#components.set(domain, writer);
          writer.write("<handshake/>");
        } else if (name === "iq" && attributeOf(stanza, "type") === "get") {
          const [id, from, to] = ["id", "to", "from"].map((one) => attributeOf(stanza, one));
          writer.write(`<iq type='result' id='${id}' from='${from}' to='${to}'/>`);
        } else this.#listener(name, stanza);
      }),
    );
  }
}
