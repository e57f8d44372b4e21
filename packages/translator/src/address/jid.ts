import { parseDomain } from "./domain.ts";
import { MAX_PART_OCTETS, octets, prepareLocalpart } from "./localpart.ts";
import { remembering } from "./remembered.ts";

/** A JID without resource in its comparison form, `local@domain` or `domain`: equal addresses are equal strings. */
export type BareJid = string;

/** The parts of a JID, each in its comparison form; an absent part is the empty string. */
export interface Jid {
  readonly local: string;
  readonly domain: string;
  readonly resource: string;
}

/**
 * Splits and prepares a JID (RFC 7622 3): split at the first `/`, then at the first `@`; undefined when it is malformed.
 * A localpart that holds a character which may only stand escaped is malformed too.
 */
export function parseJid(text: string): Jid | undefined {
  return plainJid(text) ?? otherJid(text);
}

const otherJid = remembering(readJid);

/** Longest address that is read at sight, in characters: no part is too long. */
const PLAIN_LENGTH = 256;
/** Parts of ASCII in their comparison form; the domain is judged by itself. */
const PLAIN_JID = /^([a-z0-9._-]+)@([a-z0-9.-]+)(?:\/([ -~]+))?$/;

/** Nearly all addresses, and more of them than can be remembered; of domains there are few. */
function plainJid(text: string): Jid | undefined {
  const match = text.length <= PLAIN_LENGTH ? PLAIN_JID.exec(text) : null;
  if (match === null) return undefined;
  const [, local = "", host = "", resource = ""] = match;
  const domain = parseDomain(host)?.unicode;
  return domain === undefined ? undefined : { local, domain, resource };
}

function readJid(text: string): Jid | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const at = address.indexOf("@");
  const local = at < 0 ? "" : prepareLocalpart(address.slice(0, at));
  const domain = parseDomain(address.slice(at + 1))?.unicode;
  const resource = slash < 0 ? "" : prepareResource(text.slice(slash + 1));
  if (local === undefined || domain === undefined || resource === undefined) return undefined;
  return { local, domain, resource };
}

/** The bare JID of an address with or without resource; undefined when it is malformed. */
export function bareJid(text: string): BareJid | undefined {
  const jid = parseJid(text);
  return jid && bareOf(jid);
}

/** The bare JID that a parsed one belongs to. */
export function bareOf(jid: { readonly local: string; readonly domain: string }): BareJid {
  return jid.local === "" ? jid.domain : `${jid.local}@${jid.domain}`;
}

/** Writes a parsed JID, with its resource where it has one. */
export function formatJid(jid: Jid): string {
  return jid.resource === "" ? bareOf(jid) : `${bareOf(jid)}/${jid.resource}`;
}

/**
 * A resource in its comparison form (RFC 7622 3.4): NFC, all spaces plain, no control characters, 1 to `MAX_PART_OCTETS`
 * octets. More lenient than OpaqueString with emoji sequences, which real clients use and servers pass.
 */
export function prepareResource(text: string): string | undefined {
  const prepared = text.replace(/\p{Zs}/gu, " ").normalize("NFC");
  if (prepared === "" || /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(prepared)) return undefined;
  return octets(prepared) <= MAX_PART_OCTETS ? prepared : undefined;
}
