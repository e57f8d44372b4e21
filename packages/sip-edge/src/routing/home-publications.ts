import {
  type HeaderFields,
  type Millis,
  parseNameAddr,
  parseSipUri,
  type SipMessage,
  type VerifiedPeer,
} from "@tombolo/sip";
import type { Departure } from "../admission/departure-gates.ts";
import type { EdgeContext } from "../edge-context.ts";
import { answerNode, retryAfter, unreachableAnswer } from "./answers.ts";
import type { Link } from "./link.ts";
import { NodeChoice } from "./node-choice.ts";
import type { NodeState } from "./node-state.ts";
import { DEFAULT_MAX_FORWARDS, forwardedRequest } from "./rewrite.ts";
import { verifiedText } from "./verified.ts";

/** Publications that wait for the gateway's answer, which comes at once unless it is stuck. */
export const MAX_HOME_PUBLICATIONS = 1_000;
/** How long one waits, ms: by then its sender has given up (timer F). */
const LIFE_MS: Millis = 32_000;

/** What the gateway's answer says besides its status (RFC 3903 11.1). */
const TOLD = [
  "SIP-ETag",
  "Expires",
  "Min-Expires",
  "Accept",
  "Allow",
  "Allow-Events",
  "Retry-After",
] as const;

/** No partner has an address for a name. */
const ADDRESS = /^[\d.]+$|:/;

interface Waiting {
  readonly node: NodeState;
  readonly link: Link | undefined;
  readonly gateway: NodeState;
  readonly request: SipMessage;
  readonly until: Millis;
}

/** Sends to a node that is reached by connections. */
export type SendToNode = (node: NodeState, message: SipMessage, now: Millis) => void;

/**
 * PUBLISH of a user behind the edge about themselves, from a node that serves them: to the gateway, which composes what
 * partners are shown of the user, and back. It never leaves, so no partner and no transaction is in it.
 *
 * The gateway in this process is one; else it is a node that new dialogs from outside go to, since partners' watchers of the
 * user come there, too.
 */
export class HomePublications {
  private readonly context: EdgeContext;
  private readonly choice: NodeChoice;
  /** By branch, oldest first. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(context: EdgeContext) {
    this.context = context;
    this.choice = new NodeChoice(context);
  }

  /** @returns false where the request is for somebody else, or there is no gateway besides the sender. */
  takes(
    node: NodeState,
    link: Link | undefined,
    departure: Departure,
    now: Millis,
    send: SendToNode,
  ): boolean {
    const { context } = this;
    const { message, partner, fromHost } = departure;
    if (message.method !== "PUBLISH" || !node.isHidden || partner || fromHost === undefined) return false;
    if (!context.ourDomains.has(fromHost) || parseSipUri(message.uri)?.host !== fromHost) return false;
    if (message.toTag !== undefined || this.leadsOn(message, node)) return false;
    const local = this.localGateway();
    // What is composed at a routing node has no other home.
    if (!local && context.routingNodes.includes(node)) return false;
    // All of one user's to one gateway, which knows their entity tags.
    const gateway = local ?? this.choice.routing(undefined, message.uri.toLowerCase(), now);
    this.sweep(now);
    if (!gateway) {
      const { status, headers } = unreachableAnswer(context, message.method);
      answerNode(context, node, link, message, status, headers);
    } else if (message.number("Max-Forwards") === 0) answerNode(context, node, link, message, 483);
    else if (this.isFull(gateway)) answerNode(context, node, link, message, 480, retryAfter(context));
    else {
      const branch = `z9hG4bK${context.ids()}`;
      this.waiting.set(branch, { node, link, gateway, request: message, until: now + LIFE_MS });
      // The node was known by its certificate or address; it speaks for the users of our domains.
      const verified = { partner: fromHost, name: node.name };
      const forwarded = this.forwarded(message, gateway, branch, verified);
      if (gateway.isHidden) send(gateway, forwarded, now);
      else context.put({ kind: "to-node", node: gateway.name, message: forwarded, verified });
    }
    return true;
  }

  /** @returns whether the response was the gateway's to one of these. */
  answered(node: NodeState, branch: string, response: SipMessage): boolean {
    const waiting = this.waiting.get(branch);
    if (waiting?.gateway !== node) return false;
    if (response.status < 200) return true;
    this.waiting.delete(branch);
    const headers: HeaderFields = TOLD.flatMap((name) => {
      const value = response.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    answerNode(this.context, waiting.node, waiting.link, waiting.request, response.status, headers);
    return true;
  }

  /** A gateway has no connection any more, nor gets one: what waits for it ends. */
  lost(gateway: NodeState): void {
    const { context } = this;
    for (const [branch, one] of this.waiting) {
      if (one.gateway !== gateway) continue;
      this.waiting.delete(branch);
      const { status, headers } = unreachableAnswer(context, one.request.method);
      answerNode(context, one.node, one.link, one.request, status, headers);
    }
  }

  private forwarded(
    message: SipMessage,
    gateway: NodeState,
    branch: string,
    verified: VerifiedPeer,
  ): SipMessage {
    const hops = message.number("Max-Forwards");
    return forwardedRequest(message, {
      isLooseEnd: false,
      start: message.start,
      via: gateway.inner.viaHead + branch,
      recordRoutes: undefined,
      firstVia: undefined,
      popRoutes: message.list("Route").length,
      pushRoutes: [],
      maxForwards: hops === undefined || hops > 255 ? DEFAULT_MAX_FORWARDS : hops - 1,
      filter: this.context.inward,
      callId: undefined,
      verified: gateway.isHidden ? verifiedText(verified) : undefined,
      veil: undefined,
      outer: gateway.outer,
    });
  }

  /** Whether a Route names anybody but us and the inside: then it is for a partner's server, which we don't know. */
  private leadsOn(message: SipMessage, node: NodeState): boolean {
    const { names } = this.context.veil;
    return message.list("Route").some((element) => {
      if (node.isOwnRoute(element) || names.areIn(element)) return false;
      const host = parseSipUri(parseNameAddr(element)?.uri ?? "")?.host;
      return host === undefined || !ADDRESS.test(host);
    });
  }

  private isFull(gateway: NodeState): boolean {
    if (this.waiting.size >= MAX_HOME_PUBLICATIONS) return true;
    return gateway.best === undefined && gateway.waiting.length >= this.context.limits.maxWaiting;
  }

  private localGateway(): NodeState | undefined {
    for (const node of this.context.nodes.values()) if (!node.isHidden) return node;
    return undefined;
  }

  private sweep(now: Millis): void {
    for (const [branch, { until }] of this.waiting) {
      if (until > now) return;
      this.waiting.delete(branch);
    }
  }
}
