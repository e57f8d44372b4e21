/** Longest id that a resource is written out in; longer ones get a digest in place of their end. */
export const MAX_TUPLE_ID_LENGTH = 64;

const PREFIX = "ID-";
/** Length of `_h` and two hashes of 32 bits in hexadecimal. */
const DIGEST_LENGTH = 18;

/**
 * The tuple id of an XMPP resource: `ID-` and the resource (RFC 8048 6.2(2)), with all but letters, digits, `.` and `-`
 * written as `_` code point in hexadecimal `_`, so that it is an xs:ID for any resource and differs for different ones.
 */
export function tupleId(resource: string): string {
  const id =
    PREFIX +
    resource.replace(/[^A-Za-z0-9.-]/gu, (character) => `_${character.codePointAt(0)!.toString(16)}_`);
  if (id.length <= MAX_TUPLE_ID_LENGTH) return id;
  return `${id.slice(0, MAX_TUPLE_ID_LENGTH - DIGEST_LENGTH)}_h${hash(resource, 0x811c9dc5)}${hash(resource, 0x01234567)}`;
}

/** The XMPP resource for a tuple id: the one that `tupleId` wrote out, else the id itself. */
export function tupleResource(id: string): string {
  if (!id.startsWith(PREFIX)) return id;
  const escaped = id.slice(PREFIX.length);
  if (!/^(?:[A-Za-z0-9.-]|_[0-9a-f]{1,6}_)*$/.test(escaped)) return id;
  const codes = [...escaped.matchAll(/_([0-9a-f]+)_/g)].map((match) => Number.parseInt(match[1]!, 16));
  if (codes.some((code) => code > 0x10ffff)) return id;
  return escaped.replace(/_([0-9a-f]+)_/g, (_, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

/** FNV-1a over UTF-16 code units. Resources of one user are told apart by it, and nothing depends on more. */
function hash(text: string, basis: number): string {
  let value = basis;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, "0");
}
