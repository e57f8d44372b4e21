import type { SipMessage } from "@tombolo/sip";
import type { EdgePartner } from "../settings.ts";
import { Breaker } from "./breaker.ts";
import type { Link } from "./link.ts";
import { Sightings } from "./sightings.ts";
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
  readonly seen: { readonly in: Sightings; readonly out: Sightings };

  constructor(partner: EdgePartner) {
    this.partner = partner;
    this.seen = { in: new Sightings(partner.domain, "in"), out: new Sightings(partner.domain, "out") };
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
}
