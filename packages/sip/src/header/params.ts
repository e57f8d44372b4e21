import {
  BACKSLASH,
  closingQuote,
  EQUALS,
  isBlank,
  lowerCase,
  QUOTE,
  SEMICOLON,
  skipSpace,
  sliceTrimmed,
} from "./scan.ts";

/** Parameters behind a `;` (RFC 3261 25.1 generic-param), in order. Names are lower-case; values as written. */
export type Params = readonly (readonly [name: string, value: string | undefined])[];

/**
 * Reads `;a=b;c;d="e;f"` starting at `from`, which is the index of the first `;` or the end of the text.
 * Quoted values keep their quotes, so that writing them back changes nothing. Undefined when there is something else
 * than parameters. `;;` and `;=x` are let pass and give nothing.
 */
export function parseParams(text: string, from: number): Params | undefined {
  const out: [string, string | undefined][] = [];
  let i = skipSpace(text, from);
  if (i < text.length && text.charCodeAt(i) !== SEMICOLON) return undefined;
  while (i < text.length) {
    const start = i + 1;
    let equals = -1;
    for (i = start; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === SEMICOLON) break;
      if (c === EQUALS && equals < 0) equals = i;
      else if (c === QUOTE) {
        i = closingQuote(text, i);
        if (i < 0) return undefined;
      }
    }
    const name = lowerCase(sliceTrimmed(text, start, equals < 0 ? i : equals));
    if (name !== "") out.push([name, equals < 0 ? undefined : sliceTrimmed(text, equals + 1, i)]);
  }
  return out;
}

/** Whether `parseParams` could read what stands at `from`. */
export function areParams(text: string, from: number): boolean {
  if (from >= text.length) return true;
  const start = skipSpace(text, from);
  return (start === text.length || text.charCodeAt(start) === SEMICOLON) && quotesClose(text, start);
}

/**
 * What `param(parseParams(text, from), name)` gives for readable parameters, without making the others: for the one
 * that matching needs of every message.
 *
 * @param from index of the first `;`, or the end of the text.
 * @param name lower-case letters.
 */
export function paramIn(text: string, from: number, name: string): string | undefined {
  let quoteAt = text.indexOf('"', from);
  for (let at = text.indexOf(";", from); at >= 0; at = text.indexOf(";", at + 1)) {
    while (quoteAt >= 0 && quoteAt < at) {
      const close = closingQuote(text, quoteAt);
      if (close > at) at = text.indexOf(";", close);
      if (close < 0 || at < 0) return undefined;
      quoteAt = text.indexOf('"', close + 1);
    }
    let i = at + 1;
    while (isBlank(text.charCodeAt(i))) i++;
    let n = 0;
    while (n < name.length && (text.charCodeAt(i + n) | 0x20) === name.charCodeAt(n)) n++;
    if (n < name.length) continue;
    i = skipSpace(text, i + n);
    if (text.charCodeAt(i) === EQUALS)
      return unquote(sliceTrimmed(text, i + 1, valueEnd(text, i + 1, quoteAt)));
    // `;tag` stands without value; `;tagline=1` is another parameter.
    if (i >= text.length || text.charCodeAt(i) === SEMICOLON) return "";
  }
  return undefined;
}

/** Index of the `;` behind a value, or the length. `quoteAt` is the next quote, or -1. */
function valueEnd(text: string, from: number, quoteAt: number): number {
  const end = text.indexOf(";", from);
  if (end < 0) return text.length;
  if (quoteAt < 0 || quoteAt > end) return end;
  const close = closingQuote(text, quoteAt);
  return close < 0 ? text.length : valueEnd(text, close + 1, text.indexOf('"', close + 1));
}

/** True when every quote behind `from` is closed. */
export function quotesClose(text: string, from: number): boolean {
  for (let open = text.indexOf('"', from); open >= 0; ) {
    const close = closingQuote(text, open);
    if (close < 0) return false;
    open = text.indexOf('"', close + 1);
  }
  return true;
}

/** The value of a parameter: undefined when absent, "" when it stands without value. Quotes are taken off. */
export function param(params: Params, name: string): string | undefined {
  for (const [n, value] of params) if (n === name) return value === undefined ? "" : unquote(value);
  return undefined;
}

export function hasParam(params: Params, name: string): boolean {
  return param(params, name) !== undefined;
}

/** Writes parameters back, each with its `;`. */
export function formatParams(params: Params): string {
  let out = "";
  for (const [name, value] of params) out += value === undefined ? `;${name}` : `;${name}=${value}`;
  return out;
}

/** Takes the quotes off a quoted-string and undoes its escapes; other text comes back as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== QUOTE || text.charCodeAt(text.length - 1) !== QUOTE)
    return text;
  const inner = text.slice(1, -1);
  return inner.indexOf("\\") < 0 ? inner : inner.replace(/\\(.)/gs, "$1");
}

/** Makes a quoted-string. Line breaks and other controls are dropped: they would be header injection. */
export function quote(text: string): string {
  let clean = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c === 0x7f) continue;
    clean += c === QUOTE || c === BACKSLASH ? `\\${text[i]}` : text[i];
  }
  return `"${clean}"`;
}
