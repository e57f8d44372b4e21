const DAY_MS = 86_400_000;
/** 0000-01-01T00:00:00Z and the last millisecond of 9999, ms since 1970: what four digits can write. */
const FIRST_MS = -62_167_219_200_000;
const LAST_MS = 253_402_300_799_999;

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** `2024-01-02T03:04:05.006Z` for ms since 1970 (RFC 3339, capital T and Z: RFC 3863 4.1.7). Years 0 to 9999. */
export function formatRfc3339(ms: number): string {
  const time = Math.min(Math.max(Math.floor(ms), FIRST_MS), LAST_MS);
  const days = Math.floor(time / DAY_MS);
  const { year, month, day } = civilOf(days);
  const rest = time - days * DAY_MS;
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1000) % 60].map((part) =>
    two(Math.floor(part)),
  );
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return `${date}T${clock.join(":")}.${String(rest % 1000).padStart(3, "0")}Z`;
}

/** Ms since 1970 of an RFC 3339 date and time, parts of a millisecond cut off; undefined when it is none. */
export function parseRfc3339(text: string): number | undefined {
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [zoneHour, zoneMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const days = daysOf(year, month, day);
  const back = civilOf(days);
  // A leap second is taken for the second after it.
  if (back.month !== month || back.day !== day || hour > 23 || minute > 59 || second > 60) return undefined;
  if (zoneHour > 23 || zoneMinute > 59) return undefined;
  const offset = (zoneHour * 60 + zoneMinute) * (match[8] === "-" ? -1 : 1);
  const fraction = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  return days * DAY_MS + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
}

/**
 * The time for the next document about a presentity: the wall clock, or a millisecond after the last document where the
 * clock has not gone on or was set back, so that timestamps strictly increase (RFC 3863 4.1.7). All in ms since 1970.
 */
export function nextTimestamp(last: number | undefined, wall: number): number {
  return last === undefined || wall > last ? wall : last + 1;
}

/** Days since 1970 of a date of the Gregorian calendar: years that begin in March put the leap day at their end. */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
}
