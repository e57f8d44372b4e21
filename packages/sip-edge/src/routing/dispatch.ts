import type { HeaderFields, Millis } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import { Pacer } from "../pacing/pacer.ts";
import { unreachableAnswer } from "./answers.ts";
import type { Link } from "./link.ts";
import type { Neighbour, Waiting } from "./neighbour.ts";
import type { Relay } from "./relay.ts";
import type { Transaction } from "./transaction.ts";

/** Sends requests to partners and nodes: on a connection that is there, else on one that is asked for. */
export class Dispatch {
  readonly pacer: Pacer;
  private readonly context: EdgeContext;
  private readonly relay: Relay;

  constructor(context: EdgeContext, relay: Relay) {
    this.context = context;
    this.relay = relay;
    this.pacer = new Pacer(context, relay, this);
  }

  request(to: Neighbour, request: Waiting, now: Millis): void {
    if (to.pacing === undefined) this.deliver(to, request, now);
    else this.pacer.request(to.pacing, request, now);
  }

  /** Sends a request whose turn it is. */
  deliver(to: Neighbour, request: Waiting, now: Millis): void {
    const link = to.best;
    if (link) {
      this.send(link, request);
      return;
    }
    const full = to.waiting.length >= this.context.limits.maxWaiting;
    if (full || (!to.dialing && to.breaker.isOpen(now))) {
      if (request.transaction) this.refuse(request.transaction, full ? 504 : to.breaker.status, now);
      return;
    }
    to.waiting.push(request);
    this.dial(to);
  }

  dial(to: Neighbour): void {
    if (to.dialing) return;
    to.dialing = true;
    this.context.put(to.dial);
  }

  /** Sends what waits. */
  flush(to: Neighbour, link: Link): void {
    const { waiting } = to;
    if (waiting.length === 0) return;
    to.waiting = [];
    for (const one of waiting) if (isAlive(one)) this.send(link, one);
  }

  /** Ends what could not be sent. @param status what a node is told. */
  refuse(transaction: Transaction, status: number, now: Millis): void {
    let headers: HeaderFields | undefined;
    let told = status;
    if (transaction.from === "partner") {
      const answer = unreachableAnswer(this.context, transaction.method);
      told = answer.status;
      headers = answer.headers;
    }
    this.relay.refuse(transaction, told, now, headers);
  }

  private send(link: Link, { message, transaction, partner }: Waiting): void {
    if (transaction) {
      transaction.wentOn = link;
      transaction.state = "trying";
      link.pending++;
    }
    this.context.put({ kind: "send", connection: link.id, message });
    if (partner) {
      const { out } = link.node === undefined ? partner.seen : partner.seenInside;
      this.context.count(out.request(message.method));
    }
  }
}

/** A cancelled or timed-out request is sent no more. */
export function isAlive({ transaction }: Waiting): boolean {
  return transaction === undefined || (!transaction.ended && transaction.state === "waiting");
}
