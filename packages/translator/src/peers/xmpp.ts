import type { PeerProfile } from "./profile.ts";
import { SIMPLE } from "./simple.ts";

/** Any XMPP server that follows the RFCs; its SIP sections are the baseline's, should its domain be reached by SIP. */
export const XMPP = {
  ...SIMPLE,
  name: "xmpp",
  label: "XMPP server",
  speaks: "xmpp",
  system: "fed-xmpp-third-party",
  server: { tls: "required", saslExternal: true, clientCertificate: true, firstSrvOnly: false },
} as const satisfies PeerProfile;
