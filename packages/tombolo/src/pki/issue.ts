/** A private authority and the certificates it issues, for federations whose partners agree on a root of their own. */
import { createPrivateKey, type KeyObject, randomBytes, sign } from "node:crypto";
import forge from "node-forge";
import { type KeyPair, makeKeyPair } from "./key-pair.ts";

const DAY_MS = 86_400_000;
/** A partner's clock may be behind ours. */
const EARLIER_MS = 3_600_000;
const SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
const SAN_DNS = 2;

export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** An authority that can sign: its certificate and key as PEM texts. */
export function makeAuthority(name: string, days: number, now: number): Issued {
  const keys = makeKeyPair();
  const certificate = blank(keys, name, name, days, now);
  certificate.setExtensions([
    { name: "basicConstraints", critical: true, cA: true },
    { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true },
    { name: "subjectKeyIdentifier" },
  ]);
  return { cert: sealed(certificate, createPrivateKey(keys.privatePem)), key: keys.privatePem };
}

export interface EdgeRequest {
  /** DNS names, the first as common name too. */
  readonly names: readonly string[];
  readonly days: number;
  /** Wall clock, ms since 1970. */
  readonly now: number;
}

/** A certificate that may be server and client, as an edge needs it (SYS-02). */
export function issueEdge(authority: Issued, { names, days, now }: EdgeRequest): Issued {
  const keys = makeKeyPair();
  const issuer = forge.pki.certificateFromPem(authority.cert).subject.getField("CN").value as string;
  const certificate = blank(keys, names[0]!, issuer, days, now);
  certificate.setExtensions([
    { name: "basicConstraints", cA: false },
    { name: "keyUsage", critical: true, digitalSignature: true, keyEncipherment: true },
    { name: "extKeyUsage", serverAuth: true, clientAuth: true },
    { name: "subjectAltName", altNames: altNames(names) },
  ]);
  return { cert: sealed(certificate, createPrivateKey(authority.key)), key: keys.privatePem };
}

/** A signing request for a public or a company's authority, PEM (PKCS #10), with the names and both usages asked for. */
export function makeRequest(keys: KeyPair, names: readonly string[]): string {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.publicKeyFromPem(keys.publicPem);
  request.setSubject([{ name: "commonName", value: names[0]! }]);
  const extensions = [
    { name: "keyUsage", critical: true, digitalSignature: true, keyEncipherment: true },
    { name: "extKeyUsage", serverAuth: true, clientAuth: true },
    { name: "subjectAltName", altNames: altNames(names) },
  ];
  request.setAttributes([{ name: "extensionRequest", extensions }]);
  request.sign(forge.pki.privateKeyFromPem(keys.privatePem), forge.md.sha256.create());
  return unix(forge.pki.certificationRequestToPem(request));
}

function altNames(names: readonly string[]): { readonly type: number; readonly value: string }[] {
  return names.map((value) => ({ type: SAN_DNS, value }));
}

function blank(keys: KeyPair, subject: string, issuer: string, days: number, now: number) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicPem);
  // The leading digit keeps the serial number positive.
  certificate.serialNumber = `1${randomBytes(15).toString("hex").slice(1)}`;
  certificate.validity.notBefore = new Date(now - EARLIER_MS);
  certificate.validity.notAfter = new Date(now + days * DAY_MS);
  certificate.setSubject([{ name: "commonName", value: subject }]);
  certificate.setIssuer([{ name: "commonName", value: issuer }]);
  return certificate;
}

/** Signed by node:crypto, which is a hundred times faster at it. */
function sealed(certificate: forge.pki.Certificate, issuerKey: KeyObject): string {
  const open = certificate as forge.pki.Certificate & { tbsCertificate: forge.asn1.Asn1; signature: string };
  open.signatureOid = SHA256_WITH_RSA;
  open.siginfo.algorithmOid = SHA256_WITH_RSA;
  open.tbsCertificate = getTbs(certificate);
  const der = Buffer.from(forge.asn1.toDer(open.tbsCertificate).getBytes(), "binary");
  open.signature = sign("sha256", der, issuerKey).toString("binary");
  return unix(forge.pki.certificateToPem(certificate));
}

/** The types leave it out. */
function getTbs(certificate: forge.pki.Certificate): forge.asn1.Asn1 {
  const { getTBSCertificate } = forge.pki as unknown as {
    getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
  };
  return getTBSCertificate(certificate);
}

function unix(pem: string): string {
  return pem.replaceAll("\r\n", "\n");
}
