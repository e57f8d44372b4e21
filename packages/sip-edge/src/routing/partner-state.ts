import type { EdgeOutput } from "../edge-events.ts";
import type { EdgePartner } from "../settings.ts";
import { Neighbour } from "./neighbour.ts";
import { Sightings } from "./sightings.ts";

/** What is seen of one partner on one side of the edge, by direction. */
export interface BothWays {
  readonly in: Sightings;
  readonly out: Sightings;
}

/** One partner outside. */
export class PartnerState extends Neighbour {
  partner: EdgePartner;
  readonly dial: EdgeOutput;
  /** Outside: `in` is what came from it. */
  readonly seen: BothWays;
  /** Inside, on the connections of nodes: `in` is what came from a node for this partner. */
  readonly seenInside: BothWays;

  constructor(partner: EdgePartner) {
    super();
    this.partner = partner;
    const { domain } = partner;
    this.dial = { kind: "dial", partner: domain };
    this.seen = { in: new Sightings(domain, "in", "outside"), out: new Sightings(domain, "out", "outside") };
    this.seenInside = {
      in: new Sightings(domain, "in", "inside"),
      out: new Sightings(domain, "out", "inside"),
    };
  }

  get domain(): string {
    return this.partner.domain;
  }
}
