import { BACKSLASH, COMMA, GREATER, LESS, QUOTE, sliceTrimmed, trimBlanks } from "./scan.ts";

/**
 * Splits a header value at its top-level commas (RFC 3261 7.3.1): not inside quotes, not inside `<>`.
 * Elements come back trimmed, empty ones are left out.
 */
export function splitList(value: string): string[] {
  if (value.indexOf(",") < 0) {
    const only = trimBlanks(value);
    return only === "" ? [] : [only];
  }
  const out: string[] = [];
  let start = 0;
  for (let end = nextComma(value, 0); ; end = nextComma(value, start)) {
    const item = sliceTrimmed(value, start, end);
    if (item !== "") out.push(item);
    if (end >= value.length) return out;
    start = end + 1;
  }
}

/** The first element and what follows its comma, without blanks around; undefined when there is no element. */
export function splitFirst(value: string): { readonly first: string; readonly rest: string } | undefined {
  let start = 0;
  while (start < value.length) {
    const end = nextComma(value, start);
    const first = sliceTrimmed(value, start, end);
    if (first !== "") return { first, rest: sliceTrimmed(value, end + 1, value.length) };
    start = end + 1;
  }
  return undefined;
}

/** Index of the next top-level comma at or after `from`, or the length of the value. */
export function nextComma(value: string, from: number): number {
  let quoted = false;
  let angle = false;
  for (let i = from; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (quoted) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (c === LESS) angle = true;
    else if (c === GREATER) angle = false;
    else if (c === COMMA && !angle) return i;
  }
  return value.length;
}
