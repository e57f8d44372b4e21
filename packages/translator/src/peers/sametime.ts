import type { PeerProfile } from "./profile.ts";
import { XMPP } from "./xmpp.ts";

/** IBM Sametime 8.2 and 8.5. */
export const SAMETIME = {
  ...XMPP,
  name: "sametime",
  label: "IBM Sametime",
  system: "sametime",
  server: { ...XMPP.server, firstSrvOnly: true },
  compat: [
    {
      id: "ST-1",
      what: "only the first SRV record of a domain is used",
      why: "several records do not spread its load or save a failed node (HA-16)",
      evidence: "Cisco's federation guide",
    },
  ],
} as const satisfies PeerProfile;
