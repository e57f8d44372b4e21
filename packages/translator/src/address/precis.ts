/**
 * Preparation of names by PRECIS (RFC 8264, RFC 8265): which characters may stand in a localpart or domain label, and the
 * one form that they are compared in. Follows the classes of RFC 8264 9 by Unicode properties; right-to-left text is
 * judged by script, since ECMAScript does not know bidi classes.
 */

const LETTER_OR_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
const PRECIS_IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$/u;
const OLD_HANGUL_JAMO = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]$/u;
/** Allowed although their properties say otherwise (RFC 5892 2.6, PVALID). */
const ALWAYS = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/u;
/** Refused although their properties say otherwise (RFC 5892 2.6, DISALLOWED). */
const NEVER = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/u;
const VIRAMA =
  /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u0e3a\u0f84\u1039\u103a\u1714\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua8c4\ua953\ua9c0\uaaf6\uabed]$/u;

/**
 * Full-width and half-width characters as the ordinary ones they stand for (RFC 8265 3.3.1): ASCII forms, the wide space
 * and katakana. The others map to characters that no name may hold, so they stay and are refused.
 */
export function mapWidth(text: string): string {
  return text.replace(/[\u3000\uff01-\uff9f]/gu, (character) => character.normalize("NFKC"));
}

/** Width map, lower case and NFC: the comparison form of UsernameCaseMapped (RFC 8265 3.3.2). */
export function caseMapped(text: string): string {
  return mapWidth(text).toLowerCase().normalize("NFC");
}

/** True when all characters are of the IdentifierClass (RFC 8264 4.2) and stand where their context rules allow. */
export function isIdentifier(text: string): boolean {
  const characters = [...text];
  return characters.every((character, at) => {
    const code = character.codePointAt(0) as number;
    if (code < 0x80) return code > 0x20 && code < 0x7f;
    const context = CONTEXT_RULES[character];
    if (context !== undefined) return context(characters, at);
    if (ALWAYS.test(character)) return true;
    return (
      LETTER_OR_DIGIT.test(character) &&
      !NEVER.test(character) &&
      !PRECIS_IGNORABLE.test(character) &&
      !OLD_HANGUL_JAMO.test(character) &&
      character.normalize("NFKC") === character &&
      !mixesArabicDigits(character, text)
    );
  });
}

type ContextRule = (characters: readonly string[], at: number) => boolean;

const afterVirama: ContextRule = (characters, at) => VIRAMA.test(characters[at - 1] ?? "");
const afterHebrew: ContextRule = (characters, at) => /^\p{Script=Hebrew}/u.test(characters[at - 1] ?? "");

/** RFC 5892 appendix A; a joiner only after a virama. */
const CONTEXT_RULES: Readonly<Record<string, ContextRule>> = {
  "\u200c": afterVirama,
  "\u200d": afterVirama,
  "\u00b7": (characters, at) => characters[at - 1] === "l" && characters[at + 1] === "l",
  "\u0375": (characters, at) => /^\p{Script=Greek}/u.test(characters[at + 1] ?? ""),
  "\u05f3": afterHebrew,
  "\u05f4": afterHebrew,
  "\u30fb": (characters) =>
    characters.some((character) =>
      /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(character),
    ),
};

function mixesArabicDigits(character: string, text: string): boolean {
  if (/[\u0660-\u0669]/u.test(character)) return /[\u06f0-\u06f9]/u.test(text);
  return false;
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}\p{Script=Hanifi_Rohingya}\p{Script=Mende_Kikakui}]/u;
const ARABIC_NUMBER = /[\u0660-\u0669]/u;
const EUROPEAN_NUMBER = /[0-9\u06f0-\u06f9]/u;
const MARK = /\p{M}/u;

/**
 * The Bidi Rule (RFC 5893 2) for text that holds right-to-left characters: begins with one, holds no left-to-right
 * letters, ends with a right-to-left letter or a number, and does not mix the two kinds of numbers. True for all other
 * text.
 */
export function obeysBidiRule(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const characters = [...text].filter((character) => !MARK.test(character));
  const first = characters[0] ?? "";
  const last = characters.at(-1) ?? "";
  const isStrongRtl = (character: string) =>
    RIGHT_TO_LEFT.test(character) && /\p{L}/u.test(character) && !EUROPEAN_NUMBER.test(character);
  const isNumber = (character: string) => ARABIC_NUMBER.test(character) || EUROPEAN_NUMBER.test(character);
  return (
    isStrongRtl(first) &&
    (isStrongRtl(last) || isNumber(last)) &&
    characters.every((character) => isStrongRtl(character) || !/\p{L}/u.test(character)) &&
    !(ARABIC_NUMBER.test(text) && EUROPEAN_NUMBER.test(text))
  );
}
