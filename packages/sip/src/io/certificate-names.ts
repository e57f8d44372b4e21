import { parseSipUri } from "../uri/sip-uri.ts";

/** The parts of a certificate that name its holder. */
export interface NamedCertificate {
  /** Subject alternative names as Node writes them: `DNS:sip.example.com, URI:sip:example.com`. */
  readonly subjectAltName: string | undefined;
  /** Distinguished name, one attribute a line: `C=DE\nCN=sip.example.com`. */
  readonly subject: string | undefined;
}

/**
 * The SIP identities of a certificate in small letters (RFC 5922 7.1): the hosts of its `sip:` URIs that have no user
 * part; its DNS names only where there is no such URI; its common name only where it has no alternative name at all
 * and `commonNames` says so (RFC 9525 drops it).
 */
export function certificateNames(certificate: NamedCertificate, commonNames = false): string[] {
  const { subjectAltName } = certificate;
  if (subjectAltName === undefined || subjectAltName === "") {
    const name = commonNames ? /(?:^|\n)CN=([^\n]+)(?:\n|$)/.exec(certificate.subject ?? "")?.[1] : undefined;
    return name === undefined ? [] : [name.toLowerCase()];
  }
  const dns: string[] = [];
  const sip: string[] = [];
  for (const [kind, value] of alternativeNames(subjectAltName)) {
    if (kind === "DNS") dns.push(value.toLowerCase());
    else if (kind === "URI") {
      const uri = parseSipUri(value);
      if (uri && uri.user === undefined && !sip.includes(uri.host)) sip.push(uri.host);
    }
  }
  return sip.length > 0 ? sip : dns;
}

/** Node quotes a value that holds a comma, a quote or a control as a JSON string, so that none can forge another. */
function* alternativeNames(text: string): Generator<[kind: string, value: string]> {
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/y;
  for (let match = entry.exec(text); match !== null && match[0] !== ""; match = entry.exec(text)) {
    const raw = match[2]!;
    // A value that needs quoting is no host name: it names nobody.
    if (!raw.startsWith('"')) yield [match[1]!, raw];
  }
}
