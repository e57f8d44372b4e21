import { parseDomain } from "./domain.ts";
import { type BareJid, bareOf, parseJid } from "./jid.ts";
import { localpartOf, MAX_PART_OCTETS, octets, unescapeLocalpart } from "./localpart.ts";
import {
  type JidMapping,
  jidToSipUri,
  type SipUriMapping,
  type SipUriOptions,
  sipUriToJid,
} from "./mapping.ts";
import { percentEncodeUser } from "./sip-uri.ts";

/**
 * How a partner names users whose screen name is another provider's e-mail address (AOL-06, AOL-07). `plain`: it has no
 * such users, or treats them as all others. Else it writes user@mail.example as `user(mail.example)`: `refuse` lets
 * nobody of that kind through, `translate` shows them to XMPP as `user\40mail.example`.
 */
export type EmailScreenNames = "plain" | "refuse" | "translate";

interface EmailName {
  readonly form: "brackets" | "at";
  readonly user: string;
  readonly domain: string;
}

/** As `sipUriToJid`, for a user of a partner. */
export function partnerUriToJid(
  uri: string,
  names: EmailScreenNames,
  options: SipUriOptions = {},
): SipUriMapping {
  const mapped = sipUriToJid(uri, options);
  if (!mapped.ok || names === "plain") return mapped;
  const name = emailNameIn(unescapeLocalpart(mapped.local));
  if (name === undefined) return mapped;
  // The form with an at sign would be a second SIP address of the same JID.
  if (names === "refuse" || name.form === "at") return { ok: false, why: "screen-name", status: 404 };
  const local = localpartOf(`${name.user}@${name.domain}`);
  if (local === undefined) return { ok: false, why: "characters", status: 404 };
  if (octets(local) > MAX_PART_OCTETS) return { ok: false, why: "too-long", status: 414 };
  return { ...mapped, local, jid: bareOf({ local, domain: mapped.domain }) };
}

/**
 * As `jidToSipUri`, for a user of a partner. With `translate` a JID that holds the brackets itself is refused: it would
 * share its SIP address with the one that stands for the e-mail address.
 */
export function jidToPartnerUri(jid: BareJid, names: EmailScreenNames): JidMapping {
  const mapped = jidToSipUri(jid);
  if (!mapped.ok || names === "plain") return mapped;
  const parts = parseJid(jid)!;
  const name = emailNameIn(unescapeLocalpart(parts.local));
  if (name === undefined) return mapped;
  if (names === "refuse") return { ok: false, why: "screen-name" };
  if (name.form === "brackets") return { ok: false, why: "not-canonical" };
  const domain = parseDomain(parts.domain)!.ascii;
  return { ok: true, uri: `sip:${percentEncodeUser(`${name.user}(${name.domain})`)}@${domain}` };
}

/** The JID of a partner's user as a person writes it, who may use the partner's own form with brackets. */
export function withScreenName(jid: BareJid, names: EmailScreenNames): BareJid {
  const parts = parseJid(jid);
  const name = parts && emailNameIn(unescapeLocalpart(parts.local));
  if (names !== "translate" || !name || name.form === "at") return jid;
  const local = localpartOf(`${name.user}@${name.domain}`);
  return local === undefined ? jid : bareOf({ local, domain: parts.domain });
}

/** A prepared user name that is an e-mail address, in either form. */
function emailNameIn(user: string): EmailName | undefined {
  const match = /^([^()@]+)(?:\(([^()@]+)\)|@([^()@]+))$/.exec(user);
  if (match === null) return undefined;
  const [, name = "", bracketed, after] = match;
  const domain = bracketed ?? after ?? "";
  if (!domain.includes(".") || parseDomain(domain) === undefined) return undefined;
  return { form: bracketed === undefined ? "at" : "brackets", user: name, domain };
}
