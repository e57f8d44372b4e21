/** What a certificate file says, and whether it may stand for an edge. */
import { X509Certificate } from "node:crypto";

const DAY_MS = 86_400_000;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

export interface Inspected {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  /** Below 0 when it has expired. */
  readonly daysLeft: number;
  readonly isAuthority: boolean;
  /** `rsa 3072`. */
  readonly key: string;
  readonly serverAuth: boolean;
  readonly clientAuth: boolean;
  /** SHA-256 of the whole certificate. */
  readonly fingerprint: string;
  /** What keeps it from standing for an edge; empty = nothing. */
  readonly troubles: readonly string[];
}

/** Every certificate of a PEM or DER file. @throws Error when there is none */
export function inspect(bytes: Buffer, now: number): readonly Inspected[] {
  const text = bytes.toString("latin1");
  const sources: (string | Buffer)[] = text.match(PEM_BLOCK) ?? [bytes];
  return sources.map((source) => {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(source);
    } catch {
      throw new Error("there is no certificate in it (PEM or DER; for a .pfx use pki import-pfx)");
    }
    return describe(certificate, now);
  });
}

function describe(certificate: X509Certificate, now: number): Inspected {
  const { subject, issuer, ca, subjectAltName = "", keyUsage, publicKey, fingerprint256 } = certificate;
  const names = [...subjectAltName.matchAll(/(?:^|, )DNS:([^",]+)/g)].map((match) => match[1]!.toLowerCase());
  const usages = keyUsage ?? [];
  // No extended key usage means any.
  const may = (usage: string) => usages.length === 0 || usages.includes(usage);
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  const facts = {
    subject: oneLine(subject),
    issuer: oneLine(issuer),
    names,
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    daysLeft: Math.floor((Date.parse(certificate.validTo) - now) / DAY_MS),
    isAuthority: ca,
    key: `${publicKey.asymmetricKeyType ?? "unknown"} ${modulusLength ?? namedCurve ?? ""}`.trim(),
    serverAuth: may(SERVER_AUTH),
    clientAuth: may(CLIENT_AUTH),
    fingerprint: fingerprint256,
  };
  return { ...facts, troubles: ca ? [] : troublesOf(facts, now) };
}

function troublesOf(facts: Omit<Inspected, "troubles">, now: number): string[] {
  const found: string[] = [];
  if (Date.parse(facts.notBefore) > now) found.push("it is not valid yet");
  if (facts.daysLeft < 0) found.push("it has expired");
  if (facts.names.length === 0) found.push("it has no DNS name (the common name does not count)");
  if (!facts.serverAuth) found.push("it lacks serverAuth");
  if (!facts.clientAuth)
    found.push("it lacks clientAuth: partners need purpose: server-auth-as-client or a like switch for us");
  return found;
}

function oneLine(name: string | undefined): string {
  return (name ?? "").replaceAll("\n", ", ");
}
