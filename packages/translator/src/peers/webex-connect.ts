import type { PeerProfile } from "./profile.ts";
import { XMPP } from "./xmpp.ts";

/** Webex Connect 6. */
export const WEBEX_CONNECT = {
  ...XMPP,
  name: "webex-connect",
  label: "Webex Connect",
  system: "webex-connect",
  server: { ...XMPP.server, tls: "optional", saslExternal: false, clientCertificate: false },
  compat: [
    {
      id: "WX-1",
      what: "no client certificate is asked of it; dialback proves the domain",
      why: "it shows none (SYS-09)",
      evidence: "Cisco's federation guide",
    },
  ],
} as const satisfies PeerProfile;
