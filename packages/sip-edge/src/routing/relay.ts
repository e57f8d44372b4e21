import type { Millis, SipMessage } from "@tombolo/sip";
import { outboundStart } from "../admission/status-rules.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { Direction, DropReason } from "../edge-events.ts";
import { answerNode, answerPartner } from "./answers.ts";
import { hopAck, hopCancel } from "./hop-requests.ts";
import { INVITE_LIFE, INVITE_TABLE, type InviteAct, type InviteEvent, type Step } from "./invite-table.ts";
import { isOwnVia } from "./leg.ts";
import type { Link } from "./link.ts";
import { forwardedResponse } from "./rewrite.ts";
import type { Transaction } from "./transaction.ts";

/** Brings answers back to where their requests came from, and lets transactions run out (RFC 3261 16.7, 16.8). */
export class Relay {
  private readonly context: EdgeContext;

  constructor(context: EdgeContext) {
    this.context = context;
  }

  /** A response from inside. */
  fromNode(response: SipMessage, now: Millis): void {
    const transaction = this.find(response);
    if (transaction?.from === "partner") this.heard(transaction, response, now);
    else if (!isForOwnCancel(response)) this.drop("stray-response", "", "out");
  }

  /** A response from outside: from any connection of the partner that was asked (RFC 3261 18.1.1), no other. */
  fromPartner(link: Link, response: SipMessage, now: Millis): void {
    const { context } = this;
    if (response.fault !== undefined || response.topVia === undefined) {
      this.drop("malformed-response", link.label, "in");
      return;
    }
    link.timeouts = 0;
    const transaction = this.find(response);
    const domain = transaction?.partner.domain ?? link.label;
    const partner = context.partners.get(domain);
    if (partner) context.put(partner.seen.in.response(response.method, response.status));
    if (transaction?.from === "node" && link.voices.has(domain)) this.heard(transaction, response, now);
    else if (!isForOwnCancel(response)) this.drop("stray-response", link.label, "in");
  }

  /** A CANCEL from the side the INVITE came from; it has been answered. */
  cancel(transaction: Transaction, now: Millis): void {
    this.step(transaction, "cancel", undefined, now);
  }

  /** The connection it went out on is gone. */
  lost(transaction: Transaction, now: Millis): void {
    if (transaction.method === "INVITE") this.step(transaction, "lost", undefined, now);
    else this.give(transaction, 504);
  }

  expire(transaction: Transaction, now: Millis): void {
    const { link, state } = transaction;
    if (link && transaction.from === "node" && state === "trying") this.unanswered(link);
    if (transaction.method === "INVITE") this.step(transaction, "timeout", undefined, now);
    // RFC 4320 4.2: no 408 to what is no INVITE, and its sender has given up by now.
    else this.context.transactions.forget(transaction);
  }

  /** Ends it with an answer of our own. */
  give(transaction: Transaction, status: number): void {
    const { context } = this;
    const { request } = transaction;
    if (request && transaction.from === "node") answerNode(context, transaction.node, request, status);
    else if (request) {
      const link = this.linkBack(transaction);
      if (link) answerPartner(context, link, request, status);
    }
    if (transaction.method !== "INVITE") context.transactions.forget(transaction);
  }

  /** Ends an INVITE that never went out, or any other request, with an answer of our own. */
  refuse(transaction: Transaction, status: number, now: Millis): void {
    this.give(transaction, status);
    if (transaction.method !== "INVITE") return;
    transaction.state = "completed";
    this.context.transactions.arm(transaction, "short", now);
  }

  /** A connection on which nothing is answered is replaced: the next request finds another, or dials. */
  private unanswered(link: Link): void {
    const { context } = this;
    link.timeouts++;
    if (!link.open || link.timeouts < context.limits.maxTimeouts) return;
    link.open = false;
    for (const { partner } of link.voices.values()) partner.detach(link);
    context.put({ kind: "close", connection: link.id, why: "wedged" });
  }

  private find(response: SipMessage): Transaction | undefined {
    const via = response.topVia;
    if (!via || !isOwnVia(this.context.leg, via)) return undefined;
    return this.context.transactions.ofResponse(response, via);
  }

