/** Characters that XML 1.0 2.2 does not allow: most controls, lone surrogates, U+FFFE and U+FFFF. */
const ILLEGAL = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\r": "&#13;",
};

const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = {
  ...TEXT_ESCAPES,
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
};

/** `text` without the characters that no XML 1.0 document can carry, not even escaped. */
export function dropIllegalXml(text: string): string {
  return text.replace(ILLEGAL, "");
}

/** Character data for an element. Illegal characters are dropped, so the result is well-formed for any input. */
export function escapeXmlText(text: string): string {
  return dropIllegalXml(text).replace(/[&<>\r]/g, (char) => TEXT_ESCAPES[char] ?? char);
}

/** An attribute value for either kind of quote; white space survives attribute normalisation (XML 1.0 3.3.3). */
export function escapeXmlAttribute(text: string): string {
  return dropIllegalXml(text).replace(/[&<>"'\t\n\r]/g, (char) => ATTRIBUTE_ESCAPES[char] ?? char);
}
