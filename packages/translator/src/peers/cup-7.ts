import type { PeerProfile } from "./profile.ts";
import { SIMPLE } from "./simple.ts";

/** Cisco Unified Presence 7.x, which federates by SIP. */
export const CUP_7 = {
  ...SIMPLE,
  name: "cup-7",
  label: "Cisco Unified Presence 7.x",
  system: "fed-cupc-7",
  presence: {
    ...SIMPLE.presence,
    takesPublications: false,
    accept: ["application/pidf+xml", "application/cpim-pidf+xml"],
    entityScheme: "sip",
  },
  im: { ...SIMPLE.im, mode: "session" },
  sip: { ...SIMPLE.sip, transportParameter: true, contact: "edge", lookup: "federation-srv" },
  compat: [
    {
      id: "CU-1",
      what: "instant messages go inside an INVITE dialog",
      why: "messages between enterprises are in session mode (IM-01)",
      evidence: "Cisco's federation guide",
    },
    {
      id: "CU-2",
      what: "Accept names cpim-pidf too, and entity is a sip: URI",
      why: "its own SUBSCRIBE does so",
      evidence: "SUBSCRIBE printed in Cisco's troubleshooting guide",
    },
    {
      id: "CU-3",
      what: "Contact names the edge's host with transport=tls, and the peer is found by _sipfederationtls._tcp",
      why: "it federates through a TLS proxy that is set up as for Microsoft partners",
      evidence: "Cisco's federation guide",
    },
  ],
} as const satisfies PeerProfile;
