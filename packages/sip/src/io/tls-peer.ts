import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { isWeak, leadsToRoot, MAX_CHAIN } from "./certificate-chain.ts";
import { certificateNames } from "./certificate-names.ts";

/** What is wrong with the certificate that the other side showed; `purpose` means nothing else is. */
export type CertificateProblem =
  | "no-certificate"
  | "unknown-ca"
  | "self-signed"
  | "expired"
  | "not-yet-valid"
  | "purpose"
  | "revoked"
  | "weak"
  | "bad-certificate";

/** The other end of a TLS connection, as its certificate tells. */
export interface TlsPeer {
  /** SIP identities, small letters (RFC 5922 7.1). */
  readonly names: readonly string[];
  /** Distinguished name, one attribute a line; "" without a certificate. */
  readonly subject: string;
  /** SHA-256 of the certificate, hexadecimal with colons; "" without one. */
  readonly fingerprint: string;
  /** The chain is good for the role that the peer plays on this connection. */
  readonly authorized: boolean;
  /** Undefined exactly when `authorized`. */
  readonly problem: CertificateProblem | undefined;
  /** It may be shown by TLS servers: its extended key usage says so, or says nothing. */
  readonly serverPurpose: boolean;
  /** `TLSv1.3`, ... */
  readonly protocol: string;
  /** The certificate, linked by `issuerCertificate` to those it came with. */
  readonly certificate: X509Certificate | undefined;
}

/** What readers of peer certificates need to know of ours. */
export interface PeerJudgement {
  readonly roots: readonly X509Certificate[];
  /** Take the subject's CN as a name where there is no alternative name. */
  readonly commonNames?: boolean | undefined;
  /** Weak keys and signatures are no problem here. */
  readonly weakAllowed?: boolean | undefined;
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const ANY_PURPOSE = "2.5.29.37.0";

/** OpenSSL's verification codes (openssl-verification-options(1)); any other is `bad-certificate`. */
const PROBLEMS: Readonly<Record<string, CertificateProblem>> = {
  UNABLE_TO_GET_ISSUER_CERT: "unknown-ca",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-ca",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-ca",
  CERT_UNTRUSTED: "unknown-ca",
  CERT_SIGNATURE_FAILURE: "unknown-ca",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-ca",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
  INVALID_PURPOSE: "purpose",
  CERT_REVOKED: "revoked",
};

/** What Node says for OpenSSL's codes that it has no word for: weak keys and signatures, and much else. */
const UNSPECIFIED = "UNSPECIFIED";

/**
 * Reads the other side's certificate after a handshake that did not reject it (`rejectUnauthorized: false`).
 *
 * @param certificate what the socket said first when it was asked for it: it tells the issuers only once
 */
export function readTlsPeer(
  socket: TLSSocket,
  judgement: PeerJudgement,
  certificate: X509Certificate | undefined = socket.getPeerX509Certificate(),
): TlsPeer {
  const protocol = socket.getProtocol() ?? "";
  if (!certificate) {
    const none = { names: [], subject: "", fingerprint: "", serverPurpose: false };
    return { ...none, authorized: false, problem: "no-certificate", protocol, certificate };
  }
  const problem = socket.authorized ? undefined : problemOf(socket, certificate, judgement);
  return {
    names: certificateNames(certificate, judgement.commonNames),
    subject: certificate.subject ?? "",
    fingerprint: certificate.fingerprint256,
    authorized: problem === undefined,
    problem,
    serverPurpose: isForServers(certificate),
    protocol,
    certificate,
  };
}

function problemOf(
  socket: TLSSocket,
  certificate: X509Certificate,
  { roots, weakAllowed = false }: PeerJudgement,
): CertificateProblem {
  // Node gives the code as text, whatever its types say.
  const code = String(socket.authorizationError);
  const problem = Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code]! : "bad-certificate";
  if (problem === "purpose") {
    // The last fault hides two that OpenSSL finds before it: an unknown issuer, and a weak key of the leaf.
    if (!leadsToRoot(certificate, roots, new Date())) return "unknown-ca";
    return !weakAllowed && isWeak(certificate) ? "weak" : problem;
  }
  if (code === UNSPECIFIED) return isWeakChain(certificate) ? "weak" : problem;
  return problem;
}

function isWeakChain(leaf: X509Certificate): boolean {
  let depth = 0;
  for (let one: X509Certificate | undefined = leaf; one && depth < MAX_CHAIN; one = one.issuerCertificate) {
    if (isWeak(one)) return true;
    depth++;
  }
  return false;
}

function isForServers(certificate: X509Certificate): boolean {
  // Undefined where the certificate has no extended key usage, which leaves every purpose open (RFC 5280 4.2.1.12).
  const usages: readonly string[] | undefined = certificate.keyUsage;
  return usages === undefined || usages.includes(SERVER_AUTH) || usages.includes(ANY_PURPOSE);
}
