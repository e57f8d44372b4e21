/**
 * Splits a header value at its top-level commas (RFC 3261 7.3.1): not inside quotes, not inside `<>`.
 * Elements come back trimmed, empty ones are left out.
 */
export function splitList(value: string): string[] {
  if (value.indexOf(",") < 0) {
    const only = value.trim();
    return only === "" ? [] : [only];
  }
  const out: string[] = [];
  let start = 0;
  for (let end = nextComma(value, 0); ; end = nextComma(value, start)) {
    const item = value.slice(start, end).trim();
    if (item !== "") out.push(item);
    if (end >= value.length) return out;
    start = end + 1;
  }
}

/** Index of the next top-level comma at or after `from`, or the length of the value. */
export function nextComma(value: string, from: number): number {
  let quoted = false;
  let angle = false;
  for (let i = from; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x3c) angle = true;
    else if (c === 0x3e) angle = false;
    else if (c === 0x2c && !angle) return i;
  }
  return value.length;
}
