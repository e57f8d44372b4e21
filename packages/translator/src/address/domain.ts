import { caseMapped, isIdentifier, obeysBidiRule } from "./precis.ts";
import { decodePunycode, encodePunycode } from "./punycode.ts";
import { remembering } from "./remembered.ts";

/** Longest domain in octets of its ASCII form, without the dot at the end (RFC 1035 2.3.4). */
export const MAX_DOMAIN_OCTETS = 253;
/** Longest label of a domain, in octets of its ASCII form. */
export const MAX_LABEL_OCTETS = 63;

const ACE_PREFIX = "xn--";
const LDH_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** The two forms of one domain: A-labels for SIP and DNS, U-labels for JIDs (RFC 7622 3.2, RFC 5890 2.3.2.1). */
export interface Domain {
  readonly ascii: string;
  readonly unicode: string;
}

/**
 * Both forms of a domain name given in either, lower-case and without a dot at the end; undefined for what is no domain
 * name: IP literals in brackets, labels that are too long, empty or of characters that no host may have, and A-labels
 * that are not the encoding of what they decode to. IPv4 addresses pass as the names they look like.
 */
export const parseDomain: (text: string) => Domain | undefined = remembering(readDomain);

function readDomain(text: string): Domain | undefined {
  const labels = caseMapped(text)
    .replace(/\u3002/g, ".")
    .replace(/\.$/, "")
    .split(".");
  const forms: Domain[] = [];
  for (const label of labels) {
    const form = parseLabel(label);
    if (form === undefined) return undefined;
    forms.push(form);
  }
  const ascii = forms.map((form) => form.ascii).join(".");
  if (ascii.length > MAX_DOMAIN_OCTETS) return undefined;
  return { ascii, unicode: forms.map((form) => form.unicode).join(".") };
}

function parseLabel(label: string): Domain | undefined {
  if (/^[\0-\x7f]*$/.test(label)) {
    if (!LDH_LABEL.test(label) || label.length > MAX_LABEL_OCTETS) return undefined;
    return label.startsWith(ACE_PREFIX) ? parseALabel(label) : { ascii: label, unicode: label };
  }
  return isULabel(label) ? toALabel(label) : undefined;
}

function parseALabel(label: string): Domain | undefined {
  const unicode = decodePunycode(label.slice(ACE_PREFIX.length));
  if (unicode === undefined || !isULabel(unicode) || caseMapped(unicode) !== unicode) return undefined;
  return toALabel(unicode)?.ascii === label ? { ascii: label, unicode } : undefined;
}

function toALabel(unicode: string): Domain | undefined {
  const ascii = ACE_PREFIX + encodePunycode(unicode);
  return ascii.length > MAX_LABEL_OCTETS ? undefined : { ascii, unicode };
}

/** Letters, digits, marks and hyphens, with one beyond ASCII among them (RFC 5891 4.2.3). */
function isULabel(label: string): boolean {
  return (
    /[^\0-\x7f]/.test(label) &&
    !/[\0-,./:-`{-\x7f]/.test(label) &&
    !/^-|-$|^..--|^\p{M}/u.test(label) &&
    isIdentifier(label) &&
    obeysBidiRule(label)
  );
}
