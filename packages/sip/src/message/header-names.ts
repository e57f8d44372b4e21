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
/** Spellings by length, first and last character: mostly one to a bucket, so that no text is made to look one up. */
const BUCKETS = new Map<number, (readonly [spelling: string, name: string])[]>();
for (const [spelling, name] of BY_SPELLING) {
  const key = bucketKey(spelling, 0, spelling.length);
  const bucket = BUCKETS.get(key);
  if (bucket) bucket.push([spelling, name]);
  else BUCKETS.set(key, [[spelling, name]]);
}

function bucketKey(text: string, start: number, end: number): number {
  return (end - start) * 0x10000 + text.charCodeAt(start) * 0x100 + text.charCodeAt(end - 1);
}

const KNOWN: ReadonlySet<string> = new Set(NAMES);

/**
 * The one spelling of a header name: the RFC's for known names and compact forms, else the given one.
 * Unknown names that differ only in case stay distinct here; `sameHeader` compares them.
 */
export function canonicalHeader(name: string): string {
  return BY_SPELLING.get(name) ?? BY_SPELLING.get(name.toLowerCase()) ?? name;
}

/** `canonicalHeader` of what stands in `text` from `start` to `end`; undefined when that is not a token. */
export function headerNameAt(text: string, start: number, end: number): string | undefined {
  if (end <= start) return undefined;
  const bucket = BUCKETS.get(bucketKey(text, start, end));
  if (bucket) for (const [spelling, name] of bucket) if (text.startsWith(spelling, start)) return name;
  const raw = text.slice(start, end);
  return isToken(raw) ? canonicalHeader(raw) : undefined;
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
