/**
 * One XMPP user and one SIP user who have something to do with each other. Every authorisation, cache, queue and
 * session belongs to a pair, so nothing meant for one watcher can reach another (design law 2).
 */
export interface Pair {
  /** Unique text made of the two addresses. */
  readonly key: string;
  /** Bare JID of the XMPP user. */
  readonly xmppUser: string;
  /** Bare JID that stands for the SIP user; its domain is the component's, as configured. */
  readonly sipUser: string;
  /** The partner's domain as configured: the component link, the metrics label. */
  readonly partner: string;
  /** The XMPP user as SIP writes them. */
  readonly xmppUri: string;
  /** The SIP user as their own side writes them: learnt from its requests, mapped from the JID until then. */
  sipUri: string;
}

export function pairKey(xmppUser: string, sipUser: string): string {
  return `${xmppUser} ${sipUser}`;
}
