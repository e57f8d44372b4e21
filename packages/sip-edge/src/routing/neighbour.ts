import type { SipMessage } from "@tombolo/sip";
import type { EdgeOutput } from "../edge-events.ts";
import type { PacedNeighbour } from "../pacing/pacer.ts";
import { Breaker } from "./breaker.ts";
import type { Link } from "./link.ts";
import type { PartnerState } from "./partner-state.ts";
import type { Transaction } from "./transaction.ts";

/** A request that waits for a connection. */
export interface Waiting {
  readonly message: SipMessage;
  /** Undefined for what has no answer (ACK), for our own health checks and publications of the inside. */
  readonly transaction: Transaction | undefined;
  /** Whose traffic it is, for counting; undefined for our own health checks and publications of the inside. */
  readonly partner: PartnerState | undefined;
}

/** Whoever is reached by connections, a partner or an inside node: those it has, and what waits for one. */
export abstract class Neighbour {
  /** Asks for a connection to it. */
  abstract readonly dial: EdgeOutput;
  readonly breaker = new Breaker();
  /** Connections that we opened, then those that it opened, each oldest first. */
  readonly outbound: Link[] = [];
  readonly inbound: Link[] = [];
  waiting: Waiting[] = [];
  dialing = false;
  /** Undefined where requests go as they come: always for nodes. */
  pacing: PacedNeighbour | undefined;

  /** Where a request goes: our own connection first, then the other side's newest: an older one may be dead at its end. */
  get best(): Link | undefined {
    return this.outbound[0] ?? this.inbound.at(-1);
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
