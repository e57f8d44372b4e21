import type { PeerProfile } from "./profile.ts";
import { SIMPLE } from "./simple.ts";

/** AOL's SIP Access Gateway: AIM users and the enterprises that AOL hosts or clears for. */
export const AOL = {
  ...SIMPLE,
  name: "aol",
  label: "AOL SIP Access Gateway",
  system: "aim",
  presence: {
    ...SIMPLE.presence,
    takesPublications: false,
    pidf: "rpid-status-draft",
    entityScheme: "sip",
    tuples: "one",
  },
  im: { ...SIMPLE.im, mode: "session" },
  sip: {
    ...SIMPLE.sip,
    transportParameter: true,
    contact: "edge",
    hasEmailScreenNames: true,
    followsRecordRoute: false,
  },
  compat: [
    {
      id: "AO-1",
      what: "requests in a dialog reach the routing node whatever Record-Route said",
      why: "the gateway does not follow it (AOL-08)",
      evidence: "Cisco's federation guide for AOL",
    },
    {
      id: "AO-2",
      what: "the entity of a document may lack its scheme; PIDF is read in the draft form",
      why: "its documents are of the age before RFC 4480",
      evidence: "pidgin-sipe history",
    },
    {
      id: "AO-3",
      what: "instant messages go inside an INVITE dialog",
      why: "messages between enterprises are in session mode (IM-01)",
      evidence: "Cisco's federation guide",
    },
    {
      id: "AO-4",
      what: "Contact names the edge's host with transport=tls",
      why: "there is one way in for all its requests, by TLS over TCP only",
      evidence: "Cisco's federation guide for AOL",
    },
    {
      id: "AO-5",
      what: "user(mail.example) is a user whose screen name is an e-mail address; refused unless it is to be translated",
      why: "the gateway writes such users so in all its requests (AOL-06, AOL-07)",
      evidence: "Cisco's federation guide for AOL",
    },
    {
      id: "AO-6",
      what: "all resources of an XMPP user are shown in one tuple",
      why: "its users have one state",
      evidence: "Cisco's federation guide",
    },
  ],
} as const satisfies PeerProfile;
