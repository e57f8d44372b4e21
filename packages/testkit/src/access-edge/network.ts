import { type AddressInfo, isIP } from "node:net";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { Credentials } from "../pki.ts";
import type { Blame } from "./faults.ts";
import { Link, type LinkListener } from "./link.ts";

/** Where the program under test listens, and the name its certificate must have. */
export interface PartnerAddress {
  readonly host?: string;
  readonly port: number;
  readonly servername: string;
}

export interface NetworkOptions {
  readonly credentials: Credentials;
  /** Root that the partner's certificate must chain to, PEM. */
  readonly ca: string;
  readonly address?: string;
  readonly port?: number;
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** The TLS side of the simulated edge: a listener that demands a client certificate, and its own connections out. */
export class Network {
  /** Connections that are up. */
  readonly links = new Set<Link>();
  partner: PartnerAddress | undefined;
  /** Use a connection that the partner opened for requests, rather than open one. */
  reuseInbound = false;
  readonly #options: NetworkOptions;
  readonly #listener: LinkListener;
  readonly #blame: Blame;
  readonly #server: Server;
  #own: Promise<Link> | undefined;
  #count = 0;

  constructor(options: NetworkOptions, listener: LinkListener, blame: Blame) {
    this.#options = options;
    this.#blame = blame;
    this.#listener = {
      ...listener,
      closed: (link) => {
        this.links.delete(link);
        listener.closed(link);
      },
    };
    const { cert, key } = options.credentials;
    this.#server = createServer(
      { cert, key, ca: options.ca, requestCert: true, rejectUnauthorized: true },
      (socket) => this.#add("partner", socket),
    );
    this.#server.on("tlsClientError", () => {});
  }

  async listen(): Promise<number> {
    await new Promise<void>((done, fail) => {
      this.#server.once("error", fail);
      this.#server.listen(this.#options.port ?? 0, this.#options.address ?? "127.0.0.1", done);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection for requests: our own, or the partner's when it is to be reused or we have no address. */
  async forRequests(): Promise<Link> {
    const inbound = [...this.links].findLast((link) => link.opener === "partner" && link.alive);
    if (inbound !== undefined && (this.reuseInbound || this.partner === undefined)) return inbound;
    const known = this.#own;
    const own = await known?.catch(() => undefined);
    if (own?.alive) return own;
    if (this.partner === undefined)
      throw new Error("the partner has no connection open and no address is known");
    // Others may have waited too: one of us connects.
    if (this.#own === undefined || this.#own === known) this.#own = this.#connect(this.partner);
    return this.#own;
  }

  #connect(partner: PartnerAddress): Promise<Link> {
    const { credentials, ca } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: partner.host ?? "127.0.0.1",
        port: partner.port,
        ...(isIP(partner.servername) === 0 ? { servername: partner.servername } : {}),
        cert: credentials.cert,
        key: credentials.key,
        ca,
      });
      const failed = (error: Error) =>
        reject(new Error(`no TLS connection with the partner: ${error.message}`));
      socket.once("error", failed);
      socket.once("secureConnect", () => {
        socket.removeListener("error", failed);
        resolve(this.#add("self", socket));
      });
    });
  }

  #add(opener: Link["opener"], socket: TLSSocket): Link {
    this.#count += 1;
    const link = new Link(this.#count, opener, socket, this.#listener);
    this.links.add(link);
    this.#judge(socket);
    return link;
  }

  /** The chain was judged by TLS; name and purposes are judged here. */
  #judge(socket: TLSSocket): void {
    const certificate = socket.getPeerCertificate();
    const usage = certificate.ext_key_usage ?? [];
    const lacks = [SERVER_AUTH, CLIENT_AUTH].filter(
      (purpose) => usage.length > 0 && !usage.includes(purpose),
    );
    if (lacks.length > 0) this.#blame("certificate", `extended key usage lacks ${lacks.join(", ")}`);
    const name = this.partner?.servername;
    const names = (certificate.subjectaltname ?? "").split(/,\s*/);
    if (name !== undefined && !names.includes(`DNS:${name}`)) {
      this.#blame("certificate", `names are ${names.join(", ") || "none"}, not ${name}`);
    }
  }

  /** Breaks every connection; listening goes on. */
  async drop(): Promise<void> {
    await Promise.all([...this.links].map((link) => link.close()));
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    await this.#own?.catch(() => undefined);
    await this.drop();
    await closed;
  }
}
