import type { Millis, SipMessage } from "@tombolo/sip";
import { DEPARTURE_GATES, type Departure, departureOf } from "../admission/departure-gates.ts";
import { FORM_GATES } from "../admission/form-gates.ts";
import { firstRefusal, type Gate } from "../admission/gate.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { DialFailure, DropReason } from "../edge-events.ts";
import { answerNode, hasOwnTag } from "./answers.ts";
import { isOwnTopRoute } from "./leg.ts";
import type { Link } from "./link.ts";
import { methodRule } from "./methods.ts";
import type { PartnerState, Waiting } from "./partner-state.ts";
import type { Relay } from "./relay.ts";
import { DEFAULT_MAX_FORWARDS, forwardedRequest } from "./rewrite.ts";
import { serverKey, type Transaction } from "./transaction.ts";

/** Requests from inside: to a connection of the partner they are for, and nowhere else. */
export class Departures {
  private readonly context: EdgeContext;
  private readonly relay: Relay;

  constructor(context: EdgeContext, relay: Relay) {
    this.context = context;
    this.relay = relay;
  }

  request(node: string, message: SipMessage, now: Millis): void {
    const { context } = this;
    const formless = firstRefusal(FORM_GATES, message);
    if (formless) {
      this.refuse(node, message, formless, message, "");
      return;
    }
    if (message.method === "ACK" && this.absorbs(node, message)) return;
    if (message.method === "CANCEL") {
      this.cancel(node, message, now);
      return;
    }
    const departure = departureOf(message, context);
    const refusal = firstRefusal(DEPARTURE_GATES, departure);
    if (refusal) this.refuse(node, message, refusal, departure, departure.partner?.domain ?? "");
    else this.forward(node, departure, now);
  }

  /** Sends what waits for this partner. */
  flush(partner: PartnerState, link: Link): void {
    const { waiting } = partner;
    if (waiting.length === 0) return;
    partner.waiting = [];
    for (const one of waiting) if (isAlive(one)) this.send(partner, link, one);
  }

  /** Nothing that waits can be sent. */
  giveUp(partner: PartnerState, why: DialFailure, detail: string, now: Millis): void {
    const { context } = this;
    const pauseMs = partner.breaker.fail(why, now, context.limits, context.random);
    context.put({
      kind: "observe",
      observation: { kind: "breaker", partner: partner.domain, state: "open", why, detail, pauseMs },
    });
    const { waiting } = partner;
    partner.waiting = [];
    for (const { transaction } of waiting) {
      if (transaction && !transaction.ended) this.relay.refuse(transaction, partner.breaker.status, now);
    }
  }

  private forward(node: string, { message, partner }: Departure, now: Millis): void {
    const { context } = this;
    const { method } = message;
    const rule = methodRule(method);
    const isInvite = method === "INVITE";
    const key = isInvite ? serverKey(nodeSender(node), message, message.topVia!) : "";
    if (isInvite && context.transactions.ofKey(key)) {
      this.drop("repeated-request", partner!.domain);
      return;
    }
    const branch = `z9hG4bK${context.ids()}`;
    const hops = message.number("Max-Forwards");
    const forwarded = forwardedRequest(message, {
      via: context.leg.viaHead + branch,
      recordRoute: rule.recordRoute ? context.leg.recordRoute : undefined,
      firstVia: undefined,
      popRoute: isOwnTopRoute(context.leg, message),
      maxForwards: hops === undefined || hops > 255 ? DEFAULT_MAX_FORWARDS : hops - 1,
      filter: context.outward,
    });
    context.put(partner!.seen.out.admitted);
    let transaction: Transaction | undefined;
    if (rule.answered) {
      transaction = {
        branch,
        method,
        partner: partner!,
        from: "node",
        node,
        link: undefined,
        key,
        request: message,
        forwarded: isInvite ? forwarded : undefined,
        state: "waiting",
        ended: false,
        deadline: 0,
      };
      context.transactions.add(transaction, now);
    }
    if (isInvite) answerNode(context, node, message, 100);
    this.dispatch(partner!, { message: forwarded, transaction }, now);
  }

  /** On a connection that is there, else on one that is asked for. */
  private dispatch(partner: PartnerState, request: Waiting, now: Millis): void {
    const { context } = this;
    const link = partner.best;
    if (link) {
      this.send(partner, link, request);
      return;
    }
    const full = partner.waiting.length >= context.limits.maxWaiting;
    if (full || (!partner.dialing && partner.breaker.isOpen(now))) {
      if (request.transaction)
        this.relay.refuse(request.transaction, full ? 504 : partner.breaker.status, now);
      return;
    }
    partner.waiting.push(request);
    if (partner.dialing) return;
    partner.dialing = true;
    context.put({ kind: "dial", partner: partner.domain });
  }

  private send(partner: PartnerState, link: Link, { message, transaction }: Waiting): void {
    if (transaction) {
      transaction.link = link;
      transaction.state = "trying";
      link.pending++;
    }
    this.context.put({ kind: "send", connection: link.id, message });
    this.context.put(partner.seen.out.request(message.method));
  }

  private absorbs(node: string, message: SipMessage): boolean {
    const { transactions } = this.context;
    const transaction = transactions.ofKey(serverKey(nodeSender(node), message, message.topVia!));
    if (transaction?.state === "completed") transactions.forget(transaction);
    else if (!hasOwnTag(message)) return false;
    this.drop("absorbed", transaction?.partner.domain ?? "");
    return true;
  }

  private cancel(node: string, message: SipMessage, now: Millis): void {
    const { context } = this;
    const transaction = context.transactions.ofKey(serverKey(nodeSender(node), message, message.topVia!));
    answerNode(context, node, message, transaction ? 200 : 481);
    if (transaction) this.relay.cancel(transaction, now);
  }

  private refuse<Request>(
    node: string,
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
    answerNode(this.context, node, message, gate.status, gate.headers?.(request));
  }

  private drop(reason: DropReason, partner: string): void {
    this.context.put({
      kind: "observe",
      observation: { kind: "dropped", reason, partner, direction: "out" },
    });
  }
}

/** A cancelled or timed-out request is sent no more. */
function isAlive({ transaction }: Waiting): boolean {
  return transaction === undefined || (!transaction.ended && transaction.state === "waiting");
}

/** No domain begins so. */
function nodeSender(node: string): string {
  return `@${node}`;
}
