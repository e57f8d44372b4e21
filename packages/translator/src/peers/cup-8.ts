import type { PeerProfile } from "./profile.ts";
import { XMPP } from "./xmpp.ts";

/** Cisco Unified Presence 8.x, which federates by XMPP. */
export const CUP_8 = {
  ...XMPP,
  name: "cup-8",
  label: "Cisco Unified Presence 8.x",
  system: "fed-cupc-8",
} as const satisfies PeerProfile;
