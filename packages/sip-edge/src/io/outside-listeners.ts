import type { Socket } from "node:net";
import { type HandshakeOutcome, type ListenerLimits, SipListener, type TlsPeer } from "@tombolo/sip/io";
import type { EdgeNode } from "../settings.ts";
import { PublicPorts } from "./public-ports.ts";
import type { TrustStore } from "./trust-store.ts";

interface Place {
  readonly host: string;
  readonly port: number;
}

export interface OutsideListenersOptions {
  readonly listen: Place;
  /** Where partners may come with old versions of TLS; left out: nowhere. */
  readonly legacyListen?: Place | undefined;
  readonly limits?: ListenerLimits | undefined;
  /** @param through the node whose public port it came to */
  onAccepted(socket: Socket, peer: TlsPeer | undefined, legacy: boolean, through?: string): void;
  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void;
}

/** All that listens to partners: the main port, the one for old versions of TLS, the public ports of nodes. */
export class OutsideListeners {
  private readonly main: SipListener;
  private legacy: SipListener | undefined;
  private readonly ports: PublicPorts;

  /** Throws where key, certificate or roots can't be used. */
  constructor(options: OutsideListenersOptions, trust: TrustStore, nodes: readonly EdgeNode[]) {
    const { listen, legacyListen, limits } = options;
    const onHandshakeFailed = options.onHandshakeFailed.bind(options);
    const owner = (legacy: boolean) => ({
      onAccepted: (socket: Socket, peer: TlsPeer | undefined) => options.onAccepted(socket, peer, legacy),
      onHandshakeFailed,
    });
    this.main = new SipListener({ ...listen, tls: trust.listening, limits }, owner(false));
    this.ports = new PublicPorts({
      host: listen.host,
      limits,
      onAccepted: (socket, peer, node) => options.onAccepted(socket, peer, false, node),
      onHandshakeFailed,
    });
    this.ports.configure(nodes, trust.listening);
    if (!legacyListen) return;
    const old = { ...legacyListen, tls: trust.legacyListening, limits, floor: "legacy" } as const;
    this.legacy = new SipListener(old, owner(true));
  }

  /** Rejects with Node's error where it can't listen. */
  async start(): Promise<void> {
    await this.main.start();
    await this.legacy?.start();
    await this.ports.start();
  }

  /** The main port, once started. */
  get address(): Place {
    return this.main.address;
  }

  get legacyAddress(): Place | undefined {
    return this.legacy?.address;
  }

  /** New key material, for connections from now on. Throws where it can't be used. */
  setTrust(trust: TrustStore): void {
    this.main.setSecureContext(trust.listening);
    this.legacy?.setSecureContext(trust.legacyListening);
    this.ports.setSecureContext(trust.listening);
  }

  /** Opens and closes ports as the nodes want them. */
  configure(
    nodes: readonly EdgeNode[],
    trust: TrustStore,
    onFailed: (port: number, detail: string) => void,
  ): void {
    void this.ports.start(this.ports.configure(nodes, trust.listening), onFailed);
  }

  /** No partner needs old versions of TLS any more. */
  stopLegacy(): void {
    this.legacy?.stop();
    this.legacy = undefined;
  }

  stop(): void {
    this.main.stop();
    this.legacy?.stop();
    this.ports.stop();
  }
}
