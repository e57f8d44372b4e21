/** Everything outside Char of XML 1.0 (2.2): most control characters, lone surrogates, U+FFFE and U+FFFF. */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/**
 * The XML text with each character that XML forbids replaced by U+FFFD. One such character, taken over from a SIP
 * body, would make the server close the stream for all users of the domain.
 */
export function legalXml(text: string): string {
  return text.replace(NOT_XML, "\u{FFFD}");
}
