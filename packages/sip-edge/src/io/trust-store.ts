import type { X509Certificate } from "node:crypto";
import {
  type CertificateProblem,
  isRevoked,
  pathToRoot,
  type RevocationList,
  readCertificates,
  readRevocationLists,
  type TlsCredentials,
  type TlsPeer,
} from "@tombolo/sip/io";

/** What one partner is judged by, where it differs. */
export interface PartnerTrust {
  /** The only roots its certificates may chain to, PEM; left out: those of the edge. */
  readonly ca?: string | undefined;
  /** Revocation lists, PEM or DER; they count besides those of the edge. */
  readonly crl?: Uint8Array | undefined;
}

/** Key material of the edge, and whom it trusts. */
export interface EdgeTls extends TlsCredentials {
  readonly crl?: Uint8Array | undefined;
  /** By domain. */
  readonly partners?: Readonly<Record<string, PartnerTrust>> | undefined;
  /** The certificate of the listener for old versions of TLS; left out: the same. */
  readonly legacy?: { readonly cert: string; readonly key: string } | undefined;
}

interface Roots {
  readonly pem: string;
  readonly certificates: readonly X509Certificate[];
}

/**
 * Whom the edge trusts. TLS itself judges an inbound connection by the roots of all partners together, because nobody
 * knows yet who calls; this says whether the certificate leads to the roots of the partner that it speaks for.
 */
export class TrustStore {
  private readonly tls: EdgeTls;
  private readonly common: Roots;
  private readonly own = new Map<string, Roots>();
  private readonly commonLists: readonly RevocationList[];
  private readonly ownLists = new Map<string, readonly RevocationList[]>();

  /** Throws where roots or revocation lists can't be read. */
  constructor(tls: EdgeTls) {
    this.tls = tls;
    this.common = rootsOf(tls.ca);
    this.commonLists = tls.crl ? readRevocationLists(tls.crl) : [];
    for (const [domain, { ca, crl }] of Object.entries(tls.partners ?? {})) {
      if (ca !== undefined) this.own.set(domain, rootsOf(ca));
      if (crl !== undefined) this.ownLists.set(domain, readRevocationLists(crl));
    }
  }

  /** What a listener shows and takes: the roots of all. */
  get listening(): TlsCredentials {
    const { cert, key } = this.tls;
    return { cert, key, ca: this.allRoots };
  }

  /** The same for the listener for old versions of TLS. */
  get legacyListening(): TlsCredentials {
    const { cert, key } = this.tls.legacy ?? this.tls;
    return { cert, key, ca: this.allRoots };
  }

  /** What a dial to this partner shows and takes. */
  dialling(domain: string, legacy: boolean): TlsCredentials {
    const { cert, key } = (legacy ? this.tls.legacy : undefined) ?? this.tls;
    return { cert, key, ca: this.rootsFor(domain).pem };
  }

  /** What is wrong with a certificate for this partner that TLS has found good for somebody. */
  problemOf(domain: string, { certificate }: TlsPeer, now: Date): CertificateProblem | undefined {
    if (!certificate) return "no-certificate";
    if (now > certificate.validToDate) return "expired";
    const path = pathToRoot(certificate, this.rootsFor(domain).certificates, now);
    if (!path) return "unknown-ca";
    return isRevoked(path, [...this.commonLists, ...(this.ownLists.get(domain) ?? [])])
      ? "revoked"
      : undefined;
  }

  private get allRoots(): string {
    const all = new Set([this.common.pem]);
    for (const { pem } of this.own.values()) all.add(pem);
    return [...all].join("\n");
  }

  private rootsFor(domain: string): Roots {
    return this.own.get(domain) ?? this.common;
  }
}

function rootsOf(pem: string): Roots {
  return { pem, certificates: readCertificates(pem) };
}
