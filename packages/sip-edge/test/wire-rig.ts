/** An edge on real sockets, and a partner's server that speaks to it in bytes. */
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import {
  type ConnectionOptions,
  connect,
  createServer as createTlsServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { buildRequest, type SipMessage, type VerifiedPeer } from "@tombolo/sip";
import { type Authority, type CertificateRequest, createAuthority } from "@tombolo/testkit";
import type { EdgePartner } from "../src/index.ts";
import { type DriverObservation, EdgeDriver, type EdgeDriverOptions } from "../src/io/index.ts";

export const CONTOSO_CA = createAuthority({ name: "Tombolo test CA" });
export const OTHER_CA = createAuthority({ name: "Somebody else's CA" });

export const OURS = CONTOSO_CA.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });

/** A certificate of contoso's edge, good unless `changes` say otherwise. */
export function contoso(changes: Partial<CertificateRequest> = {}, authority: Authority = CONTOSO_CA) {
  return authority.issue({ commonName: "sip.contoso.example", dns: ["sip.contoso.example"], ...changes });
}

export interface Inside {
  readonly message: SipMessage;
  readonly verified: VerifiedPeer | undefined;
}

export class WireRig {
  readonly inside: Inside[] = [];
  readonly observed: DriverObservation[] = [];
  readonly driver: EdgeDriver;
  private readonly sockets = new Set<Socket>();
  private readonly servers = new Set<{ close(): unknown }>();
  private ids = 0;

  constructor(
    options: Partial<EdgeDriverOptions> & {
      readonly lenient?: boolean;
      readonly route?: number;
      readonly partner?: Partial<EdgePartner>;
    } = {},
  ) {
    const { lenient = false, route, partner, ...rest } = options;
    this.driver = new EdgeDriver({
      settings: {
        advertise: { host: "sip.example.com", port: 5061 },
        ourDomains: ["example.com"],
        partners: [
          {
            domain: "contoso.example",
            names: ["sip.contoso.example"],
            purpose: lenient ? "server-auth-as-client" : "strict",
            route: route === undefined ? undefined : { host: "127.0.0.1", port: route },
            ...partner,
          },
        ],
      },
      tls: { ...OURS, ca: CONTOSO_CA.cert },
      listen: { host: "127.0.0.1", port: 0 },
      now: () => performance.now(),
      ids: () => `id${++this.ids}`,
      tickMs: 10,
      onToNode: (message, verified) => this.inside.push({ message, verified }),
      onObserve: (observation) => this.observed.push(observation),
      ...rest,
    });
  }

  async start(): Promise<this> {
    await this.driver.start();
    return this;
  }

  /** Connects as a partner with that certificate, or without one. */
  /** A partner's own connection; its certificate, and other options of TLS. */
  async connect(credentials?: ConnectionOptions, port = this.driver.address.port): Promise<Peer> {
    const ca = CONTOSO_CA.cert;
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "sip.example.com", ...credentials });
    this.sockets.add(socket);
    const peer = new Peer(socket);
    await Promise.race([new Promise((resolve) => socket.once("secureConnect", resolve)), peer.ended]);
    return peer;
  }

  connectPlain(localAddress = "127.0.0.1"): Peer {
    const socket = connectTcp({ host: "127.0.0.1", port: this.driver.address.port, localAddress });
    this.sockets.add(socket);
    return new Peer(socket);
  }

  /** Waits until it is so; fails with what is there instead. */
  async until(isSo: () => boolean, what = ""): Promise<void> {
    const limit = performance.now() + 5_000;
    while (!isSo()) {
      if (performance.now() > limit) throw new Error(`not seen: ${what} ${JSON.stringify(this.observed)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Outcomes of handshakes so far. */
  get handshakes(): string[] {
    return this.observed.flatMap((one) => (one.kind === "handshake" ? [one.outcome] : []));
  }

  async handshake(outcome: string): Promise<Extract<DriverObservation, { kind: "handshake" }>> {
    await this.until(() => this.handshakes.includes(outcome), outcome);
    return this.observed.find((one) => one.kind === "handshake" && one.outcome === outcome) as never;
  }

  track<T extends { close(): unknown }>(server: T): T {
    this.servers.add(server);
    return server;
  }

  async end(): Promise<void> {
    await this.driver.stop(0);
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) server.close();
  }
}

/** The other end of a connection, in bytes. */
export class Peer {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  received = "";
  private isEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    this.ended = new Promise((resolve) =>
      socket.once("close", () => {
        this.isEnded = true;
        resolve();
      }),
    );
  }

  get closed(): boolean {
    return this.isEnded;
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }
}

/** A partner's own server, and the connections the edge has made to it. */
export class PartnerServer {
  readonly peers: Peer[] = [];
  readonly servernames: (string | false | undefined)[] = [];
  /** Common names of the certificates that clients have shown. */
  readonly subjects: string[] = [];
  private readonly server: Server;

  constructor(credentials: TlsOptions, ca = CONTOSO_CA.cert) {
    this.server = createTlsServer({ ...credentials, ca, requestCert: true, rejectUnauthorized: true });
    this.server.on("secureConnection", (socket: TLSSocket) => {
      this.servernames.push(socket.servername as string | false | undefined);
      this.subjects.push(String(socket.getPeerCertificate().subject?.CN));
      this.peers.push(new Peer(socket));
    });
    this.server.on("tlsClientError", () => {});
  }

  async listen(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const { socket } of this.peers) socket.destroy();
  }
}

/** A port on which nothing listens. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A MESSAGE of the gateway from alice@example.com to bob@contoso.example. */
export function messageFromAlice(callId: string): SipMessage {
  return buildRequest(
    "MESSAGE",
    "sip:bob@contoso.example",
    [
      ["Via", `SIP/2.0/TLS gateway.invalid;branch=z9hG4bK${callId}`],
      ["Max-Forwards", "70"],
      ["From", "<sip:alice@example.com>;tag=a1"],
      ["To", "<sip:bob@contoso.example>"],
      ["Call-ID", callId],
      ["CSeq", "1 MESSAGE"],
    ],
    { type: "text/plain", bytes: new TextEncoder().encode("hi") },
  );
}

/** A MESSAGE from bob@contoso.example as bytes; `callId` tells several apart. */
export function messageFromBob(callId: string, body = "hello"): string {
  return [
    "MESSAGE sip:alice@example.com SIP/2.0",
    `Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bK${callId}`,
    "Max-Forwards: 70",
    "From: <sip:bob@contoso.example>;tag=b1",
    "To: <sip:alice@example.com>",
    `Call-ID: ${callId}`,
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}
