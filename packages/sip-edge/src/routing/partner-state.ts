import type { SipMessage } from "@tombolo/sip";
import type { Direction, EdgeObservation, EdgeOutput } from "../edge-events.ts";
import type { EdgePartner } from "../settings.ts";
import { Breaker } from "./breaker.ts";
import type { Link } from "./link.ts";
import { methodLabel } from "./methods.ts";
import type { Transaction } from "./transaction.ts";

/** A request that waits for a connection. */
export interface Waiting {
  readonly message: SipMessage;
  /** Undefined for what has no answer (ACK). */
  readonly transaction: Transaction | undefined;
}

/** One partner: its connections, and what waits for one. */
export class PartnerState {
  partner: EdgePartner;
  readonly breaker = new Breaker();
  /** Connections that we opened, then those that it opened, each oldest first. */
  readonly outbound: Link[] = [];
  readonly inbound: Link[] = [];
  waiting: Waiting[] = [];
  dialing = false;
  /** Observations are values that recur: each is made once. */
  private readonly seen = new Map<string, EdgeOutput>();

  constructor(partner: EdgePartner) {
    this.partner = partner;
  }

  get domain(): string {
    return this.partner.domain;
  }

  /** Where a request goes: our own connection first, then the partner's. */
  get best(): Link | undefined {
    return this.outbound[0] ?? this.inbound[0];
  }

  attach(link: Link): void {
    const links = link.direction === "out" ? this.outbound : this.inbound;
    if (!links.includes(link)) links.push(link);
  }

  detach(link: Link): void {
    const links = link.direction === "out" ? this.outbound : this.inbound;
    const at = links.indexOf(link);
    if (at >= 0) links.splice(at, 1);
  }

  requestSeen(direction: Direction, method: string): EdgeOutput {
    const label = methodLabel(method);
    return (
      this.seen.get(direction + label) ??
      this.remember(direction + label, {
        kind: "request",
        side: "outside",
        partner: this.domain,
        direction,
        method: label,
      })
    );
  }

  responseSeen(direction: Direction, status: number): EdgeOutput {
    const label = `${Math.floor(status / 100)}xx`;
    return (
      this.seen.get(direction + label) ??
      this.remember(direction + label, {
        kind: "response",
        side: "outside",
        partner: this.domain,
        direction,
        class: label,
      })
    );
  }

  admitted(direction: Direction): EdgeOutput {
    const key = `${direction}+`;
    return (
      this.seen.get(key) ??
      this.remember(key, {
        kind: "decision",
        gate: "edge",
        decision: "allow",
        reason: "partner",
        partner: this.domain,
        direction,
      })
    );
  }

  private remember(key: string, observation: EdgeObservation): EdgeOutput {
    const output: EdgeOutput = { kind: "observe", observation };
    this.seen.set(key, output);
    return output;
  }
}
