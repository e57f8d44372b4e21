import type { CountedObservation, Direction } from "../edge-events.ts";
import { methodLabel } from "./methods.ts";

/** Statuses of one method and direction that are counted apart; others count as the first of their class. */
export const MAX_STATUSES = 64;

/** Something that every message may show anew: each is made once, and from then on only counted. */
export interface Tally {
  readonly observation: CountedObservation;
  /** Since it was last told. */
  times: number;
}

export function tallyOf(observation: CountedObservation): Tally {
  return { observation, times: 0 };
}

/** What is counted of one partner on one side in one direction. */
export class Sightings {
  /** A request that the edge let through. */
  readonly admitted: Tally;
  private readonly partner: string;
  private readonly direction: Direction;
  private readonly side: "outside" | "inside";
  private readonly requests = new Map<string, Tally>();
  private readonly responses = new Map<string, Map<number, Tally>>();

  constructor(partner: string, direction: Direction, side: "outside" | "inside") {
    this.partner = partner;
    this.direction = direction;
    this.side = side;
    const decision = { kind: "decision", gate: "edge", decision: "allow", reason: "partner" } as const;
    this.admitted = tallyOf({ ...decision, partner, direction });
  }

  request(method: string): Tally {
    return this.requests.get(method) ?? this.newRequest(methodLabel(method));
  }

  response(method: string, status: number): Tally {
    return this.responses.get(method)?.get(status) ?? this.newResponse(methodLabel(method), status);
  }

  private newRequest(method: string): Tally {
    const known = this.requests.get(method);
    if (known) return known;
    const { side, partner, direction } = this;
    const tally = tallyOf({ kind: "request", side, partner, direction, method });
    this.requests.set(method, tally);
    return tally;
  }

  private newResponse(method: string, given: number): Tally {
    const byStatus = this.responses.get(method) ?? new Map<number, Tally>();
    this.responses.set(method, byStatus);
    const isApart = byStatus.has(given) || byStatus.size < MAX_STATUSES;
    const status = isApart ? given : Math.floor(given / 100) * 100;
    const known = byStatus.get(status);
    if (known) return known;
    const { side, partner, direction } = this;
    const tally = tallyOf({ kind: "response", side, partner, direction, method, status });
    byStatus.set(status, tally);
    return tally;
  }
}
