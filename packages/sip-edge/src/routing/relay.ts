import type { HeaderFields, Millis, SipMessage } from "@tombolo/sip";
import { outboundStart } from "../admission/status-rules.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { Direction, DropReason } from "../edge-events.ts";
import { publicResponse, restoredResponse } from "../hiding/hidden-responses.ts";
import { answerNode, answerPartner, UNSENT } from "./answers.ts";
import type { DialogNotes } from "./dialog-notes.ts";
import { HeadText } from "./head-text.ts";
import { HeadList } from "./head-writer.ts";
import type { HomePublications } from "./home-publications.ts";
import { hopAck, hopCancel } from "./hop-requests.ts";
import { INVITE_LIFE, INVITE_TABLE, type InviteAct, type InviteEvent, type Step } from "./invite-table.ts";
import { ownBranch } from "./leg.ts";
import type { Link } from "./link.ts";
import type { NodeState } from "./node-state.ts";
import { forwardedResponse } from "./rewrite.ts";
import type { Transaction } from "./transaction.ts";
import { verifiedText } from "./verified.ts";

/** Brings answers back to where their requests came from, and lets transactions run out (RFC 3261 16.7, 16.8). */
export class Relay {
  private readonly context: EdgeContext;
  private readonly notes: DialogNotes;
  private readonly home: HomePublications;

  constructor(context: EdgeContext, notes: DialogNotes, home: HomePublications) {
    this.home = home;
    this.context = context;
    this.notes = notes;
  }

  /** A response from inside: of the node that was asked, no other. */
  fromNode(node: NodeState, response: SipMessage, now: Millis): void {
    const { context } = this;
    const branch = response.fault === undefined ? ownBranch(node.inner, response) : undefined;
    if (branch === undefined) {
      this.drop("malformed-response", "", "out");
      return;
    }
    const transaction = branch === "" ? undefined : context.transactions.ofResponse(response, branch);
    if (!transaction && this.home.answered(node, branch, response)) return;
    if (transaction && node.isHidden)
      context.count(transaction.partner.seenInside.in.response(response.method, response.status));
    if (transaction?.from === "partner" && transaction.node === node) this.heard(transaction, response, now);
    else if (!isForOwnCancel(response)) this.drop("stray-response", "", "out");
  }

  /** A response from outside: from any connection of the partner that was asked (RFC 3261 18.1.1), no other. */
  fromPartner(link: Link, response: SipMessage, now: Millis): void {
    const { context } = this;
    const branch = response.fault === undefined ? context.side.ownBranch(response) : undefined;
    if (branch === undefined) {
      this.drop("malformed-response", link.label, "in");
      return;
    }
    link.timeouts = 0;
    const transaction = branch === "" ? undefined : context.transactions.ofResponse(response, branch);
    const domain = transaction?.partner.domain ?? link.label;
    const partner = context.partners.get(domain);
    if (partner) context.count(partner.seen.in.response(response.method, response.status));
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
    const { wentOn, state, from } = transaction;
    // A node's connection is watched by its health checks.
    if (wentOn && from === "node" && state === "trying") this.unanswered(wentOn);
    if (transaction.method === "INVITE") this.step(transaction, "timeout", undefined, now);
    // RFC 4320 4.2: no 408 to what is no INVITE, and its sender has given up by now.
    else this.context.transactions.forget(transaction);
  }

  /** Ends it with an answer of our own. */
  give(transaction: Transaction, status: number, headers?: HeaderFields): void {
    const { context } = this;
    const { request, node, cameOn } = transaction;
    if (request && transaction.from === "node") answerNode(context, node, cameOn, request, status, headers);
    else if (request) {
      const link = this.linkBack(transaction);
      if (link) answerPartner(context, link, request, status, headers);
    }
    if (transaction.method !== "INVITE") context.transactions.forget(transaction);
  }

