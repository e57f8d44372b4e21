import { formatRfc3339, parseRfc3339 } from "../payload/rfc3339.ts";

const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const DAY_MS = 86_400_000;

const PATTERN = /^\s*(?:[a-z]{3},)?\s*(\d{1,2}) ([a-z]{3}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT\s*$/i;

/** Ms since 1970 of a Date header (RFC 3261 20.17); undefined when it is none. */
export function parseSipDate(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === match[2]!.toLowerCase()) + 1;
  const two = (value: string | number) => String(value).padStart(2, "0");
  return parseRfc3339(`${match[3]}-${two(month)}-${two(match[1]!)}T${match[4]}Z`);
}

/** `Sat, 13 Nov 2010 23:29:00 GMT` for ms since 1970. */
export function formatSipDate(ms: number): string {
  const [year, month, rest] = formatRfc3339(ms).split("-") as [string, string, string];
  const day = DAYS[((Math.floor(ms / DAY_MS) % 7) + 7) % 7]!;
  return `${day}, ${rest.slice(0, 2)} ${MONTHS[Number(month) - 1]} ${year} ${rest.slice(3, 11)} GMT`;
}
