import { createPrivateKey, sign, X509Certificate } from "node:crypto";
import type { Authority } from "./pki.ts";

export interface RevocationListOptions {
  /** Default: an hour ago. */
  readonly thisUpdate?: Date;
  /** Default: in a day. "none" leaves it out. */
  readonly nextUpdate?: Date | "none";
  /** Critical extensions of the list: the DER of each object identifier's value, and of the extension's. */
  readonly criticalExtensions?: readonly (readonly [oid: Buffer, value: Buffer])[];
}

const HOUR_MS = 3_600_000;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const EXTENSIONS = 0xa0;
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
/** AlgorithmIdentifier of sha256WithRSAEncryption. */
const SHA256_WITH_RSA = Buffer.from("300d06092a864886f70d01010b0500", "hex");
/** The fields of a certificate's body before its subject: version, serial number, algorithm, issuer, validity. */
const BEFORE_SUBJECT = 5;

/** One value in DER. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.from(
    length.toString(16).padStart(length > 0xff_ff ? 6 : length > 0xff ? 4 : 2, "0"),
    "hex",
  );
  return Buffer.concat([Buffer.from([tag, 0x80 + size.length]), size, content]);
}

/** The values that stand in a constructed value, each with its tag and length. */
function children(value: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = headSize(value, 0); at < value.length; ) {
    const end = at + headSize(value, at) + contentLength(value, at);
    found.push(value.subarray(at, end));
    at = end;
  }
  return found;
}

function headSize(value: Buffer, at: number): number {
  const first = value[at + 1]!;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function contentLength(value: Buffer, at: number): number {
  const first = value[at + 1]!;
  return first < 0x80 ? first : value.readUIntBE(at + 2, first & 0x7f);
}

function subjectOf(pem: string): Buffer {
  const body = children(new X509Certificate(pem).raw)[0]!;
  return children(body)[BEFORE_SUBJECT]!;
}

function time(date: Date): Buffer {
  const text = date
    .toISOString()
    .replace(/[-:T]|\.\d+/g, "")
    .slice(2);
  return der(UTC_TIME, Buffer.from(text));
}

function serialOf(pem: string): Buffer {
  return der(INTEGER, Buffer.from(new X509Certificate(pem).serialNumber, "hex"));
}

/** The authority's list of revoked certificates (RFC 5280 5), PEM. `revoked` are certificates, PEM. */
export function createRevocationList(
  authority: Pick<Authority, "cert" | "key">,
  revoked: readonly string[],
  options: RevocationListOptions = {},
): string {
  const now = Date.now();
  const { thisUpdate = new Date(now - HOUR_MS), nextUpdate = new Date(now + 24 * HOUR_MS) } = options;
  const entries = revoked.map((pem) => der(SEQUENCE, serialOf(pem), time(thisUpdate)));
  const extensions = (options.criticalExtensions ?? []).map(([oid, value]) =>
    der(SEQUENCE, der(OID, oid), TRUE, der(OCTET_STRING, value)),
  );
  const body = der(
    SEQUENCE,
    der(INTEGER, Buffer.from([1])),
    SHA256_WITH_RSA,
    subjectOf(authority.cert),
    time(thisUpdate),
    ...(nextUpdate === "none" ? [] : [time(nextUpdate)]),
    ...(entries.length === 0 ? [] : [der(SEQUENCE, ...entries)]),
    ...(extensions.length === 0 ? [] : [der(EXTENSIONS, der(SEQUENCE, ...extensions))]),
  );
  const signature = sign("sha256", body, createPrivateKey(authority.key));
  const whole = der(SEQUENCE, body, SHA256_WITH_RSA, der(BIT_STRING, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN X509 CRL-----\n${lines.join("\n")}\n-----END X509 CRL-----\n`;
}
