import { parseDomain } from "./domain.ts";
import { type BareJid, bareOf, parseJid, prepareResource } from "./jid.ts";
import { localpartOf, MAX_PART_OCTETS, octets, unescapeLocalpart } from "./localpart.ts";
import { remembering } from "./remembered.ts";
import { percentDecode, percentEncodeUser, splitSipUri } from "./sip-uri.ts";

/** Why a SIP URI has no JID. */
export type SipUriFault =
  | "not-a-uri"
  | "scheme"
  | "sips"
  | "no-user"
  | "password"
  | "bad-percent"
  | "not-utf8"
  | "characters"
  | "too-long"
  | "domain"
  | "screen-name";

export type SipUriMapping =
  | {
      readonly ok: true;
      readonly jid: BareJid;
      readonly local: string;
      readonly domain: string;
      /** From a `gr` parameter, cleaned (RFC 7247 6.4); absent when there is none that can be a resource. */
      readonly resource?: string;
    }
  | {
      readonly ok: false;
      readonly why: SipUriFault;
      readonly status: 400 | 404 | 414 | 416 | 480;
      /** Warning code to send with the status (RFC 3261 20.43). */
      readonly warning?: 380;
    };

export interface SipUriOptions {
  /** For an address inside a presence document: `pres:`, `im:` and no scheme at all are read like `sip:`. */
  readonly entity?: boolean;
}

const STATUSES = {
  "not-a-uri": 400,
  scheme: 416,
  sips: 480,
  "no-user": 404,
  password: 404,
  "bad-percent": 400,
  "not-utf8": 404,
  characters: 404,
  "too-long": 414,
  domain: 404,
  "screen-name": 404,
} as const satisfies Record<SipUriFault, 400 | 404 | 414 | 416 | 480>;

/**
 * The bare JID that stands for a SIP URI (RFC 7247 6.4, XEP-0106, D6), and the SIP status for a URI that has none. A
 * `sips` URI is never mapped: 480 with Warning 380 (RFC 5630, C-21). Port, headers and parameters other than `gr` don't
 * matter. Whether the domain is the peer's is for the caller to judge.
 */
export function sipUriToJid(uri: string, options: SipUriOptions = {}): SipUriMapping {
  return (options.entity ? mappedEntity(uri) : mappedUri(uri))!;
}

const mappedUri = remembering((uri) => mapUri(uri, {}));
const mappedEntity = remembering((uri) => mapUri(uri, { entity: true }));

function mapUri(uri: string, options: SipUriOptions): SipUriMapping {
  const parts = splitSipUri(uri);
  if (parts === undefined) return refuse("not-a-uri");
  if (parts.scheme === "sips") return refuse("sips");
  if (parts.scheme !== "sip" && !(options.entity && isEntityScheme(parts.scheme))) return refuse("scheme");
  if (!parts.user) return refuse("no-user");
  if (parts.hasPassword) return refuse("password");
  const user = percentDecode(parts.user);
  if ("fault" in user) return refuse(user.fault);
  const local = localpartOf(user.text);
  if (local === undefined) return refuse("characters");
  if (octets(local) > MAX_PART_OCTETS) return refuse("too-long");
  const domain = parseDomain(parts.host)?.unicode;
  if (domain === undefined) return refuse("domain");
  const resource = resourceOf(parts.params.get("gr"));
  return {
    ok: true,
    jid: bareOf({ local, domain }),
    local,
    domain,
    ...(resource === undefined ? {} : { resource }),
  };
}

export type JidMapping =
  | { readonly ok: true; readonly uri: string }
  | { readonly ok: false; readonly why: "malformed" | "no-local" | "not-canonical" | "screen-name" };

/**
 * The SIP URI that stands for a JID, whose resource is ignored (RFC 7247 6.5, D6). Refused, as jid-malformed, are JIDs
 * that are not the image of a SIP URI: two of them would share one SIP identity (`x\5cy` and `x\y`).
 * @param remembered the URI under which a SIP peer itself has used this JID, by prepared bare JID: SIP compares user
 *   parts by case and by escape, JIDs don't.
 */
export function jidToSipUri(jid: string, remembered?: (jid: BareJid) => string | undefined): JidMapping {
  return remembered ? mapJid(jid, remembered) : mappedJid(jid)!;
}

const mappedJid = remembering((jid) => mapJid(jid));

function mapJid(jid: string, remembered?: (jid: BareJid) => string | undefined): JidMapping {
  const parts = parseJid(jid);
  if (parts === undefined) return { ok: false, why: "malformed" };
  if (parts.local === "") return { ok: false, why: "no-local" };
  const known = remembered?.(bareOf(parts));
  if (known !== undefined) return { ok: true, uri: known };
  const user = unescapeLocalpart(parts.local);
  if (localpartOf(user) !== parts.local) return { ok: false, why: "not-canonical" };
  const domain = parseDomain(parts.domain);
  if (domain === undefined) return { ok: false, why: "malformed" };
  return { ok: true, uri: `sip:${percentEncodeUser(user)}@${domain.ascii}` };
}

function refuse(why: SipUriFault): SipUriMapping {
  const status = STATUSES[why];
  return why === "sips" ? { ok: false, why, status, warning: 380 } : { ok: false, why, status };
}

function isEntityScheme(scheme: string): boolean {
  return scheme === "pres" || scheme === "im" || scheme === "";
}

/** Untrusted: control characters are dropped before it may become a resource (AD-08). */
function resourceOf(gr: string | undefined): string | undefined {
  if (!gr) return undefined;
  const decoded = percentDecode(gr);
  return "fault" in decoded ? undefined : prepareResource(decoded.text.replace(/[\p{Cc}\p{Cs}]/gu, ""));
}
