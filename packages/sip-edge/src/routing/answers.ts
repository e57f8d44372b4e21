/** What the edge itself answers. */
import { buildResponse, type HeaderFields, type SipMessage } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import type { Link } from "./link.ts";
import { methodRule } from "./methods.ts";

/** How To tags of the edge's own answers begin, so that the ACK to one is known without a memory (RFC 3261 8.2.7). */
const OWN_TAG = "edge-";

export function hasOwnTag(message: SipMessage): boolean {
  return message.toTag?.startsWith(OWN_TAG) === true;
}

/** Undefined for methods that are never answered, and for what no answer would find its way back to. */
function ownAnswer(
  context: EdgeContext,
  request: SipMessage,
  status: number,
  headers?: HeaderFields,
): SipMessage | undefined {
  if (!methodRule(request.method).answered || request.get("Via") === undefined) return undefined;
  const toTag = status === 100 ? undefined : OWN_TAG + context.ids();
  return buildResponse(request, status, { toTag, headers });
}

/** Answers a partner's request on the connection it came on. */
export function answerPartner(
  context: EdgeContext,
  link: Link,
  request: SipMessage,
  status: number,
  headers?: HeaderFields,
): void {
  const message = ownAnswer(context, request, status, headers);
  if (message === undefined) return;
  context.put({ kind: "send", connection: link.id, message });
  const partner = context.partners.get(link.label);
  if (partner) context.put(partner.seen.out.response(request.method, status));
}

/** Answers a node's request. */
export function answerNode(
  context: EdgeContext,
  node: string,
  request: SipMessage,
  status: number,
  headers?: HeaderFields,
): void {
  const message = ownAnswer(context, request, status, headers);
  if (message) context.put({ kind: "to-node", node, message, verified: undefined });
}
