/** Highest priority of an XMPP resource (RFC 6121 4.7.2.3). */
export const MAX_XMPP_PRIORITY = 127;

/**
 * The `priority` of a PIDF contact for the priority of an XMPP resource: 0 is 0, 127 is 1, and in between each has a
 * value of three decimals of its own. Undefined for negative ones, which must not be mapped (RFC 8048 6.2(6)).
 */
export function contactPriority(priority: number): number | undefined {
  if (priority < 0) return undefined;
  return Math.floor((Math.min(priority, MAX_XMPP_PRIORITY) * 1000) / MAX_XMPP_PRIORITY) / 1000;
}

/** The XMPP priority for a contact's `priority` of 0 to 1: what `contactPriority` made comes back as it was. */
export function xmppPriority(contact: number): number {
  return Math.ceil(Math.min(Math.max(contact, 0), 1) * MAX_XMPP_PRIORITY);
}
