import {
  type Millis,
  parseSipUri,
  type SipMessage,
  type SipUri,
  type StartLine,
  type VerifiedPeer,
} from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import type { DialogNotes } from "./dialog-notes.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Link } from "./link.ts";
import { methodRule } from "./methods.ts";
import { type Choice, NodeChoice } from "./node-choice.ts";
import type { NodeState } from "./node-state.ts";
import type { PartnerState } from "./partner-state.ts";
import { DEFAULT_MAX_FORWARDS, forwardedRequest, viaWithSource } from "./rewrite.ts";
import type { Transaction } from "./transaction.ts";
import { verifiedText } from "./verified.ts";

/** An admitted request from outside. */
export interface Admitted {
  readonly message: SipMessage;
  readonly link: Link;
  readonly partner: PartnerState;
  readonly verified: VerifiedPeer;
  /** The Request-URI. */
  readonly target: SipUri;
  /** Of the server transaction; "" for what is no INVITE. */
  readonly key: string;
}

type Chosen = Extract<Choice, { kind: "node" }>;

const NO_ROUTES: readonly string[] = [];

/** The last step on the way in: which node, and what it is to see (RFC 3261 16.6). */
export class Inward {
  private readonly context: EdgeContext;
  private readonly dispatch: Dispatch;
  private readonly notes: DialogNotes;
  private readonly choice: NodeChoice;

  constructor(context: EdgeContext, dispatch: Dispatch, notes: DialogNotes) {
    this.context = context;
    this.dispatch = dispatch;
    this.notes = notes;
    this.choice = new NodeChoice(context);
  }

  choose(message: SipMessage, link: Link, partner: string, now: Millis): Choice {
    const { onlyNode, veil } = this.context;
    if (onlyNode) return { kind: "node", node: onlyNode, dialog: undefined, found: "new" };
    return this.choice.choose(message, link, partner, veil.callIds.opened(message.callId), now);
  }

  forward(admitted: Admitted, chosen: Chosen, now: Millis): void {
    const { context } = this;
    const { message, link, partner, verified, key } = admitted;
    const { node, dialog } = chosen;
    const { method } = message;
    const isInvite = method === "INVITE";
    const branch = context.transactions.nextBranch(context.ids());
    const line = message.get("Via")!;
    const via = viaWithSource(line, message.topVia!, link.remote);
    const forwarded = this.rewritten(admitted, chosen, branch, via);
    if (context.onlyNode === undefined) {
      context.count(node.found(chosen.found));
      if (dialog) this.notes.partnerRequest(dialog, now);
    }
    let transaction: Transaction | undefined;
    if (methodRule(method).answered) {
      transaction = {
        branch,
        method,
        partner,
        from: "partner",
        node,
        cameOn: link,
        wentOn: undefined,
        key,
        request: isInvite || node.isHidden ? message : undefined,
        via: via ?? line,
        forwarded: isInvite ? forwarded : undefined,
        state: node.isHidden ? "waiting" : "trying",
        ended: false,
        deadline: 0,
        queue: undefined,
        earlier: undefined,
        later: undefined,
      };
      context.transactions.add(transaction, now);
    }
    if (node.isHidden) this.dispatch.request(node, { message: forwarded, transaction, partner }, now);
    else context.put({ kind: "to-node", node: node.name, message: forwarded, verified });
  }

  /**
   * Gives a new dialog, which its node could not be sent, to another routing node (HA-03).
   *
   * @returns false where there is none, or where it is no new dialog.
   */
  again(transaction: Transaction, now: Millis): boolean {
    const { context } = this;
    const { request, cameOn, partner, branch } = transaction;
    if (transaction.from !== "partner" || !request || !cameOn || request.toTag !== undefined) return false;
    const node = this.choice.routing(partner.domain, request.callId, now);
    const target = parseSipUri(request.uri);
    if (!node || node === transaction.node || !target) return false;
    const verified = cameOn.voices.get(partner.domain)?.verified ?? { partner: partner.domain, name: "" };
    const chosen: Chosen = { kind: "node", node, dialog: undefined, found: "new" };
    const admitted = { message: request, link: cameOn, partner, verified, target, key: transaction.key };
    const forwarded = this.rewritten(admitted, chosen, branch, transaction.via);
    transaction.node = node;
    if (transaction.method === "INVITE") transaction.forwarded = forwarded;
    context.count(node.found("new"));
    if (node.isHidden) this.dispatch.request(node, { message: forwarded, transaction, partner }, now);
    else {
      transaction.state = "trying";
      context.put({ kind: "to-node", node: node.name, message: forwarded, verified });
    }
    return true;
  }

  /** @param via the first Via line as it goes on; undefined = unchanged */
  private rewritten(
    { message, verified, target }: Admitted,
    chosen: Chosen,
    branch: string,
    via: string | undefined,
  ) {
    const { context } = this;
    const { node, dialog } = chosen;
    const hops = message.number("Max-Forwards");
    const { isHidden } = node;
    return forwardedRequest(message, {
      isLooseEnd: isHidden && message.method !== "INVITE",
      start: isHidden ? this.startFor(message, target, chosen) : message.start,
      via: node.inner.viaHead + branch,
      recordRoutes: methodRule(message.method).recordRoute ? node.recordRoutes : undefined,
      firstVia: via,
      popRoutes: context.side.topRoutePort(message) === undefined ? 0 : 1,
      pushRoutes: dialog?.routes ?? NO_ROUTES,
      maxForwards: hops === undefined || hops > 255 ? DEFAULT_MAX_FORWARDS : hops - 1,
      filter: context.inward,
      callId: isHidden ? context.veil.callIds.opened(message.callId) : undefined,
      verified: isHidden ? verifiedText(verified) : undefined,
      veil: undefined,
      outer: node.outer,
    });
  }

  /** The partner names our public address; the node is to see its own (RFC 3261 12.2.1.1). */
  private startFor(message: SipMessage, target: SipUri, { node, dialog }: Chosen): StartLine {
    const { method } = message;
    if (dialog?.target !== undefined) return { kind: "request", method, uri: dialog.target };
    if (target.host !== this.context.side.host) return message.start;
    return { kind: "request", method, uri: ownUri(node, target.user) };
  }
}

/** Where the node's Contact is not known: its address. */
function ownUri(node: NodeState, user: string | undefined): string {
  const { host, port, transport } = node.target!;
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return `sip:${user === undefined ? "" : `${user}@`}${bracketed}:${port};transport=${transport}`;
}
