import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import forge from "node-forge";

/** A certificate and its private key, both PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

export type ExtendedKeyUsage = "serverAuth" | "clientAuth";

export interface CertificateRequest {
  readonly commonName: string;
  /** Subject alternative names of type dNSName; none by default, so that a bare CN can be tested too. */
  readonly dns?: readonly string[];
  /** Subject alternative names of type uniformResourceIdentifier, e.g. `sip:contoso.example` (RFC 5922 7.1). */
  readonly uris?: readonly string[];
  /** iPAddress names. */
  readonly ips?: readonly string[];
  /** Default: both. "none" leaves the extension out, which means any purpose. */
  readonly extendedKeyUsage?: readonly ExtendedKeyUsage[] | "none";
  /** Default: a day ago. */
  readonly notBefore?: Date;
  /** Default: in 30 days. */
  readonly notAfter?: Date;
  /** A key pair of its own; by default all certificates of a process share one, because making keys is slow. */
  readonly freshKey?: boolean;
  /** RSA modulus, bits; default 2048. Each size has one key pair that its certificates share. */
  readonly keyBits?: number;
  /** What the signature is made over; default sha256. */
  readonly hash?: SignatureHash;
}

export type SignatureHash = "sha1" | "sha256";

export interface Authority {
  /** The root certificate, PEM. */
  readonly cert: string;
  readonly key: string;
  issue(request: CertificateRequest): Credentials;
  /** An authority below this one. Who is issued a certificate by it must show its certificate as well. */
  intermediate(options: { readonly name: string }): Authority;
}

const DAY_MS = 86_400_000;
const WITH_RSA: Readonly<Record<SignatureHash, string>> = {
  sha1: "1.2.840.113549.1.1.5",
  sha256: "1.2.840.113549.1.1.11",
};
const SAN_URI = 6;
const SAN_DNS = 2;
const SAN_IP = 7;

interface KeyPair {
  readonly publicPem: string;
  readonly privatePem: string;
}

function makeKeyPair(modulusLength = 2048): KeyPair {
  const pair = generateKeyPairSync("rsa", {
    modulusLength,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { publicPem: pair.publicKey, privatePem: pair.privateKey };
}

/** By modulus. */
const leafKeys = new Map<number, KeyPair>();

function keysFor({ freshKey, keyBits = 2048 }: CertificateRequest): KeyPair {
  if (freshKey === true) return makeKeyPair(keyBits);
  const pair = leafKeys.get(keyBits) ?? makeKeyPair(keyBits);
  leafKeys.set(keyBits, pair);
  return pair;
}

/** Signs with node:crypto: node-forge's own RSA is a hundred times slower. */
function sealed(
  certificate: ReturnType<typeof forge.pki.createCertificate>,
  issuerKey: KeyObject,
  hash: SignatureHash = "sha256",
): string {
  certificate.signatureOid = WITH_RSA[hash];
  certificate.siginfo.algorithmOid = WITH_RSA[hash];
  certificate.tbsCertificate = forge.pki.getTBSCertificate(certificate);
  const der = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), "binary");
  certificate.signature = sign(hash, der, issuerKey).toString("binary");
  return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}

function blank(keys: KeyPair, subject: string, issuer: string, notBefore?: Date, notAfter?: Date) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicPem);
  // The leading digit keeps the serial number positive.
  certificate.serialNumber = `1${randomBytes(15).toString("hex").slice(1)}`;
  const now = Date.now();
  certificate.validity.notBefore = notBefore ?? new Date(now - DAY_MS);
  certificate.validity.notAfter = notAfter ?? new Date(now + 30 * DAY_MS);
  certificate.setSubject([{ name: "commonName", value: subject }]);
  certificate.setIssuer([{ name: "commonName", value: issuer }]);
  return certificate;
}

function leafExtensions(request: CertificateRequest): Record<string, unknown>[] {
  const extensions: Record<string, unknown>[] = [
    { name: "basicConstraints", cA: false },
    { name: "keyUsage", critical: true, digitalSignature: true, keyEncipherment: true },
  ];
  const usage = request.extendedKeyUsage ?? ["serverAuth", "clientAuth"];
  if (usage !== "none") {
    const flags = Object.fromEntries(usage.map((purpose) => [purpose, true]));
    extensions.push({ name: "extKeyUsage", ...flags });
  }
  const altNames = [
    ...(request.dns ?? []).map((value) => ({ type: SAN_DNS, value })),
    ...(request.uris ?? []).map((value) => ({ type: SAN_URI, value })),
    ...(request.ips ?? []).map((ip) => ({ type: SAN_IP, ip })),
  ];
  if (altNames.length > 0) extensions.push({ name: "subjectAltName", altNames });
  return extensions;
}

function authorityCertificate(
  keys: KeyPair,
  name: string,
  issuer: { name: string; key: KeyObject } | undefined,
): string {
  const certificate = blank(keys, name, issuer?.name ?? name);
  certificate.setExtensions([
    { name: "basicConstraints", critical: true, cA: true },
    { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true },
    { name: "subjectKeyIdentifier" },
  ]);
  return sealed(certificate, issuer?.key ?? createPrivateKey(keys.privatePem));
}

function authorityOf(name: string, keys: KeyPair, cert: string): Authority {
  const signer = createPrivateKey(keys.privatePem);
  return {
    cert,
    key: keys.privatePem,
    issue(request) {
      const pair = keysFor(request);
      const certificate = blank(pair, request.commonName, name, request.notBefore, request.notAfter);
      certificate.setExtensions(leafExtensions(request));
      return { cert: sealed(certificate, signer, request.hash), key: pair.privatePem };
    },
    intermediate(options) {
      const pair = makeKeyPair();
      return authorityOf(options.name, pair, authorityCertificate(pair, options.name, { name, key: signer }));
    },
  };
}

/** A root certificate authority with a key of its own, good for tests only. */
export function createAuthority(options: { readonly name: string }): Authority {
  const keys = makeKeyPair();
  return authorityOf(options.name, keys, authorityCertificate(keys, options.name, undefined));
}

/** A certificate that its own key has signed and that is no authority. */
export function issueSelfSigned(request: CertificateRequest): Credentials {
  const pair = keysFor(request);
  const { commonName, notBefore, notAfter, hash } = request;
  const certificate = blank(pair, commonName, commonName, notBefore, notAfter);
  certificate.setExtensions(leafExtensions(request));
  return { cert: sealed(certificate, createPrivateKey(pair.privatePem), hash), key: pair.privatePem };
}

export interface PkiFiles {
  /** Path of the root certificate. */
  readonly ca: string;
  /** Paths of `NAME.crt` and `NAME.key`, by NAME. */
  readonly files: Readonly<Record<string, { readonly cert: string; readonly key: string }>>;
}

/** Writes `ca.crt` and one `NAME.crt`, `NAME.key` (mode 0600) for each entry into `dir`, which is made if missing. */
export function writePki(
  dir: string,
  authority: Pick<Authority, "cert">,
  credentials: Readonly<Record<string, Credentials>>,
): PkiFiles {
  mkdirSync(dir, { recursive: true });
  const ca = join(dir, "ca.crt");
  writeFileSync(ca, authority.cert);
  const files: Record<string, { cert: string; key: string }> = {};
  for (const [name, { cert, key }] of Object.entries(credentials)) {
    const paths = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
    writeFileSync(paths.cert, cert);
    writeFileSync(paths.key, key, { mode: 0o600 });
    files[name] = paths;
  }
  return { ca, files };
}
