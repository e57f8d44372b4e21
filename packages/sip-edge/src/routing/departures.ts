import type { Millis, SipMessage } from "@tombolo/sip";
import { DEPARTURE_GATES, type Departure, departureOf } from "../admission/departure-gates.ts";
import { FORM_GATES } from "../admission/form-gates.ts";
import { firstRefusal, type Gate } from "../admission/gate.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { DropReason } from "../edge-events.ts";
import { answerNode, hasOwnTag } from "./answers.ts";
import type { DialogNotes } from "./dialog-notes.ts";
import type { Dispatch } from "./dispatch.ts";
import type { HomePublications, SendToNode } from "./home-publications.ts";
import type { Link } from "./link.ts";
import { methodRule } from "./methods.ts";
import type { NodeState } from "./node-state.ts";
import type { Relay } from "./relay.ts";
import { DEFAULT_MAX_FORWARDS, forwardedRequest, viaWithSource } from "./rewrite.ts";
import { serverKey, type Transaction } from "./transaction.ts";

const NO_ROUTES: readonly string[] = [];

/** Requests from inside: to a connection of the partner they are for, and nowhere else. */
export class Departures {
  private readonly context: EdgeContext;
  private readonly relay: Relay;
  private readonly dispatch: Dispatch;
  private readonly notes: DialogNotes;
  private readonly home: HomePublications;
  private readonly sendToNode: SendToNode;

  constructor(
    context: EdgeContext,
    relay: Relay,
    dispatch: Dispatch,
    notes: DialogNotes,
    home: HomePublications,
  ) {
    this.home = home;
    this.context = context;
    this.relay = relay;
    this.dispatch = dispatch;
    this.notes = notes;
    this.sendToNode = (to, message, at) =>
      this.dispatch.request(to, { message, transaction: undefined, partner: undefined }, at);
  }

  /** @param link undefined for the gateway in this process. */
  request(node: NodeState, link: Link | undefined, message: SipMessage, now: Millis): void {
    const { context } = this;
    const formless = firstRefusal(FORM_GATES, message);
    if (formless) {
      this.refuse(node, link, message, formless, message, "");
      return;
    }
    if (message.method === "ACK" && this.absorbs(node, message)) return;
    if (message.method === "CANCEL") {
      this.cancel(node, link, message, now);
      return;
    }
    const departure = departureOf(node, message, context);
    const { partner } = departure;
    if (!partner && this.home.takes(node, link, departure, now, this.sendToNode)) return;
    if (link && partner) context.count(partner.seenInside.in.request(message.method));
    const refusal = firstRefusal(DEPARTURE_GATES, departure);
    if (refusal) this.refuse(node, link, message, refusal, departure, partner?.domain ?? "");
    else this.forward(node, link, departure, now);
  }

  private forward(
    node: NodeState,
    link: Link | undefined,
    { message, partner }: Departure,
    now: Millis,
  ): void {
    const { context } = this;
    const { method } = message;
    const isInvite = method === "INVITE";
    const key = isInvite ? serverKey(nodeSender(node), message, message.topVia!) : "";
    if (isInvite && context.transactions.ofKey(key)) {
      this.drop("repeated-request", partner!.domain);
      return;
    }
    const branch = context.transactions.nextBranch(context.ids());
    const forwarded = this.rewritten(node, message, partner!.domain, branch, now);
    context.count(partner!.seen.out.admitted);
    let transaction: Transaction | undefined;
    if (methodRule(method).answered) {
      transaction = {
        branch,
        method,
        partner: partner!,
        from: "node",
        node,
        cameOn: link,
        wentOn: undefined,
        key,
        request: message,
        via: viaOf(message, link),
        forwarded: isInvite ? forwarded : undefined,
        state: "waiting",
        ended: false,
        deadline: 0,
        queue: undefined,
        earlier: undefined,
        later: undefined,
      };
      context.transactions.add(transaction, now);
    }
    if (isInvite) answerNode(context, node, link, message, 100);
    this.dispatch.request(partner!, { message: forwarded, transaction, partner }, now);
  }

  private rewritten(node: NodeState, message: SipMessage, partner: string, branch: string, now: Millis) {
    const { context } = this;
    const { isHidden } = node;
    const { callIds } = context.veil;
    const dialog =
      context.onlyNode === undefined ? this.notes.nodeRequest(message, node, partner, now) : undefined;
    const hops = message.number("Max-Forwards");
    return forwardedRequest(message, {
      isLooseEnd: message.method !== "INVITE",
      start: message.start,
      via: node.outer.viaHead + branch,
      recordRoutes: methodRule(message.method).recordRoute ? node.recordRouteOut : undefined,
      firstVia: undefined,
      popRoutes: ownRoutes(message, node),
      pushRoutes: NO_ROUTES,
      maxForwards: hops === undefined || hops > 255 ? DEFAULT_MAX_FORWARDS : hops - 1,
      filter: context.outward,
      callId: isHidden && dialog?.fromOutside !== true ? callIds.masked(message.callId) : undefined,
      verified: undefined,
      veil: isHidden ? context.veil : undefined,
      outer: node.outer,
    });
  }

  private absorbs(node: NodeState, message: SipMessage): boolean {
    const { transactions } = this.context;
    const transaction = transactions.ofKey(serverKey(nodeSender(node), message, message.topVia!));
    if (transaction?.state === "completed") transactions.forget(transaction);
    else if (!hasOwnTag(message)) return false;
    this.drop("absorbed", transaction?.partner.domain ?? "");
    return true;
  }

  private cancel(node: NodeState, link: Link | undefined, message: SipMessage, now: Millis): void {
    const { context } = this;
    const transaction = context.transactions.ofKey(serverKey(nodeSender(node), message, message.topVia!));
    answerNode(context, node, link, message, transaction ? 200 : 481);
    if (transaction) this.relay.cancel(transaction, now);
  }

  private refuse<Request>(
    node: NodeState,
    link: Link | undefined,
    message: SipMessage,
    gate: Gate<Request>,
    request: Request,
    partner: string,
  ): void {
    const { reason } = gate;
    this.context.put({
      kind: "observe",
      observation: { kind: "decision", gate: "edge", decision: "deny", reason, partner, direction: "out" },
    });
    answerNode(this.context, node, link, message, gate.status, gate.headers?.(request));
  }

  private drop(reason: DropReason, partner: string): void {
    this.context.put({
      kind: "observe",
      observation: { kind: "dropped", reason, partner, direction: "out" },
    });
  }
}

/** Elements on top of Route that lead no further than to us: those of proxies on the way here, and our own. */
function ownRoutes(message: SipMessage, node: NodeState): number {
  const line = message.get("Route");
  if (line === undefined) return 0;
  if (!node.isHidden) return node.isOwnRoute(message.first("Route") ?? "") ? 1 : 0;
  return message.list("Route").findLastIndex((element) => node.isOwnRoute(element)) + 1;
}

function viaOf(message: SipMessage, link: Link | undefined): string {
  const line = message.get("Via")!;
  return (link && viaWithSource(line, message.topVia!, link.remote)) ?? line;
}

/** No domain begins so. */
function nodeSender(node: NodeState): string {
  return `@${node.name}`;
}
