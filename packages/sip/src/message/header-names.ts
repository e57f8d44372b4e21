import { skipToken } from "../header/scan.ts";

/** Header names: one spelling each inside Tombolo, whatever case or compact form came in (RFC 3261 7.3.3, 20). */

const NAMES = [
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Alert-Info",
  "Allow",
  "Allow-Events",
  "Authorization",
  "Call-ID",
  "Call-Info",
  "Contact",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Content-Length",
  "Content-Type",
  "CSeq",
  "Date",
  "EndPoints",
  "Error-Info",
  "Event",
  "Expires",
  "From",
  "In-Reply-To",
  "Max-Breadth",
  "Max-Forwards",
  "MIME-Version",
  "Min-Expires",
  "Min-SE",
  "Organization",
  "P-Asserted-Identity",
  "P-Preferred-Identity",
  "Priority",
  "Privacy",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Require",
  "RAck",
  "Reason",
  "Record-Route",
  "Refer-To",
  "Reply-To",
  "Require",
  "Retry-After",
  "Route",
  "RSeq",
  "Server",
  "Session-Expires",
  "SIP-ETag",
  "SIP-If-Match",
  "Subject",
  "Subscription-State",
  "Supported",
  "Timestamp",
  "To",
  "Unsupported",
  "User-Agent",
  "Via",
  "Warning",
  "WWW-Authenticate",
] as const;

/** A header name that Tombolo knows, in the RFC's spelling. Others keep the spelling they came with. */
export type KnownHeader = (typeof NAMES)[number];
export type HeaderName = KnownHeader | (string & {});

const COMPACT: Readonly<Record<string, KnownHeader>> = {
  c: "Content-Type",
  e: "Content-Encoding",
  f: "From",
  i: "Call-ID",
  k: "Supported",
  l: "Content-Length",
  m: "Contact",
  o: "Event",
  r: "Refer-To",
  s: "Subject",
  t: "To",
  u: "Allow-Events",
  v: "Via",
  x: "Session-Expires",
};

const BY_SPELLING = new Map<string, string>();
for (const name of NAMES) {
  BY_SPELLING.set(name, name);
  BY_SPELLING.set(name.toLowerCase(), name);
  BY_SPELLING.set(name.toUpperCase(), name);
}
for (const [short, name] of Object.entries(COMPACT)) {
  BY_SPELLING.set(short, name);
  BY_SPELLING.set(short.toUpperCase(), name);
}
/**
 * A bit for each header that must be in a message or, save Via, may be there only once (RFC 3261 8.1.1, 20); 0 for
 * all others.
 */
const PLACES: ReadonlyMap<string, number> = new Map<KnownHeader, number>([
  ["Via", 1],
  ["From", 2],
  ["To", 4],
  ["Call-ID", 8],
  ["CSeq", 16],
  ["Max-Forwards", 32],
  ["Content-Type", 64],
]);

/** One spelling of a known header. */
interface Spelling {
  readonly text: string;
  readonly name: string;
  readonly place: number;
  /** Another one in the same bucket. */
  readonly next: Spelling | undefined;
}

/** Spellings by length, first and last character: mostly one to a bucket, so that no text is made to look one up. */
const BUCKETS: (Spelling | undefined)[] = new Array(1024).fill(undefined);
for (const [text, name] of BY_SPELLING) {
  const bucket = bucketOf(text, 0, text.length);
  BUCKETS[bucket] = { text, name, place: placeOf(name), next: BUCKETS[bucket] };
}

function bucketOf(text: string, start: number, end: number): number {
  return ((end - start) * 67 + text.charCodeAt(start) * 31 + text.charCodeAt(end - 1)) & 1023;
}

/** The known header that `text` names from `start` to `end` in one of its usual spellings, or undefined. */
export function knownHeaderAt(text: string, start: number, end: number): Spelling | undefined {
  if (end <= start) return undefined;
  let spelling = BUCKETS[bucketOf(text, start, end)];
  while (
    spelling !== undefined &&
    !(spelling.text.length === end - start && text.startsWith(spelling.text, start))
  ) {
    spelling = spelling.next;
  }
  return spelling;
}

/** 1 where a known name has that length, first and last letter in one case or the other. */
const FOLDED = new Uint8Array(1024);
for (const text of BY_SPELLING.keys()) FOLDED[foldedBucketOf(text, 0, text.length)] = 1;

function foldedBucketOf(text: string, start: number, end: number): number {
  const first = text.charCodeAt(start) | 0x20;
  return ((end - start) * 67 + first * 31 + (text.charCodeAt(end - 1) | 0x20)) & 1023;
}

/** What a header is to its message: see `PLACES`. */
export function placeOf(name: string): number {
  return PLACES.get(name) ?? 0;
}

const KNOWN: ReadonlySet<string> = new Set(NAMES);

/**
 * The one spelling of a header name: the RFC's for known names and compact forms, else the given one.
 * Unknown names that differ only in case stay distinct here; `sameHeader` compares them.
 */
export function canonicalHeader(name: string): string {
  return BY_SPELLING.get(name) ?? BY_SPELLING.get(name.toLowerCase()) ?? name;
}

/**
 * The name of a header in a spelling that `knownHeaderAt` does not know: a known one where only its case is unusual,
 * else as it stands there; undefined when it is not a token.
 */
export function otherHeader(text: string, start: number, end: number): string | undefined {
  if (end <= start || skipToken(text, start) < end) return undefined;
  const raw = text.slice(start, end);
  return FOLDED[foldedBucketOf(text, start, end)] === 1 ? (BY_SPELLING.get(raw.toLowerCase()) ?? raw) : raw;
}

/** True for a known header in its one spelling: comparing it needs no folding of case. */
export function isKnownHeader(name: string): name is KnownHeader {
  return KNOWN.has(name);
}

/** True for two spellings of one header (RFC 3261 7.3.1: names are case-insensitive). */
export function sameHeader(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/** RFC 3261 25.1 token: what a method, a header name or a parameter name may be made of. */
export function isToken(text: string): boolean {
  return text !== "" && skipToken(text, 0) === text.length;
}
