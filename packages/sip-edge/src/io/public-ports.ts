import type { Socket } from "node:net";
import {
  errorCode,
  type HandshakeOutcome,
  type ListenerLimits,
  SipListener,
  type TlsCredentials,
  type TlsPeer,
} from "@tombolo/sip/io";
import type { EdgeNode } from "../settings.ts";

export interface PublicPortsOptions {
  /** The address of the main listener. */
  readonly host: string;
  readonly limits?: ListenerLimits | undefined;
  onAccepted(socket: Socket, peer: TlsPeer | undefined, node: string): void;
  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void;
}

/** The ports that nodes have outside besides the main one (static PAT): as the main one in all but whom they lead to. */
export class PublicPorts {
  private readonly options: PublicPortsOptions;
  private readonly listeners = new Map<number, { readonly node: string; readonly listener: SipListener }>();

  constructor(options: PublicPortsOptions) {
    this.options = options;
  }

  /**
   * Closes ports that no node has any more, and prepares new ones.
   *
   * @returns those to be started
   */
  configure(nodes: readonly EdgeNode[], tls: TlsCredentials): number[] {
    const wanted = new Map<number, string>();
    for (const { publicPort, name } of nodes) if (publicPort !== undefined) wanted.set(publicPort, name);
    for (const [port, { node, listener }] of this.listeners) {
      if (wanted.get(port) === node) continue;
      listener.stop();
      this.listeners.delete(port);
    }
    const fresh = [...wanted].filter(([port]) => !this.listeners.has(port));
    for (const [port, node] of fresh)
      this.listeners.set(port, { node, listener: this.make(port, node, tls) });
    return fresh.map(([port]) => port);
  }

  /**
   * Starts all, or those given. Rejects with Node's error where a port can't be had, unless `onFailed` takes it.
   */
  async start(
    ports: readonly number[] = [...this.listeners.keys()],
    onFailed?: (port: number, detail: string) => void,
  ): Promise<void> {
    for (const port of ports) {
      try {
        await this.listeners.get(port)?.listener.start();
      } catch (error) {
        if (!onFailed) throw error;
        this.listeners.delete(port);
        onFailed(port, errorCode(error));
      }
    }
  }

  setSecureContext(tls: TlsCredentials): void {
    for (const { listener } of this.listeners.values()) listener.setSecureContext(tls);
  }

  stop(): void {
    for (const { listener } of this.listeners.values()) listener.stop();
  }

  private make(port: number, node: string, tls: TlsCredentials): SipListener {
    const { host, limits, onHandshakeFailed } = this.options;
    return new SipListener(
      { host, port, tls, limits },
      {
        onAccepted: (socket, peer) => this.options.onAccepted(socket, peer, node),
        onHandshakeFailed: (outcome, remote, detail) => onHandshakeFailed(outcome, remote, detail),
      },
    );
  }
}
