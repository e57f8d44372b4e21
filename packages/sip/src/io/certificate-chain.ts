import { X509Certificate } from "node:crypto";

/** Longest chain that is followed, leaf and root included. */
export const MAX_CHAIN = 8;

/** Splits a PEM bundle into certificates. Throws where one of them can't be read. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * True when `leaf` was signed, over the certificates it came with, by one of `roots`.
 *
 * OpenSSL keeps only the last fault of a chain it verifies, so a fault in a certificate's purpose hides that nobody
 * knows its issuer. Who forgives the purpose has to ask this first. Dates, path lengths, name constraints and weak
 * keys need no second look: OpenSSL judges them after the purpose, so their faults are the ones that remain.
 */
export function leadsToRoot(leaf: X509Certificate, roots: readonly X509Certificate[], now: Date): boolean {
  const sent: X509Certificate[] = [];
  for (let up = leaf.issuerCertificate; up && sent.length < MAX_CHAIN; up = up.issuerCertificate)
    sent.push(up);
  let current = leaf;
  for (let depth = 1; depth < MAX_CHAIN; depth++) {
    const child = current;
    const root = roots.find((one) => issued(one, child, now));
    if (root) return isSelfSigned(root);
    const next = sent.find((one) => one.fingerprint256 !== child.fingerprint256 && issued(one, child, now));
    if (!next) return false;
    current = next;
  }
  return false;
}

function issued(issuer: X509Certificate, child: X509Certificate, now: Date): boolean {
  return (
    issuer.ca &&
    child.checkIssued(issuer) &&
    issuer.validFromDate <= now &&
    now <= issuer.validToDate &&
    child.verify(issuer.publicKey)
  );
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}
