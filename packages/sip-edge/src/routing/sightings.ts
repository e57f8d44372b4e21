import type { Direction, EdgeOutput } from "../edge-events.ts";
import { methodLabel } from "./methods.ts";

/** Statuses of one method and direction whose observation is kept to be used again. */
export const MAX_STATUSES = 64;

/** The observations of one partner on one side in one direction. They are values that recur: each is made once. */
export class Sightings {
  /** A request that the edge let through. */
  readonly admitted: EdgeOutput;
  private readonly partner: string;
  private readonly direction: Direction;
  private readonly side: "outside" | "inside";
  private readonly requests = new Map<string, EdgeOutput>();
  private readonly responses = new Map<string, Map<number, EdgeOutput>>();

  constructor(partner: string, direction: Direction, side: "outside" | "inside") {
    this.partner = partner;
    this.direction = direction;
    this.side = side;
    const decision = { kind: "decision", gate: "edge", decision: "allow", reason: "partner" } as const;
    this.admitted = { kind: "observe", observation: { ...decision, partner, direction } };
  }

  request(method: string): EdgeOutput {
    const label = methodLabel(method);
    const known = this.requests.get(label);
    if (known) return known;
    const { side, partner, direction } = this;
    const observation = { kind: "request", side, partner, direction, method: label } as const;
    const output: EdgeOutput = { kind: "observe", observation };
    this.requests.set(label, output);
    return output;
  }

  response(method: string, status: number): EdgeOutput {
    const label = methodLabel(method);
    let byStatus = this.responses.get(label);
    if (!byStatus) {
      byStatus = new Map();
      this.responses.set(label, byStatus);
    }
    const known = byStatus.get(status);
    if (known) return known;
    const { side, partner, direction } = this;
    const observation = {
      kind: "response",
      side,
      partner,
      direction,
      method: label,
      status,
    } as const;
    const output: EdgeOutput = { kind: "observe", observation };
    if (byStatus.size < MAX_STATUSES) byStatus.set(status, output);
    return output;
  }
}
