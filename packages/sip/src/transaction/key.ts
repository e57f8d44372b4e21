import { MAGIC_COOKIE } from "../header/via.ts";
import type { SipMessage } from "../message/message.ts";

/**
 * The key of the server transaction that a request belongs to (RFC 3261 17.2.3): branch, sent-by and method. An ACK
 * looks for its INVITE. Requests of RFC 2543 clients, whose branch says nothing, are told apart by Request-URI, From
 * tag, Call-ID, CSeq and the whole top Via; the To tag is left out, as an ACK has one where its INVITE has none.
 *
 * @param method looks for the transaction of another method: a CANCEL for what it cancels.
 * @returns undefined when the top Via or the CSeq can't be read.
 */
export function serverKey(request: SipMessage, method: string = request.method): string | undefined {
  const via = request.topVia;
  const cseq = request.cseq;
  if (!via || !cseq) return undefined;
  const kind = method === "ACK" ? "INVITE" : method;
  if (via.branch?.startsWith(MAGIC_COOKIE)) return `${via.branch} ${via.host}:${via.port ?? ""} ${kind}`;
  const top = request.get("Via") ?? "";
  return `2543 ${request.uri} ${request.fromTag ?? ""} ${request.callId} ${cseq.number} ${kind} ${top}`;
}

/** What two copies of one request that came by different ways have in common (RFC 3261 8.2.2.2). */
export function mergeKey(request: SipMessage): string {
  return `${request.fromTag ?? ""} ${request.callId} ${request.cseq?.number ?? 0} ${request.method}`;
}

/** A client transaction's key: our branches are unique, and a CANCEL has that of its INVITE (RFC 3261 9.1, 17.1.3). */
export function clientKey(branch: string, method: string): string {
  return method === "CANCEL" ? `${branch} CANCEL` : branch;
}
