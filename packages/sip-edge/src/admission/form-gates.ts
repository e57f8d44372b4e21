/** Can this request be read at all? Asked before anything else is (RFC 3261 16.3 step 1). */
import { type HeaderFields, type SipMessage, WRONG_VERSION } from "@tombolo/sip";
import { ALLOW } from "../routing/methods.ts";
import type { Gate } from "./gate.ts";

const allow = (): HeaderFields => [["Allow", ALLOW]];

export const FORM_GATES: readonly Gate<SipMessage>[] = [
  {
    reason: "version",
    status: 505,
    ref: "RFC 3261 21.5.6",
    refuses: (message) => message.fault === WRONG_VERSION,
  },
  {
    reason: "malformed",
    status: 400,
    ref: "RFC 3261 16.3 step 1: the parser has looked at the syntax and at what must stand there once",
    refuses: (message) => message.fault !== undefined,
  },
  {
    // Compression asked for on a new connection: Via without branch, Max-Forwards 0. Refused, it goes on in the clear.
    reason: "negotiate",
    status: 405,
    ref: "MS-SIPCOMP",
    headers: allow,
    refuses: (message) => message.method === "NEGOTIATE",
  },
  {
    reason: "via",
    status: 400,
    ref: "RFC 3261 20.42",
    refuses: (message) => message.topVia === undefined,
  },
  {
    reason: "cseq",
    status: 400,
    ref: "RFC 3261 8.1.1.5",
    refuses: (message) => message.cseq?.method !== message.method,
  },
  {
    reason: "address",
    status: 400,
    ref: "RFC 3261 20.20, 20.39",
    refuses: (message) => message.from === undefined || message.to === undefined || message.callId === "",
  },
];
