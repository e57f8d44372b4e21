/** Longest reason phrase made from an error text, in characters. */
export const MAX_REASON_PHRASE = 120;

/**
 * A SIP reason phrase from the text of a stanza error (RFC 7247 7): one line without control characters, cut at
 * `MAX_REASON_PHRASE` characters. Empty for a text without anything to show.
 */
export function reasonPhrase(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return [...line].slice(0, MAX_REASON_PHRASE).join("").trimEnd();
}