  private heard(transaction: Transaction, response: SipMessage, now: Millis): void {
    const { status } = response;
    if (transaction.method === "INVITE") this.step(transaction, eventOf(status), response, now);
    else if (status >= 200) {
      this.context.transactions.forget(transaction);
      this.back(transaction, response);
    } else if (status === 100) {
      // It says that the request has run for a while, so ours may say so too; no other 1xx exists (RFC 4320 4.1).
      this.back(transaction, response);
    }
  }

  private step(
    transaction: Transaction,
    event: InviteEvent,
    response: SipMessage | undefined,
    now: Millis,
  ): void {
    const step: Step = INVITE_TABLE[transaction.state][event];
    const moved = step.to !== transaction.state;
    transaction.state = step.to;
    if (moved || event === "provisional")
      this.context.transactions.arm(transaction, INVITE_LIFE[step.to], now);
    this.act(transaction, step.act, response);
  }

  private act(transaction: Transaction, act: InviteAct, response: SipMessage | undefined): void {
    switch (act) {
      case "nothing":
        break;
      case "relay":
        this.back(transaction, response!);
        break;
      case "relay-and-ack":
        this.onward(transaction, hopAck(transaction.forwarded!, response!));
        this.back(transaction, response!);
        break;
      case "relay-and-cancel":
        this.onward(transaction, hopCancel(transaction.forwarded!));
        this.back(transaction, response!);
        break;
      case "ack":
        this.onward(transaction, hopAck(transaction.forwarded!, response!));
        break;
      case "cancel":
        this.onward(transaction, hopCancel(transaction.forwarded!));
        break;
      case "answer-408":
        this.give(transaction, 408);
        break;
      case "answer-487":
        this.give(transaction, 487);
        break;
      case "answer-504":
        this.give(transaction, 504);
        break;
      case "forget":
        this.context.transactions.forget(transaction);
        break;
      default:
        act satisfies never;
    }
  }

  /** To the side the request came from. */
  private back(transaction: Transaction, response: SipMessage): void {
    const { context } = this;
    if (transaction.from === "node") {
      const message = forwardedResponse(response, context.inward);
      const { partner, node } = transaction;
      const verified = transaction.link?.voices.get(partner.domain)?.verified ?? {
        partner: partner.domain,
        name: "",
      };
      context.put({ kind: "to-node", node, message, verified });
      return;
    }
    const link = this.linkBack(transaction);
    if (!link) {
      this.drop("no-connection", transaction.partner.domain, "out");
      return;
    }
    const start = outboundStart(response.start, transaction.method);
    const message = forwardedResponse(response, context.outward, start);
    context.put({ kind: "send", connection: link.id, message });
    context.put(transaction.partner.seen.out.response(transaction.method, message.status));
  }

  /** To the side the request went to. */
  private onward(transaction: Transaction, request: SipMessage): void {
    const { context } = this;
    const { partner, node } = transaction;
    if (transaction.from === "partner") {
      const verified = transaction.link?.voices.get(partner.domain)?.verified;
      context.put({ kind: "to-node", node, message: request, verified });
      return;
    }
    const link = transaction.link?.open === true ? transaction.link : partner.best;
    if (!link) return;
    context.put({ kind: "send", connection: link.id, message: request });
    context.put(partner.seen.out.request(request.method));
  }

  /** The connection a partner's request came on, or another of the same partner (RFC 3261 18.2.2). */
  private linkBack(transaction: Transaction): Link | undefined {
    return transaction.link?.open === true ? transaction.link : transaction.partner.best;
  }

  private drop(reason: DropReason, partner: string, direction: Direction): void {
    this.context.put({ kind: "observe", observation: { kind: "dropped", reason, partner, direction } });
  }
}

/** The 200 to a CANCEL that the edge made ends here: CANCEL goes hop by hop (RFC 3261 16.10). */
function isForOwnCancel(response: SipMessage): boolean {
  return response.method === "CANCEL";
}

function eventOf(status: number): InviteEvent {
  if (status === 100) return "hundred";
  if (status < 200) return "provisional";
  return status < 300 ? "success" : "failure";
}
