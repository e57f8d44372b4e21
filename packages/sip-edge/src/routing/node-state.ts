import type { Millis } from "@tombolo/sip";
import type { EdgeOutput, Found, NodeHealth, NodeView } from "../edge-events.ts";
import type { EdgeNode, InsideFace, NodeTarget } from "../settings.ts";
import { isOwnRoute, type Leg, makeLeg, type PublicSide } from "./leg.ts";
import { Neighbour } from "./neighbour.ts";
import { type Tally, tallyOf } from "./sightings.ts";

/** One inside node: what both sides see of it, its connections, its health. */
export class NodeState extends Neighbour {
  node: EdgeNode;
  readonly dial: EdgeOutput;
  /** What partners see. */
  outer!: Leg;
  /** What the node sees; the same as `outer` for the gateway in this process. */
  inner!: Leg;
  /** Our Record-Routes in what goes to the node, top first: two where its side looks different (RFC 5658). */
  recordRoutes!: readonly string[];
  /** Our Record-Route in what goes out. */
  recordRouteOut!: readonly string[];
  health: NodeHealth = "unknown";
  downSince: Millis = 0;
  /** Taken off the list while something of it was still pending. */
  gone = false;
  /** Branch of the health check that waits for its answer, or "". */
  probe = "";
  probedAt: Millis = 0;
  /** What it was told and has not answered. */
  told = 0;
  misses = 0;
  /** When its health is looked at next. */
  checkAt: Millis = Number.NEGATIVE_INFINITY;
  private readonly founds = new Map<Found, Tally>();

  constructor(node: EdgeNode, side: PublicSide, inside: InsideFace | undefined) {
    super();
    this.node = node;
    this.dial = { kind: "dial-node", node: node.name };
    this.configure(node, side, inside);
  }

  configure(node: EdgeNode, side: PublicSide, inside: InsideFace | undefined): void {
    this.node = node;
    const { target } = node;
    this.outer = side.leg(node.publicPort);
    this.inner =
      target === "local" || inside === undefined
        ? this.outer
        : makeLeg({
            ...inside,
            hop: target.transport,
            // The TLS listener takes plain TCP from nodes that speak nothing else.
            listener: inside.transport === "tcp" ? "tcp" : target.transport,
          });
    this.recordRouteOut = [this.outer.recordRoute];
    this.recordRoutes =
      this.inner === this.outer ? this.recordRouteOut : [this.inner.recordRoute, this.outer.recordRoute];
  }

  get name(): string {
    return this.node.name;
  }

  /** Undefined for the gateway in this process. */
  get target(): NodeTarget | undefined {
    return this.node.target === "local" ? undefined : this.node.target;
  }

  /** Whether it may have to do with a partner. @param domain small letters */
  serves(domain: string): boolean {
    return this.node.partners?.includes(domain) ?? true;
  }

  /** Whether its addresses are none of the outside's business. */
  get isHidden(): boolean {
    return this.node.target !== "local";
  }

  /** Whether it may be given new dialogs. */
  isAlive(now: Millis): boolean {
    if (this.node.target === "local") return true;
    if (this.gone || this.health === "down") return false;
    return this.best !== undefined || this.dialing || !this.breaker.isOpen(now);
  }

  /** Whether it has been away for so long that nobody waits for it any more. */
  isLost(now: Millis, graceMs: Millis): boolean {
    return this.gone || (this.health === "down" && now - this.downSince >= graceMs);
  }

  isOwnRoute(element: string): boolean {
    return isOwnRoute(this.inner, element) || isOwnRoute(this.outer, element);
  }

  found(how: Found): Tally {
    const known = this.founds.get(how);
    if (known) return known;
    const tally = tallyOf({ kind: "node-request", node: this.name, found: how });
    this.founds.set(how, tally);
    return tally;
  }

  get view(): NodeView {
    const connections = this.outbound.length + this.inbound.length;
    const local = this.node.target === "local";
    return { name: this.name, local, health: local ? "up" : this.health, connections };
  }
}
