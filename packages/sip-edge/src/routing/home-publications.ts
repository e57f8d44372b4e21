import { type HeaderFields, type Millis, parseSipUri, SipMessage } from "@tombolo/sip";
import type { Departure } from "../admission/departure-gates.ts";
import type { EdgeContext } from "../edge-context.ts";
import { answerNode, retryAfter } from "./answers.ts";
import type { Link } from "./link.ts";
import type { NodeState } from "./node-state.ts";

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

interface Waiting {
  readonly node: NodeState;
  readonly link: Link | undefined;
  readonly request: SipMessage;
  readonly until: Millis;
}

/**
 * PUBLISH of a user behind the edge about themselves, from the node that serves them: to the gateway in this process and
 * back. It never leaves, so no partner and no transaction is in it.
 */
export class HomePublications {
  private readonly context: EdgeContext;
  /** By branch, oldest first. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(context: EdgeContext) {
    this.context = context;
  }

  /** @returns false where the request is for somebody else, or there is no gateway here. */
  takes(node: NodeState, link: Link | undefined, departure: Departure, now: Millis): boolean {
    const { context } = this;
    const { message, partner, fromHost } = departure;
    if (message.method !== "PUBLISH" || !node.isHidden || partner || fromHost === undefined) return false;
    if (!context.ourDomains.has(fromHost) || parseSipUri(message.uri)?.host !== fromHost) return false;
    const gateway = this.gateway();
    if (!gateway || message.toTag !== undefined) return false;
    this.sweep(now);
    if (this.waiting.size >= MAX_HOME_PUBLICATIONS) {
      answerNode(context, node, link, message, 480, retryAfter(context));
      return true;
    }
    const branch = `z9hG4bK${context.ids()}`;
    this.waiting.set(branch, { node, link, request: message, until: now + LIFE_MS });
    const names = ["Via", ...message.headerNames];
    const values = [gateway.inner.viaHead + branch, ...message.headerValues];
    const forwarded = new SipMessage(message.start, names, values, message.body);
    // The node was known by its certificate or address; it speaks for the users of our domains.
    const verified = { partner: fromHost, name: node.name };
    context.put({ kind: "to-node", node: gateway.name, message: forwarded, verified });
    return true;
  }

  /** @returns whether the response was the gateway's to one of these. */
  answered(node: NodeState, branch: string, response: SipMessage): boolean {
    const waiting = node.isHidden ? undefined : this.waiting.get(branch);
    if (!waiting) return false;
    if (response.status < 200) return true;
    this.waiting.delete(branch);
    const headers: HeaderFields = TOLD.flatMap((name) => {
      const value = response.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    answerNode(this.context, waiting.node, waiting.link, waiting.request, response.status, headers);
    return true;
  }

  private gateway(): NodeState | undefined {
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
