import type { Element } from "ltx";

/** The most octets that one character may become in a stanza: `&quot;`. */
const WORST_OCTETS = 6;

/**
 * Whether a stanza takes more than `limit` octets on the wire. The usual stanza is judged by its characters alone;
 * only one that might be over is serialised.
 */
export function isLargerThan(limit: number, stanza: Element): boolean {
  return charactersOf(stanza) * WORST_OCTETS > limit && octetsOf(stanza.toString()) > limit;
}

/** An upper bound of the characters before any is escaped. */
function charactersOf(element: Element): number {
  // Both tags with their brackets.
  let sum = element.name.length * 2 + 5;
  for (const name in element.attrs) sum += name.length + 4 + String(element.attrs[name] ?? "").length;
  for (const child of element.children) sum += typeof child === "string" ? child.length : charactersOf(child);
  return sum;
}

function octetsOf(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Two surrogates are four octets together.
    sum += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return sum;
}
