import { constants } from "node:crypto";
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
  /** More handshakes pending, or connections open, than the listener takes. */
  | "too-many";

/** Our certificate, its key and the roots that peers must chain to: PEM texts. */
export interface TlsCredentials {
  /** Leaf first, then intermediates. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * TLS 1.2 is the floor (RFC 8996, RFC 9325 3.1). Tickets are off because a resumed session would outlive a change of
 * the trust settings; renegotiation because nothing needs it (RFC 9325 3.5).
 */
export const TLS_OPTIONS = {
  minVersion: "TLSv1.2",
  secureOptions:
    constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
} as const;

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
