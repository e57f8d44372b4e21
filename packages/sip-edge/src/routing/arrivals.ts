import type { HeaderFields, Millis, SipMessage } from "@tombolo/sip";
import { ARRIVAL_GATES, type Arrival, arrivalOf, isOptionsForEdge } from "../admission/arrival-gates.ts";
import { FORM_GATES } from "../admission/form-gates.ts";
import { firstRefusal, type Gate } from "../admission/gate.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { DropReason } from "../edge-events.ts";
import { answerPartner, hasOwnTag, unreachableAnswer } from "./answers.ts";
import type { Inward } from "./inward.ts";
import type { Link, Voice } from "./link.ts";
import { ALLOW } from "./methods.ts";
import type { Relay } from "./relay.ts";
import { isStrictlyRouted, looselyRouted } from "./strict-routing.ts";
import { serverKey } from "./transaction.ts";

/** Requests from outside: admission, then the way in (RFC 3261 16.3-16.6). */
export class Arrivals {
  private readonly context: EdgeContext;
  private readonly relay: Relay;
  private readonly inward: Inward;

  constructor(context: EdgeContext, relay: Relay, inward: Inward) {
    this.context = context;
    this.relay = relay;
    this.inward = inward;
  }

  request(link: Link, original: SipMessage, now: Millis): void {
    const { context } = this;
    const formless = firstRefusal(FORM_GATES, original);
    if (formless) {
      this.count(link, undefined, original);
      this.refuse(link, original, formless, original);
      return;
    }
    const message = isStrictlyRouted(context.side, original) ? looselyRouted(original) : original;
    const arrival = arrivalOf(message, link, context);
    this.count(link, arrival.voice, message);
    if (message.method === "ACK" && this.absorbs(arrival)) return;
    if (message.method === "CANCEL") {
      this.cancel(arrival, now);
      return;
    }
    const refusal = firstRefusal(ARRIVAL_GATES, arrival);
    if (refusal) this.refuse(link, message, refusal, arrival);
    else if (isOptionsForEdge(arrival)) this.options(arrival);
    else this.forward(arrival, now);
  }

  private forward({ message, link, voice, target }: Arrival, now: Millis): void {
    const { partner, verified } = voice!;
    const isInvite = message.method === "INVITE";
    const key = isInvite ? serverKey(partner.domain, message, message.topVia!) : "";
    if (isInvite && this.context.transactions.ofKey(key)) {
      this.drop("repeated-request", partner.domain);
      return;
    }
    const choice = this.inward.choose(message, link, partner.domain, now);
    if (choice.kind === "node") {
      this.context.count(partner.seen.in.admitted);
      if (isInvite) answerPartner(this.context, link, message, 100);
      this.inward.forward({ message, link, partner, verified, target: target!, key }, choice, now);
      return;
    }
    const { status, headers } =
      choice.kind === "no-dialog" ? GONE : unreachableAnswer(this.context, message.method);
    this.deny(link, choice.kind, message, status, headers);
  }

  /** Whether an ACK ends here: the one to a final answer other than 2xx goes hop by hop (RFC 3261 17.2.1). */
  private absorbs({ message, voice }: Arrival): boolean {
    const { transactions } = this.context;
    const key = voice && serverKey(voice.partner.domain, message, message.topVia!);
    const transaction = key === undefined ? undefined : transactions.ofKey(key);
    if (transaction?.state === "completed") transactions.forget(transaction);
    else if (!hasOwnTag(message)) return false;
    this.drop("absorbed", voice?.partner.domain ?? "");
    return true;
  }

  /** RFC 3261 16.10, 9.2 */
  private cancel({ message, voice, link }: Arrival, now: Millis): void {
    const { context } = this;
    if (!voice) {
      answerPartner(context, link, message, 403);
      return;
    }
    const transaction = context.transactions.ofKey(serverKey(voice.partner.domain, message, message.topVia!));
    answerPartner(context, link, message, transaction ? 200 : 481);
    if (transaction) this.relay.cancel(transaction, now);
  }

  /** RFC 3261 11.2; says nothing about users. */
  private options({ message, link, voice }: Arrival): void {
    this.context.count(voice!.partner.seen.in.admitted);
    answerPartner(this.context, link, message, 200, [
      ["Allow", ALLOW],
      ["Accept", "application/sdp, application/pidf+xml, text/plain"],
      ["Allow-Events", "presence"],
    ]);
  }

  private refuse<Request>(link: Link, message: SipMessage, gate: Gate<Request>, request: Request): void {
    this.deny(link, gate.reason, message, gate.status, gate.headers?.(request));
  }

  private deny(
    link: Link,
    reason: string,
    message: SipMessage,
    status: number,
    headers: HeaderFields | undefined,
  ): void {
    this.context.put({
      kind: "observe",
      observation: {
        kind: "decision",
        gate: "edge",
        decision: "deny",
        reason,
        partner: link.label,
        direction: "in",
      },
    });
    answerPartner(this.context, link, message, status, headers);
  }

  private count(link: Link, voice: Voice | undefined, message: SipMessage): void {
    const partner = voice?.partner ?? this.context.partners.get(link.label);
    if (partner) this.context.count(partner.seen.in.request(message.method));
  }

  private drop(reason: DropReason, partner: string): void {
    this.context.put({ kind: "observe", observation: { kind: "dropped", reason, partner, direction: "in" } });
  }
}

/** The node of the dialog is gone for good (RFC 3261 12.2.2). */
const GONE = { status: 481, headers: undefined };
