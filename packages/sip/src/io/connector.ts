import type { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { readCertificates } from "./certificate-chain.ts";
import { errorCode, handshakeOutcome, TLS_OPTIONS, type TlsCredentials } from "./handshake.ts";
import { readTlsPeer, type TlsPeer } from "./tls-peer.ts";

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
  readonly host: string;
  readonly port: number;
  readonly transport: "tls" | "tcp";
}

/** `peer` is undefined on TCP. */
export type DialResult =
  | { readonly ok: true; readonly socket: Socket; readonly peer: TlsPeer | undefined }
  | { readonly ok: false; readonly why: DialFailure; readonly detail: string };

export const DEFAULT_DIAL_MS = 10_000;

/**
 * Opens connections. What a TLS server must be called is judged by `names`, exactly and without regard to case; no
 * wildcards (RFC 5922 7.2). In TLS 1.3 a dial succeeds before the server has judged our certificate: a refusal shows
 * as a connection that ends soon after.
 */
export class Connector {
  private tls: TlsCredentials;
  private roots: readonly X509Certificate[];
  private readonly dialMs: number;
  private readonly dials = new Map<string, Promise<DialResult>>();

  /** @param dialMs limit for name look-up, TCP and TLS together. Throws where the roots can't be read. */
  constructor(tls: TlsCredentials, dialMs = DEFAULT_DIAL_MS) {
    this.tls = tls;
    this.roots = readCertificates(tls.ca);
    this.dialMs = dialMs;
  }

  setSecureContext(tls: TlsCredentials): void {
    this.roots = readCertificates(tls.ca);
    this.tls = tls;
  }

  /**
   * One attempt at a time for each target: callers that come while it runs share its result, so one of them at most
   * may make a connection of the socket. Never rejects.
   *
   * @param names what the server's certificate may be called; any one of them.
   */
  dial(target: DialTarget, names: readonly string[]): Promise<DialResult> {
    const key = `${target.transport}:${target.host}:${target.port} ${names.join(" ")}`;
    const running = this.dials.get(key);
    if (running !== undefined) return running;
    const dial = this.attempt(target, names).finally(() => this.dials.delete(key));
    this.dials.set(key, dial);
    return dial;
  }

  private attempt(target: DialTarget, names: readonly string[]): Promise<DialResult> {
    return new Promise((resolve) => {
      const socket = this.open(target);
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
        end({ ok: false, why: "timeout", detail: `no connection in ${this.dialMs} ms` });
      }, this.dialMs);
      socket.on("error", onError);
      socket.once("close", () => end({ ok: false, why: "reset", detail: "closed in the handshake" }));
      if (target.transport === "tcp")
        socket.once("connect", () => end({ ok: true, socket, peer: undefined }));
      else socket.once("secureConnect", () => end(this.judge(socket as TLSSocket, names)));
    });
  }

  private open(target: DialTarget): Socket {
    const { host, port } = target;
    if (target.transport === "tcp") return connectTcp({ host, port, noDelay: true });
    return connectTls({
      ...TLS_OPTIONS,
      host,
      port,
      // RFC 6066 3: no addresses in SNI.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      cert: this.tls.cert,
      key: this.tls.key,
      ca: this.tls.ca,
      // Judged below, with a reason.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
  }

  private judge(socket: TLSSocket, names: readonly string[]): DialResult {
    const peer = readTlsPeer(socket, { roots: this.roots });
    if (peer.problem !== undefined) return { ok: false, why: "certificate", detail: peer.problem };
    if (!names.some((name) => peer.names.includes(name.toLowerCase()))) {
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