  /** Ends an INVITE that never went out, or any other request, with an answer of our own. */
  refuse(transaction: Transaction, status: number, now: Millis, headers?: HeaderFields): void {
    this.give(transaction, status, transaction.from === "node" ? [...(headers ?? []), ...UNSENT] : headers);
    if (transaction.method !== "INVITE") return;
    transaction.state = "completed";
    this.context.transactions.arm(transaction, "answered", now);
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

  private heard(transaction: Transaction, response: SipMessage, now: Millis): void {
    const { status } = response;
    if (transaction.method === "INVITE") this.step(transaction, eventOf(status), response, now);
    else if (status >= 200) {
      this.context.transactions.forget(transaction);
      this.back(transaction, response, now);
    } else if (status === 100) {
      // It says that the request has run for a while, so ours may say so too; no other 1xx exists (RFC 4320 4.1).
      this.back(transaction, response, now);
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
    this.act(transaction, step.act, response, now);
  }

  private act(transaction: Transaction, act: InviteAct, response: SipMessage | undefined, now: Millis): void {
    switch (act) {
      case "nothing":
        break;
      case "relay":
        this.back(transaction, response!, now);
        break;
      case "relay-and-ack":
        this.onward(transaction, hopAck(transaction.forwarded!, response!));
        this.back(transaction, response!, now);
        break;
      case "relay-and-cancel":
        this.onward(transaction, hopCancel(transaction.forwarded!));
        this.back(transaction, response!, now);
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
  private back(transaction: Transaction, response: SipMessage, now: Millis): void {
    if (transaction.from === "node") this.backToNode(transaction, response, now);
    else this.backToPartner(transaction, response, now);
  }

  private backToNode(transaction: Transaction, response: SipMessage, now: Millis): void {
    const { context } = this;
    const { partner, node, cameOn, request } = transaction;
    if (context.onlyNode === undefined && request) this.notes.partnerResponse(response, request, now);
    const verified = transaction.wentOn?.voices.get(partner.domain)?.verified ?? {
      partner: partner.domain,
      name: "",
    };
    if (!node.isHidden) {
      const message = forwardedResponse(response, new HeadList(response), context.inward);
      context.put({ kind: "to-node", node: node.name, message, verified });
      return;
    }
    const link = cameOn?.open === true ? cameOn : node.best;
    if (!link) {
      this.drop("no-connection", partner.domain, "in");
      return;
    }
    const told = verifiedText(verified);
    const message = restoredResponse(response, request!, node, context.inward, transaction.via, told);
    context.put({ kind: "send", connection: link.id, message });
    context.count(partner.seenInside.out.response(transaction.method, message.status));
  }

  private backToPartner(transaction: Transaction, response: SipMessage, now: Millis): void {
    const { context } = this;
    const { partner, node, request, method } = transaction;
    if (context.onlyNode === undefined) this.notes.nodeResponse(response, method, node, partner.domain, now);
    const link = this.linkBack(transaction);
    if (!link) {
      this.drop("no-connection", partner.domain, "out");
      return;
    }
    const start = outboundStart(response.start, method);
    const message = node.isHidden
      ? publicResponse(response, request!, node, context.veil, context.outward, start, transaction.via)
      : forwardedResponse(response, new HeadText(response), context.outward, start);
    context.put({ kind: "send", connection: link.id, message });
    context.count(partner.seen.out.response(method, message.status));
  }

  /** To the side the request went to. */
  private onward(transaction: Transaction, message: SipMessage): void {
    const { context } = this;
    const { partner, node, cameOn, wentOn, from } = transaction;
    if (from === "partner" && !node.isHidden) {
      const verified = cameOn?.voices.get(partner.domain)?.verified;
      context.put({ kind: "to-node", node: node.name, message, verified });
      return;
    }
    const to = from === "partner" ? node : partner;
    const link = wentOn?.open === true ? wentOn : to.best;
    if (!link) return;
    context.put({ kind: "send", connection: link.id, message });
    const { out } = from === "partner" ? partner.seenInside : partner.seen;
    context.count(out.request(message.method));
  }

  /** The connection a partner's request came on, or another of the same partner (RFC 3261 18.2.2). */
  private linkBack({ cameOn, partner }: Transaction): Link | undefined {
    return cameOn?.open === true ? cameOn : partner.best;
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
