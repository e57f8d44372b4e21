/** What the edge itself answers. */
import { buildResponse, type HeaderFields, type SipMessage } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import type { Link } from "./link.ts";
import { methodRule } from "./methods.ts";
import type { NodeState } from "./node-state.ts";

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
  if (partner) context.count(partner.seen.out.response(request.method, status));
}

/**
 * Answers a node's request.
 *
 * @param link the connection it came on; undefined for the gateway in this process.
 */
export function answerNode(
  context: EdgeContext,
  node: NodeState,
  link: Link | undefined,
  request: SipMessage,
  status: number,
  headers?: HeaderFields,
): void {
  const message = ownAnswer(context, request, status, headers);
  if (!message) return;
  if (node.target === undefined) {
    context.put({ kind: "to-node", node: node.name, message, verified: undefined });
    return;
  }
  const back = link?.open === true ? link : node.best;
  if (back) context.put({ kind: "send", connection: back.id, message });
}

/** Says to nodes of a request of theirs that it never went out, so that nobody fears it might have arrived. */
export const UNSENT_HEADER = "X-Tombolo-Unsent";
export const UNSENT: HeaderFields = [[UNSENT_HEADER, "yes"]];

/** Told to who must wait: some time, s. */
export function retryAfter(context: EdgeContext): HeaderFields {
  return [["Retry-After", String(context.limits.retryAfter)]];
}

/**
 * What a partner is told when the node for its request can't be reached (E4): an INVITE may be tried again by its
 * user, for all else it is a time-out; never 503, which would take the whole edge out of service.
 */
export function unreachableAnswer(
  context: EdgeContext,
  method: string,
): { readonly status: number; readonly headers: HeaderFields | undefined } {
  return method === "INVITE"
    ? { status: 480, headers: retryAfter(context) }
    : { status: 504, headers: undefined };
}
