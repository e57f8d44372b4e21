import type { DriverObservation } from "@tombolo/sip-edge/io";
import type { Observation } from "@tombolo/translator";

/** Refusals that are remembered, the newest. */
export const MAX_REMEMBERED_DECISIONS = 200;

/** Something that a gate has refused. */
export interface DecisionRow {
  /** RFC 3339. */
  readonly at: string;
  readonly gate: string;
  readonly decision: "deny";
  readonly reason: string;
  /** Configured domain or node; empty where it is not known. */
  readonly partner: string;
  /** Address of the other end, for handshakes. */
  readonly remote?: string;
  readonly detail?: string;
  /** What to do about it. */
  readonly cure?: string;
}

/** An open connection. */
export interface ConnectionRow {
  readonly side: "outside" | "inside";
  /** The partner's domain, or on the inside the node's name. */
  readonly partner: string;
  readonly direction: "in" | "out";
  readonly remote: string;
  readonly protocol: string;
  /** RFC 3339. */
  readonly since: string;
}

/** Why a partner cannot be reached. */
export interface Unreachable {
  readonly why: string;
  readonly detail: string;
  readonly since: string;
}

/** What administrators ask about the last minutes: who was refused and why, what is connected, who cannot be reached. */
export class Recollection {
  private readonly wall: () => number;
  private readonly refused: DecisionRow[] = [];
  /** As many as the edge lets be open. */
  private readonly open: ConnectionRow[] = [];
  private readonly unreachable = new Map<string, Unreachable>();

  /** @param wall ms since 1970. */
  constructor(wall: () => number) {
    this.wall = wall;
  }

  /** Newest first. */
  get decisions(): readonly DecisionRow[] {
    return this.refused.toReversed();
  }

  get connections(): readonly ConnectionRow[] {
    return this.open;
  }

  troubleOf(partner: string): Unreachable | undefined {
    return this.unreachable.get(partner);
  }

  noteGateway(observation: Observation): void {
    if (observation.what !== "decision" || observation.decision !== "deny") return;
    this.refuse({ gate: observation.gate, reason: observation.reason, partner: "" });
  }

  noteEdge(observation: DriverObservation): void {
    switch (observation.kind) {
      case "decision": {
        const { gate, decision, reason, partner } = observation;
        // Handshakes say more.
        if (decision === "deny" && gate !== "tls") this.refuse({ gate, reason, partner });
        break;
      }
      case "handshake": {
        const { outcome, partner, remote, detail, cure } = observation;
        if (outcome !== "ok") this.refuse({ gate: "tls", reason: outcome, partner, remote, detail, cure });
        break;
      }
      case "connection":
        this.connection(observation);
        break;
      case "breaker": {
        const { partner, state, why, detail } = observation;
        if (state === "open") this.unreachable.set(partner, { why, detail, since: this.time() });
        else this.unreachable.delete(partner);
        break;
      }
    }
  }

  private connection(observation: Extract<DriverObservation, { kind: "connection" }>): void {
    const { side, partner, direction, remote, protocol, state } = observation;
    if (state === "opened") {
      this.open.push({ side, partner, direction, remote, protocol, since: this.time() });
      return;
    }
    const at = this.open.findIndex(
      (one) =>
        one.side === side &&
        one.partner === partner &&
        one.direction === direction &&
        one.remote === remote &&
        one.protocol === protocol,
    );
    if (at >= 0) this.open.splice(at, 1);
  }

  private refuse(row: Omit<DecisionRow, "at" | "decision">): void {
    this.refused.push({ at: this.time(), decision: "deny", ...row });
    if (this.refused.length > MAX_REMEMBERED_DECISIONS) this.refused.shift();
  }

  private time(): string {
    return new Date(this.wall()).toISOString();
  }
}
