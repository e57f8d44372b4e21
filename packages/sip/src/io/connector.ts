import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { readCertificates } from "./certificate-chain.ts";
import { errorCode, handshakeOutcome, type TlsCredentials, type TlsFloor, tlsOptions } from "./handshake.ts";
import { type CertificateProblem, readTlsPeer, type TlsPeer } from "./tls-peer.ts";

/** Why no connection could be made. */
export type DialFailure =
  | "refused"
  | "unreachable"
  | "timeout"
  | "dns"
  | "reset"
  /** The handshake failed for other reasons than a certificate. */
  | "tls"
  /** The other side refused our certificate. */
  | "refused-ours"
  /** Its certificate is not good: `detail` has the problem. */
  | "certificate"
  /** Its certificate is good but is not of whom we meant to reach: `detail` has the names it has. */
  | "name-mismatch";

export interface DialTarget {
  /** The name that is shown to the server (SNI), unless it is an address. */
  readonly host: string;
  /** Where `host` was found to be; left out: looked up. */
  readonly address?: string | undefined;
  readonly port: number;
  readonly transport: "tls" | "tcp";
}

/** `peer` is undefined on TCP. */
export type DialResult =
  | { readonly ok: true; readonly socket: Socket; readonly peer: TlsPeer | undefined }
  | { readonly ok: false; readonly why: DialFailure; readonly detail: string };

export const DEFAULT_DIAL_MS = 10_000;

/** What differs from dial to dial. */
export interface DialOptions {
  /** Roots, PEM, and our certificate where they are not the connector's own. */
  readonly tls?: TlsCredentials | undefined;
  /** Default 1.2. */
  readonly floor?: TlsFloor | undefined;
  /** Limit of this dial, ms; default the connector's. */
  readonly withinMs?: number | undefined;
  /** Addresses among `names` are looked for among those of the certificate; default: they match nothing. */
  readonly addressNames?: boolean | undefined;
  /** A second look at a certificate that TLS found good. */
  readonly judge?: ((peer: TlsPeer) => CertificateProblem | undefined) | undefined;
}

/**
 * Opens connections. What a TLS server must be called is judged by `names`, exactly and without regard to case; no
 * wildcards (RFC 5922 7.2). In TLS 1.3 a dial succeeds before the server has judged our certificate: a refusal shows
 * as a connection that ends soon after.
 */
export class Connector {
  private tls: TlsCredentials;
  private readonly dialMs: number;

  /** @param dialMs limit for name look-up, TCP and TLS together. Throws where the roots can't be read. */
  constructor(tls: TlsCredentials, dialMs = DEFAULT_DIAL_MS) {
    readCertificates(tls.ca);
    this.tls = tls;
    this.dialMs = dialMs;
  }

  setSecureContext(tls: TlsCredentials): void {
    readCertificates(tls.ca);
    this.tls = tls;
  }

  /**
   * One attempt. Never rejects.
   *
   * @param names what the server's certificate may be called; any one of them.
   */
  dial(target: DialTarget, names: readonly string[], options: DialOptions = {}): Promise<DialResult> {
    return this.attempt(target, names, options);
  }

  private attempt(target: DialTarget, names: readonly string[], options: DialOptions): Promise<DialResult> {
    const withinMs = options.withinMs ?? this.dialMs;
    return new Promise((resolve) => {
      let socket: Socket;
      try {
        socket = this.open(target, options);
      } catch (error) {
        resolve({ ok: false, why: "tls", detail: error instanceof Error ? error.message : String(error) });
        return;
      }
      const end = (result: DialResult): void => {
        clearTimeout(timer);
        socket.off("error", onError);
        if (!result.ok) {
          socket.on("error", () => {});
          socket.destroy();
        }
        resolve(result);
      };
      const onError = (error: Error): void => end({ ok: false, ...failureOf(error) });
      const timer = setTimeout(() => {
        end({ ok: false, why: "timeout", detail: `no connection in ${withinMs} ms` });
      }, withinMs);
      socket.on("error", onError);
      socket.once("close", () => end({ ok: false, why: "reset", detail: "closed in the handshake" }));
      if (target.transport === "tcp")
        socket.once("connect", () => end({ ok: true, socket, peer: undefined }));
      else socket.once("secureConnect", () => end(this.judge(socket as TLSSocket, names, options)));
    });
  }

  private open({ host, port, address = host, transport }: DialTarget, options: DialOptions): Socket {
    if (transport === "tcp") return connectTcp({ host: address, port, noDelay: true });
    const { cert, key, ca } = options.tls ?? this.tls;
    return connectTls({
      ...tlsOptions(options.floor),
      host: address,
      port,
      // RFC 6066 3: no addresses in SNI.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      cert,
      key,
      ca,
      // Judged below, with a reason.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
  }

  private judge(socket: TLSSocket, names: readonly string[], options: DialOptions): DialResult {
    const roots = readCertificates((options.tls ?? this.tls).ca);
    const peer = readTlsPeer(socket, { roots, weakAllowed: options.floor === "legacy" });
    const problem = peer.problem ?? options.judge?.(peer);
    if (problem !== undefined) return { ok: false, why: "certificate", detail: problem };
    const isNamed = (name: string): boolean =>
      peer.names.includes(name.toLowerCase()) ||
      (options.addressNames === true && isIP(name) !== 0 && peer.certificate?.checkIP(name) !== undefined);
    if (!names.some(isNamed)) {
      return { ok: false, why: "name-mismatch", detail: peer.names.join(" ") };
    }
    return { ok: true, socket, peer };
  }
}

/** Node's codes for errors of sockets and look-ups. */
const FAILURES: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: "refused",
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_FAIL: "dns",
  EAI_NODATA: "dns",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ECONNRESET: "reset",
  EPIPE: "reset",
};

function failureOf(error: Error): { why: DialFailure; detail: string } {
  const code = errorCode(error);
  const detail = error.message || code;
  if (Object.hasOwn(FAILURES, code)) return { why: FAILURES[code]!, detail };
  return { why: handshakeOutcome(error) === "refused-ours" ? "refused-ours" : "tls", detail };
}
