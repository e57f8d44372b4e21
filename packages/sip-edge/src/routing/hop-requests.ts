/** Requests that the edge makes itself, for the hop a forwarded INVITE went over. */
import { buildRequest, type HeaderFields, type SipMessage } from "@tombolo/sip";

/** The ACK to a final answer other than 2xx (RFC 3261 17.1.1.3). */
export function hopAck(invite: SipMessage, response: SipMessage): SipMessage {
  return hopRequest("ACK", invite, response.get("To") ?? invite.get("To") ?? "");
}

/** RFC 3261 9.1 */
export function hopCancel(invite: SipMessage): SipMessage {
  return hopRequest("CANCEL", invite, invite.get("To") ?? "");
}

/** Same Via (our own, on top), Request-URI, Route, From, Call-ID and CSeq number as the INVITE. */
function hopRequest(method: string, invite: SipMessage, to: string): SipMessage {
  const headers: [string, string][] = [["Via", invite.get("Via") ?? ""]];
  for (const route of invite.lines("Route")) headers.push(["Route", route]);
  headers.push(
    ["Max-Forwards", "70"],
    ["From", invite.get("From") ?? ""],
    ["To", to],
    ["Call-ID", invite.callId],
    ["CSeq", `${invite.cseq?.number ?? 0} ${method}`],
  );
  return buildRequest(method, invite.uri, headers satisfies HeaderFields);
}
