/** The question whether anybody is there, asked on a connection that has gone silent. */
import { buildRequest, type SipMessage } from "@tombolo/sip";
import type { Leg } from "./leg.ts";

/** No branch of a forwarded request begins so. */
const PROBE_BRANCH = "z9hG4bKprobe.";

/**
 * An OPTIONS for the hop itself: `Max-Forwards: 0` keeps it from being sent further (RFC 3261 11, 16.3). Any answer
 * will do, a 483 or 403 too.
 */
export function probeRequest(leg: Leg, ourDomain: string, partner: string, id: string): SipMessage {
  return buildRequest("OPTIONS", `sip:${partner}`, [
    ["Via", `${leg.viaHead}${PROBE_BRANCH}${id}`],
    ["Max-Forwards", "0"],
    ["From", `<sip:${ourDomain}>;tag=${id}`],
    ["To", `<sip:${partner}>`],
    ["Call-ID", `${id}@${leg.host}`],
    ["CSeq", "1 OPTIONS"],
  ]);
}

export function isProbeAnswer(message: SipMessage): boolean {
  if (message.isRequest || message.method !== "OPTIONS") return false;
  return message.topVia?.branch?.startsWith(PROBE_BRANCH) === true;
}
