import type { PeerProfile } from "./profile.ts";
import { SIMPLE } from "./simple.ts";

/** Microsoft Office Communications Server 2007 and 2007 R2, behind their Access Edge. */
export const OCS = {
  ...SIMPLE,
  name: "ocs",
  label: "Microsoft Office Communications Server 2007 and 2007 R2",
  system: "moc",
  presence: {
    ...SIMPLE.presence,
    takesPublications: false,
    accept: ["application/pidf+xml", "text/xml+msrtc.pidf"],
    pidf: "rpid-status-draft",
    entityScheme: "sip",
    tuples: "one",
  },
  im: {
    ...SIMPLE.im,
    mode: "session",
    typing: "info",
    typingRefreshMs: 5_000,
    conversationIdHeader: "Ms-Conversation-ID",
    firstTextHeader: "ms-text-format",
    receiptFrom200: true,
  },
  sip: { ...SIMPLE.sip, transportParameter: true, contact: "edge", lookup: "federation-srv" },
  compat: [
    {
      id: "MS-1",
      what: "PIDF activities stand inside status, in the namespace of an RPID draft; only away and busy are written",
      why: "clients and servers read that form; no other activity is known to be shown",
      evidence: "pidgin-sipe source and traces; vendor document MS-PRES",
    },
    {
      id: "MS-2",
      what: "entity is a sip: URI",
      why: "all known documents of these servers have it so",
      evidence: "vendor document MS-PRES; pidgin-sipe traces",
    },
    {
      id: "MS-3",
      what: "instant messages go inside an INVITE dialog with a message line in its description",
      why: "a MESSAGE outside dialogs is not used between enterprises (IM-01)",
      evidence: "vendor document MS-SIP; pidgin-sipe traces",
    },
    {
      id: "MS-4",
      what: "each INVITE has a new Ms-Conversation-ID",
      why: "a client refuses a conversation id that it has seen",
      evidence: "pidgin-sipe source",
    },
    {
      id: "MS-5",
      what: "our INVITE may ring for 60 s",
      why: "a client with several endpoints answers after 10 s, its user later",
      evidence: "pidgin-sipe history",
    },
    {
      id: "MS-6",
      what: "typing goes by INFO with KeyboardActivity, repeated every 5 s, and idle is said",
      why: "clients forget typing after some seconds, and newer ones keep it until told",
      evidence: "pidgin-sipe source",
    },
    {
      id: "MS-7",
      what: "Contact names the edge's host with transport=tls",
      why: "requests in the dialog find no way back through an address literal or without the transport",
      evidence: "field reports of presence federation",
    },
    {
      id: "MS-8",
      what: "the peer is found by _sipfederationtls._tcp",
      why: "its administrators publish that record instead of those of RFC 3263",
      evidence: "vendor's deployment guides",
    },
    {
      id: "MS-9",
      what: "the text in the INVITE is not announced as taken; it is delivered after 5 s if no MESSAGE brings it",
      why: "clients send it again as a MESSAGE unless the 200 says that it was taken",
      evidence: "pidgin-sipe source and traces",
    },
    {
      id: "MS-10",
      what: "a 200 to a MESSAGE in a session is a delivery receipt",
      why: "the client's own endpoint answers in the dialog; there is no other report of a conversation of two",
      evidence: "vendor document MS-SIP; pidgin-sipe traces",
    },
    {
      id: "MS-11",
      what: "all resources of an XMPP user are shown in one tuple",
      why: "the documents of these servers have one tuple, and their clients look at one",
      evidence: "vendor document MS-PRES",
    },
    {
      id: "MS-12",
      what: "Accept names msrtc.pidf too, and that form is read",
      why: "it can say Be Right Back and Do Not Disturb; the server sends the richest form that Accept names",
      evidence: "vendor documents MS-PRES and MS-SIP; pidgin-sipe source",
    },
  ],
} as const satisfies PeerProfile;
