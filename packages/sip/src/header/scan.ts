/** Looking through header text character by character. Blank means SP or HTAB: `trim` would also eat bytes of UTF-8. */

export const SP = 0x20;
export const HTAB = 0x09;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const BACKSLASH = 0x5c;

const TOKEN_CHARS = charTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!%*_+`'~-");

/** Index of the first character at or behind `from` that is not blank, or the length. */
export function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c !== SP && c !== HTAB) break;
    i++;
  }
  return i;
}

/** `text.slice(start, end)` without blanks at either end. */
export function sliceTrimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

export function trimBlanks(text: string): string {
  return sliceTrimmed(text, 0, text.length);
}

export function isBlank(c: number): boolean {
  return c === SP || c === HTAB;
}

/** Index of the first character at or behind `from` that can't stand in a token (RFC 3261 25.1), or the length. */
export function skipToken(text: string, from: number): number {
  let i = from;
  while (i < text.length && TOKEN_CHARS[text.charCodeAt(i)] === 1) i++;
  return i;
}

/** Index of the quote that closes the one at `open`, or -1. */
export function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) i++;
    else if (c === QUOTE) return i;
  }
  return -1;
}

/** As `toLowerCase`, which costs more than a look at a short text that has no capitals. */
export function lowerCase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c >= 0x41 && c <= 0x5a) || c > 0x7f) return text.toLowerCase();
  }
  return text;
}

/** The decimal digits of `text` from `start` to `end` as a number; -1 when there are none, more than 10, or others. */
export function digits(text: string, start: number, end: number): number {
  if (end <= start || end - start > 10) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A look-up by character code: 1 for the characters given. */
export function charTable(chars: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < chars.length; i++) table[chars.charCodeAt(i)] = 1;
  return table;
}
