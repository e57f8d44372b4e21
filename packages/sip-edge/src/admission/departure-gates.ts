/** May this request of an inside node go out? A node that was taken over must not speak for others. */
import { type HeaderFields, parseNameAddr, parseSipUri, type SipMessage } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import { retryAfter } from "../routing/answers.ts";
import { methodRule } from "../routing/methods.ts";
import type { NodeState } from "../routing/node-state.ts";
import type { PartnerState } from "../routing/partner-state.ts";
import type { Gate } from "./gate.ts";

/** A readable request from inside. */
export interface Departure {
  readonly node: NodeState;
  readonly message: SipMessage;
  readonly context: EdgeContext;
  readonly fromHost: string | undefined;
  /** Where it goes: known from its domains alone, never from a Route or Contact (PX-22). */
  readonly partner: PartnerState | undefined;
}

export function departureOf(node: NodeState, message: SipMessage, context: EdgeContext): Departure {
  const from = message.from && parseSipUri(message.from.uri);
  const fromHost = from?.host;
  return { node, message, context, fromHost, partner: destinationOf(message, fromHost, context) };
}

const retry = ({ context }: Departure): HeaderFields => retryAfter(context);

export const DEPARTURE_GATES: readonly Gate<Departure>[] = [
  {
    reason: "from-not-ours",
    status: 403,
    ref: "PX-21 the other way",
    refuses: ({ fromHost, context }) => fromHost === undefined || !context.ourDomains.has(fromHost),
  },
  {
    reason: "no-partner",
    status: 404,
    ref: "PX-22: egress by allowlist",
    refuses: ({ partner }) => partner === undefined,
  },
  {
    reason: "node-partner",
    status: 403,
    ref: "AOL-03 to AOL-05",
    refuses: ({ node, partner }) => !node.serves(partner!.domain),
  },
  {
    reason: "max-forwards",
    status: 483,
    ref: "RFC 3261 16.3 step 3",
    refuses: ({ message }) => message.number("Max-Forwards") === 0,
  },
  {
    reason: "overload",
    status: 480,
    ref: "E4",
    headers: retry,
    refuses: ({ context }) => context.transactions.isFull,
  },
  {
    reason: "dialogs",
    status: 480,
    ref: "E4: no room for one more dialog",
    headers: retry,
    refuses: ({ context, message }) =>
      context.dialogs.isFull && message.toTag === undefined && methodRule(message.method).recordRoute,
  },
];

/**
 * A publication is about a user of ours, so its Request-URI leads nowhere: the server is named by the first Route that is
 * not ours, and has to be a partner that takes publications.
 */
function publishedAt(message: SipMessage, { partners, side }: EdgeContext): PartnerState | undefined {
  for (const route of message.list("Route")) {
    const host = parseSipUri(parseNameAddr(route)?.uri ?? "")?.host;
    if (host === undefined || host === side.host) continue;
    const partner = partners.get(host);
    return partner?.partner.takesPublications === true ? partner : undefined;
  }
  return undefined;
}

/** The Request-URI's domain outside dialogs; inside one the other party's, whatever its Contact said. */
function destinationOf(
  message: SipMessage,
  fromHost: string | undefined,
  context: EdgeContext,
): PartnerState | undefined {
  const { partners } = context;
  if (message.toTag === undefined) {
    const target = parseSipUri(message.uri);
    if (!target) return undefined;
    if (message.method === "PUBLISH" && context.ourDomains.has(target.host))
      return publishedAt(message, context);
    return partners.get(target.host);
  }
  const to = message.to && parseSipUri(message.to.uri);
  const partner = to && partners.get(to.host);
  return partner ?? (fromHost === undefined ? undefined : partners.get(fromHost));
}
