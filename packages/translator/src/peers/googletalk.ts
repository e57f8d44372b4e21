import type { PeerProfile } from "./profile.ts";
import { XMPP } from "./xmpp.ts";

/** GoogleTalk, as long as it federated. */
export const GOOGLETALK = {
  ...XMPP,
  name: "googletalk",
  label: "GoogleTalk",
  server: { ...XMPP.server, tls: "none", saslExternal: false, clientCertificate: false },
  compat: [
    {
      id: "GT-1",
      what: "the link is in clear, proven by dialback",
      why: "it closes on STARTTLS (SYS-10, SYS-14)",
      evidence: "Cisco's federation guide",
    },
  ],
} as const satisfies PeerProfile;
