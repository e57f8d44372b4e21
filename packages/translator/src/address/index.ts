export { type Domain, MAX_DOMAIN_OCTETS, MAX_LABEL_OCTETS, parseDomain } from "./domain.ts";
export { type BareJid, bareJid, bareOf, formatJid, type Jid, parseJid, prepareResource } from "./jid.ts";
export { escapeLocalpart, MAX_PART_OCTETS, unescapeLocalpart } from "./localpart.ts";
export {
  type JidMapping,
  jidToSipUri,
  type SipUriFault,
  type SipUriMapping,
  type SipUriOptions,
  sipUriToJid,
} from "./mapping.ts";
export { type EmailScreenNames, jidToPartnerUri, partnerUriToJid, withScreenName } from "./screen-name.ts";
