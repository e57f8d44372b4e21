import { X509Certificate } from "node:crypto";

/** Longest chain that is followed, leaf and root included. */
export const MAX_CHAIN = 8;

/** Least strength of a key, as OpenSSL's security level 2 has it. */
const MIN_RSA_BITS = 2048;

/** Splits a PEM bundle into certificates. Throws where one of them can't be read. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * The way from `leaf`, over the certificates it came with, to one of `roots`: leaf first, root last. Undefined where
 * there is none: a signature is wrong, an issuer is no authority or out of date, or the root is none of ours. A leaf
 * that is itself among the roots is its own way; roots that another has signed are links like those that were sent.
 *
 * It is asked for where TLS has judged by more roots than count for this peer, and where a fault in the leaf's purpose
 * hides that nobody knows its issuer: OpenSSL keeps only the last fault of a chain. Path lengths and name constraints
 * are not looked at here: OpenSSL judges them, after the purpose, so their faults are the ones that remain.
 */
export function pathToRoot(
  leaf: X509Certificate,
  roots: readonly X509Certificate[],
  now: Date,
): X509Certificate[] | undefined {
  if (roots.some((one) => one.fingerprint256 === leaf.fingerprint256)) return [leaf];
  const links: X509Certificate[] = [];
  for (let up = leaf.issuerCertificate; up && links.length < MAX_CHAIN; up = up.issuerCertificate)
    links.push(up);
  const ends: X509Certificate[] = [];
  for (const root of roots) (isSelfSigned(root) ? ends : links).push(root);
  const path = [leaf];
  while (path.length < MAX_CHAIN) {
    const child = path.at(-1)!;
    const end = ends.find((one) => issued(one, child, now));
    if (end) return [...path, end];
    const next = links.find((one) => one.fingerprint256 !== child.fingerprint256 && issued(one, child, now));
    if (!next) return undefined;
    path.push(next);
  }
  return undefined;
}

/** `pathToRoot` as a question. */
export function leadsToRoot(leaf: X509Certificate, roots: readonly X509Certificate[], now: Date): boolean {
  return pathToRoot(leaf, roots, now) !== undefined;
}

/**
 * An RSA key under 2048 bits, an elliptic curve under 224, or a signature over SHA-1 or MD5: less than 112 bits of
 * strength (NIST SP 800-57), which OpenSSL refuses on its security level 2.
 */
export function isWeak(certificate: X509Certificate): boolean {
  const key = certificate.publicKey;
  const { modulusLength = MIN_RSA_BITS, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS || /^(secp|prime|sect)(1[0-9]{2}|2[01][0-9])/.test(namedCurve))
    return true;
  return /sha1|md5|md4|md2/i.test(certificate.signatureAlgorithm ?? "");
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

/** Roots are asked again with each connection, and there may be hundreds. */
const selfSigned = new WeakMap<X509Certificate, boolean>();

function isSelfSigned(certificate: X509Certificate): boolean {
  const known = selfSigned.get(certificate);
  if (known !== undefined) return known;
  const is = certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
  selfSigned.set(certificate, is);
  return is;
}
