import { type KeyObject, verify, type X509Certificate } from "node:crypto";
import { DER, DerError, DerReader, type DerValue, hexOf, timeOf } from "./der.ts";

/** Lists that one file may hold. */
export const MAX_LISTS = 64;

/** A certificate revocation list (RFC 5280 5). Its signature is judged only when an issuer is known. */
export interface RevocationList {
  /** DER of the issuer's name, hexadecimal. */
  readonly issuer: string;
  /** Revoked serial numbers, hexadecimal without leading zeros. */
  readonly serials: ReadonlySet<string>;
  /** When a newer list is due, ms since 1970; undefined where the list does not say. */
  readonly nextUpdate: number | undefined;
  /** Whether this key has signed it. */
  isSignedBy(key: KeyObject): boolean;
}

/** A file that can't be used as revocation lists; the message says why. */
export class RevocationListError extends Error {}

/** By object identifier: the hash that a signature is made over; null where the algorithm brings its own. */
const SIGNATURES: Readonly<Record<string, string | null>> = {
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d010105": "sha1",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
  "2b6570": null,
};

/** RFC 5280 5.2.5: the list covers a part of the issuer's certificates; what it lists is revoked all the same. */
const ISSUING_DISTRIBUTION_POINT = "551d1c";
/** Its field `indirectCRL [4]`, true: entries may be certificates of other issuers. */
const INDIRECT = 0x84;

const PEM_LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;

/** The lists of a file: PEM, one or several, or one in DER. Throws a `RevocationListError`. */
export function readRevocationLists(file: Uint8Array): RevocationList[] {
  const blocks = file[0] === DER.sequence ? [file] : pemBlocks(file);
  if (blocks.length === 0) throw new RevocationListError("holds no revocation list");
  if (blocks.length > MAX_LISTS) throw new RevocationListError(`holds more than ${MAX_LISTS} lists`);
  return blocks.map((block) => {
    try {
      return readList(block);
    } catch (error) {
      if (error instanceof DerError) throw new RevocationListError(`is damaged (${error.message})`);
      throw error;
    }
  });
}

function pemBlocks(file: Uint8Array): Uint8Array[] {
  const text = Buffer.from(file.buffer, file.byteOffset, file.length).toString("latin1");
  return [...text.matchAll(PEM_LIST)].map((match) => Buffer.from(match[1]!, "base64"));
}

/** CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signature }; bytes behind it are not looked at. */
function readList(bytes: Uint8Array): RevocationList {
  const outer = new DerReader(bytes);
  const whole = outer.within(outer.take(DER.sequence));
  const body = whole.take(DER.sequence);
  const algorithm = hexOf(whole.contentOf(whole.within(whole.take(DER.sequence)).take(DER.oid)));
  const signature = whole.contentOf(whole.take(DER.bitString)).subarray(1);
  const signed = whole.wholeOf(body);
  const { issuer, serials, nextUpdate } = readBody(whole.within(body));
  return {
    issuer,
    serials,
    nextUpdate,
    isSignedBy: (key) => {
      const hash = SIGNATURES[algorithm];
      return hash !== undefined && verify(hash, signed, key, signature);
    },
  };
}

function readBody(body: DerReader): Pick<RevocationList, "issuer" | "serials" | "nextUpdate"> {
  body.takeIf(DER.integer);
  body.take(DER.sequence);
  const issuer = hexOf(body.wholeOf(body.take(DER.sequence)));
  takeTime(body);
  const nextUpdate = takeTime(body);
  const serials = new Set<string>();
  const entries = body.takeIf(DER.sequence);
  if (entries) {
    for (const list = body.within(entries); !list.isAtEnd; ) {
      const entry = list.within(list.take(DER.sequence));
      serials.add(serialText(hexOf(entry.contentOf(entry.take(DER.integer)))));
    }
  }
  const extensions = body.takeIf(DER.context0);
  if (extensions) judgeExtensions(body.within(extensions));
  return { issuer, serials, nextUpdate };
}

function takeTime(body: DerReader): number | undefined {
  const value: DerValue | undefined = body.takeIf(DER.utcTime) ?? body.takeIf(DER.generalizedTime);
  const time = value && timeOf(body, value);
  if (time !== undefined && Number.isNaN(time)) throw new DerError("a time is malformed");
  return time;
}

/** RFC 5280 5.2: a list with a critical extension that is not understood must not be used. */
function judgeExtensions(outer: DerReader): void {
  for (const list = outer.within(outer.take(DER.sequence)); !list.isAtEnd; ) {
    const extension = list.within(list.take(DER.sequence));
    const oid = hexOf(extension.contentOf(extension.take(DER.oid)));
    const critical = extension.takeIf(DER.boolean);
    if (critical === undefined || extension.contentOf(critical)[0] === 0) continue;
    if (oid !== ISSUING_DISTRIBUTION_POINT)
      throw new RevocationListError("is of a kind that is not supported");
    const value = extension.within(extension.take(DER.octetString));
    for (const fields = value.within(value.take(DER.sequence)); !fields.isAtEnd; )
      if (fields.take().tag === INDIRECT)
        throw new RevocationListError("is an indirect list, which is not supported");
  }
}

function serialText(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, "");
}

/** DER of the name of a certificate's issuer, hexadecimal. */
function issuerOf(certificate: X509Certificate): string {
  const outer = new DerReader(certificate.raw);
  const whole = outer.within(outer.take(DER.sequence));
  const body = whole.within(whole.take(DER.sequence));
  body.takeIf(DER.context0);
  body.take(DER.integer);
  body.take(DER.sequence);
  return hexOf(body.wholeOf(body.take(DER.sequence)));
}

/**
 * True when a certificate of `path` (leaf first, root last) is on one of the lists, and the list is signed by the one
 * that issued it. A list that is out of date still holds: nothing on it becomes good again.
 */
export function isRevoked(path: readonly X509Certificate[], lists: readonly RevocationList[]): boolean {
  if (lists.length === 0) return false;
  for (let depth = 0; depth + 1 < path.length; depth++) {
    const certificate = path[depth]!;
    const serial = serialText(certificate.serialNumber);
    const listing = lists.filter((list) => list.serials.has(serial));
    if (listing.length === 0) continue;
    const issuer = issuerOf(certificate);
    const key = path[depth + 1]!.publicKey;
    if (listing.some((list) => list.issuer === issuer && list.isSignedBy(key))) return true;
  }
  return false;
}
