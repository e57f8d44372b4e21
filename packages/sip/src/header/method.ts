/** The methods that come again and again (RFC 3261 and its extensions, with those of Microsoft servers). */
const METHODS = [
  "ACK",
  "BENOTIFY",
  "BYE",
  "CANCEL",
  "INFO",
  "INVITE",
  "MESSAGE",
  "NEGOTIATE",
  "NOTIFY",
  "OPTIONS",
  "PRACK",
  "PUBLISH",
  "REFER",
  "REGISTER",
  "SERVICE",
  "SUBSCRIBE",
  "UPDATE",
] as const;

/** By length and first two letters, which tell them all apart. */
const BUCKETS: (string | undefined)[] = new Array(256).fill(undefined);
for (const name of METHODS) BUCKETS[bucketOf(name, 0, name.length)] = name;

function bucketOf(text: string, start: number, end: number): number {
  return ((end - start) * 29 + text.charCodeAt(start) * 5 + text.charCodeAt(start + 1)) & 255;
}

/** The method that stands in `text` from `start` to `end`. A known one is always the same text: comparing it is quick. */
export function methodAt(text: string, start: number, end: number): string {
  const known = BUCKETS[bucketOf(text, start, end)];
  if (known !== undefined && known.length === end - start && text.startsWith(known, start)) return known;
  return text.slice(start, end);
}
