import { AOL } from "./aol.ts";
import { CUP_7 } from "./cup-7.ts";
import { CUP_8 } from "./cup-8.ts";
import { GOOGLETALK } from "./googletalk.ts";
import { LYNC } from "./lync.ts";
import { OCS } from "./ocs.ts";
import type { PeerProfile, ProfileName } from "./profile.ts";
import { SAMETIME } from "./sametime.ts";
import { SIMPLE } from "./simple.ts";
import { WEBEX_CONNECT } from "./webex-connect.ts";
import { XMPP } from "./xmpp.ts";

/** All profiles by the name that a configuration gives them. */
export const PROFILES = {
  ocs: OCS,
  lync: LYNC,
  aol: AOL,
  simple: SIMPLE,
  "cup-7": CUP_7,
  sametime: SAMETIME,
  "webex-connect": WEBEX_CONNECT,
  googletalk: GOOGLETALK,
  "cup-8": CUP_8,
  xmpp: XMPP,
} as const satisfies { readonly [Name in ProfileName]: PeerProfile & { readonly name: Name } };

/** The profile of that name, or undefined when there is none. */
export function profileByName(name: ProfileName): PeerProfile;
export function profileByName(name: string): PeerProfile | undefined;
export function profileByName(name: string): PeerProfile | undefined {
  return Object.hasOwn(PROFILES, name) ? PROFILES[name as ProfileName] : undefined;
}
