import type { PeerProfile } from "./profile.ts";

/** A SIP/SIMPLE presence server that follows the RFCs: the baseline that all other profiles deviate from. */
export const SIMPLE = {
  name: "simple",
  label: "SIP/SIMPLE presence server",
  speaks: "sip",
  system: "cupc-7",
  presence: {
    accept: ["application/pidf+xml"],
    pidf: "rpid",
    entityScheme: "pres",
    tuples: "per-resource",
    expiresSeconds: 7_200,
    resource: "sip",
    strictTimerN: false,
    takesPublications: true,
  },
  im: {
    mode: "page",
    pageFallback: false,
    sdpMedia: "message",
    inviteTimeoutMs: 60_000,
    pageStatus: 202,
    maxPageBytes: 1_300,
    maxTextBytes: 8_000,
    typing: "message",
    typingRefreshMs: 60_000,
    receiptFrom200: false,
  },
  sip: {
    transportParameter: false,
    contact: "user",
    lookup: "rfc3263",
    hasEmailScreenNames: false,
    gruuInFrom: false,
    followsRecordRoute: true,
  },
  errors: { use6xx: false, literal: false },
  compat: [],
} as const satisfies PeerProfile;
