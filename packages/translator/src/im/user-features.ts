import type { PeerProfile } from "../peers/profile.ts";

/** What a discovering client finds at a SIP user of a partner (XEP-0030 3.1). */
export interface UserFeatures {
  /** The resource that stands for them. */
  readonly resource: string;
  readonly features: readonly string[];
}

/** Exactly what is translated for a partner's users: receipts are asked for only where one can come (XEP-0184 6). */
export function userFeatures({ im, presence }: PeerProfile): UserFeatures {
  const features = ["http://jabber.org/protocol/chatstates"];
  if (im.receiptFrom200 || im.asksForNotifications) features.push("urn:xmpp:receipts");
  if (im.asksForNotifications) features.push("urn:xmpp:chat-markers:0");
  return { resource: presence.resource, features };
}
