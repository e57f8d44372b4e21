import { caseMapped, isIdentifier, obeysBidiRule } from "./precis.ts";

/** Longest part of a JID in octets of UTF-8 (RFC 7622 3.1). */
export const MAX_PART_OCTETS = 1023;

/** The characters that a localpart holds only escaped, and their codes (XEP-0106). */
const CODES: Readonly<Record<string, string>> = {
  " ": "20",
  '"': "22",
  "&": "26",
  "'": "27",
  "/": "2f",
  ":": "3a",
  "<": "3c",
  ">": "3e",
  "@": "40",
  "\\": "5c",
};
const CHARACTERS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CODES).map(([character, code]) => [code, character]),
);

/** Escapes the ten characters; a backslash only where it would otherwise begin a sequence (XEP-0106). */
export function escapeLocalpart(text: string): string {
  return text
    .replace(/\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)/g, "\\5c")
    .replace(/[ "&'/:<>@]/g, (character) => `\\${CODES[character]}`);
}

/** Undoes `escapeLocalpart` in a single pass, so what it yields is not looked at again. */
export function unescapeLocalpart(localpart: string): string {
  return localpart.replace(
    /\\(20|22|26|27|2f|3a|3c|3e|40|5c)/g,
    (_, code: string) => CHARACTERS[code] as string,
  );
}

/**
 * The localpart for a user's name: prepared first, because preparing can create characters that need escaping, then
 * escaped (RFC 7247 6.4, XEP-0106). Undefined when no localpart stands for it: empty, characters that no localpart may
 * hold, a space at either end, or an escaped form that a JID could not keep. The length is not judged here.
 */
export function localpartOf(user: string): string | undefined {
  const prepared = caseMapped(user);
  if (prepared === "" || /^ | $/.test(prepared)) return undefined;
  if (!isIdentifier(prepared.replaceAll(" ", "_"))) return undefined;
  const localpart = escapeLocalpart(prepared);
  // A mark can join the last letter of an escape before it; direction is judged on what a JID really holds.
  return localpart.normalize("NFC") === localpart && obeysBidiRule(localpart) ? localpart : undefined;
}

/**
 * A localpart as an XMPP entity wrote it, in its comparison form (RFC 7622 3.3); undefined for what is none: empty, over
 * `MAX_PART_OCTETS`, or with characters that may only stand escaped.
 */
export function prepareLocalpart(text: string): string | undefined {
  const prepared = caseMapped(text);
  const isLocalpart =
    prepared !== "" &&
    !/[ "&'/:<>@]/.test(prepared) &&
    isIdentifier(prepared) &&
    obeysBidiRule(prepared) &&
    octets(prepared) <= MAX_PART_OCTETS;
  return isLocalpart ? prepared : undefined;
}

/** Length in octets of UTF-8. */
export function octets(text: string): number {
  // ASCII, as nearly always, has as many octets as characters.
  if (/^[\0-\x7f]*$/.test(text)) return text.length;
  return new TextEncoder().encode(text).length;
}
