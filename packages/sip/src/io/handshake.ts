import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { CertificateProblem } from "./tls-peer.ts";

/** How a TLS handshake ended: the `outcome` of tls_handshakes_total. `ok` and `unknown-name` are the owner's words. */
export type HandshakeOutcome =
  | "ok"
  | CertificateProblem
  /** The certificate is good but names nobody that the owner knows. */
  | "unknown-name"
  /** No common version or cipher, or not TLS at all. */
  | "protocol"
  /** The other side refused our certificate. */
  | "refused-ours"
  | "timeout"
  | "reset"
  /** More handshakes pending, or connections open, than the listener or the partner may have. */
  | "too-many"
  /** The version is older than this partner's floor. */
  | "tls-version"
  /** The partner may not use the listener for old versions of TLS. */
  | "not-legacy";

/** What to ask of a handshake: `1.2` and `1.3` are floors, `legacy` takes anything from TLS 1.0 and weak keys. */
export type TlsFloor = "1.2" | "1.3" | "legacy";

/** Our certificate, its key and the roots that peers must chain to: PEM texts. */
export interface TlsCredentials {
  /** Leaf first, then intermediates. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * Tickets are off because a resumed session would outlive a change of the trust settings; renegotiation because
 * nothing needs it (RFC 9325 3.5); empty records because Microsoft servers hold the next record back after one.
 */
const SECURE_OPTIONS =
  constants.SSL_OP_NO_TICKET |
  constants.SSL_OP_NO_RENEGOTIATION |
  constants.SSL_OP_NO_COMPRESSION |
  constants.SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS;

/** TLS 1.2 unless something else is asked for (RFC 8996, RFC 9325 3.1). */
const TLS_BY_FLOOR = {
  "1.2": { minVersion: "TLSv1.2", secureOptions: SECURE_OPTIONS },
  "1.3": { minVersion: "TLSv1.3", secureOptions: SECURE_OPTIONS },
  // Below TLS 1.2 signatures are made over MD5 and SHA-1, which OpenSSL allows on security level 0 only.
  legacy: { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0", secureOptions: SECURE_OPTIONS },
} as const satisfies Record<TlsFloor, SecureContextOptions>;

/** Node's options for a floor. */
export function tlsOptions(floor: TlsFloor = "1.2"): SecureContextOptions {
  return TLS_BY_FLOOR[floor];
}

/** Versions, as Node writes them, that no floor but `legacy` lets pass (RFC 8996). */
export function isLegacyVersion(protocol: string): boolean {
  return protocol === "TLSv1" || protocol === "TLSv1.1" || protocol.startsWith("SSL");
}

/** Alerts by which the other side says that it does not like the certificate we showed. */
const REFUSED_OURS = /ALERT_(BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/;

/** The reason word for an error of a handshake. */
export function handshakeOutcome(error: Error): HandshakeOutcome {
  const code = errorCode(error);
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") return "timeout";
  if (code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED") return "reset";
  return REFUSED_OURS.test(code) ? "refused-ours" : "protocol";
}

/** Node's code of an error (`ECONNREFUSED`, `ERR_SSL_...`), of the first one where it holds several; else "". */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return "";
}
