/** Parameters behind a `;` (RFC 3261 25.1 generic-param), in order. Names are lower-case; values as written. */
export type Params = readonly (readonly [name: string, value: string | undefined])[];

/**
 * Reads `;a=b;c;d="e;f"` starting at `from`, which is the index of the first `;` or the end of the text.
 * Quoted values keep their quotes, so that writing them back changes nothing. Undefined when there is something else
 * than parameters.
 */
export function parseParams(text: string, from: number): Params | undefined {
  const out: [string, string | undefined][] = [];
  let i = skipSpace(text, from);
  while (i < text.length) {
    if (text.charCodeAt(i) !== 0x3b) return undefined;
    const end = paramEnd(text, i + 1);
    if (end < 0) return undefined;
    const equals = text.indexOf("=", i + 1);
    if (equals < 0 || equals >= end) {
      const name = text.slice(i + 1, end).trim();
      if (name !== "") out.push([name.toLowerCase(), undefined]);
    } else {
      const name = text.slice(i + 1, equals).trim();
      if (name === "") return undefined;
      out.push([name.toLowerCase(), text.slice(equals + 1, end).trim()]);
    }
    i = end;
  }
  return out;
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
  if (text.length < 2 || text.charCodeAt(0) !== 0x22 || text.charCodeAt(text.length - 1) !== 0x22)
    return text;
  const inner = text.slice(1, -1);
  return inner.indexOf("\\") < 0 ? inner : inner.replace(/\\(.)/gs, "$1");
}

/** Makes a quoted-string. Line breaks and other controls are dropped: they would be header injection. */
export function quote(text: string): string {
  return `"${text.replace(/[\x00-\x1f\x7f]/g, "").replace(/[\\"]/g, "\\$&")}"`;
}

function paramEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x3b) return i;
    if (c === 0x22) {
      i = closingQuote(text, i);
      if (i < 0) return -1;
    }
  }
  return text.length;
}

/** Index of the quote that closes the one at `open`, or -1. */
export function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i;
  }
  return -1;
}

export function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c !== 0x20 && c !== 0x09) break;
    i++;
  }
  return i;
}
