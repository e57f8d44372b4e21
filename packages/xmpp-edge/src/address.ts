/** The JID without its resource (RFC 7622 3.1: split at the first `/`, then at the first `@`). */
export function bareJid(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

/** The domainpart of a JID, in lower case. Not validated: it only tells whose address this is. */
export function domainOf(jid: string): string {
  const bare = bareJid(jid);
  return bare.slice(bare.indexOf("@") + 1).toLowerCase();
}
