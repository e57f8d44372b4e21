import { connect, type Socket } from "node:net";
import { StanzaStream } from "./stanza-stream.ts";
import { Writer } from "./writer.ts";
import { jidOf, RESOURCE, type StanzaListener, XMPP_DOMAIN, type XmppEnd } from "./xmpp-end.ts";

const HEADER =
  `<?xml version='1.0'?><stream:stream to='${XMPP_DOMAIN}' version='1.0' ` +
  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** Real users of a real server, each with one connection. Plain SASL over plain TCP, on loopback. */
export class ServerUsers implements XmppEnd {
  readonly #writers: Writer[] = [];
  readonly #sockets: Socket[] = [];

  /** Logs all of them on. Rejects when the server refuses one. */
  static async login(
    port: number,
    count: number,
    password: string,
    listener: StanzaListener,
  ): Promise<ServerUsers> {
    const users = new ServerUsers();
    for (let user = 0; user < count; user++) await users.#login(user, port, password, listener);
    return users;
  }

  send(user: number, name: string, to: string, attributes: string, content: string): void {
    this.#writers[user]?.write(`<${name} to='${to}'${attributes}>${content}</${name}>`);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #login(user: number, port: number, password: string, listener: StanzaListener): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true).setEncoding("utf8");
    const writer = new Writer(socket, "utf8");
    this.#sockets.push(socket);
    this.#writers.push(writer);
    const token = Buffer.from(`\0alice${user}\0${password}`).toString("base64");
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${RESOURCE}</resource></bind>`;
    /** What is sent when the next element is there. */
    const steps = [
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${token}</auth>`,
      HEADER,
      `<iq type='set' id='bind'>${bind}</iq>`,
      "<presence/>",
    ];
    writer.write(HEADER);
    return new Promise((resolve, reject) => {
      const stream = new StanzaStream();
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`${jidOf(user)}: the server hung up`)));
      socket.on("data", (chunk) =>
        stream.push(chunk.toString(), (name, stanza) => {
          if (name === "stream:stream") return;
          const step = steps.shift();
          if (step === undefined) listener(name, stanza);
          else if (name === "failure" || name === "stream:error")
            reject(new Error(`${jidOf(user)}: ${stanza}`));
          else {
            writer.write(step);
            if (steps.length === 0) resolve();
          }
        }),
      );
    });
  }
}
