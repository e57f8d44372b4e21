import type { Millis, SipMessage } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import type { Found } from "../edge-events.ts";
import type { EdgeDialog } from "./dialog-table.ts";
import { hash32 } from "./hash.ts";
import type { Link } from "./link.ts";
import type { NodeState } from "./node-state.ts";

/** Where a request from outside goes, or why it goes nowhere. */
export type Choice =
  | {
      readonly kind: "node";
      readonly node: NodeState;
      readonly dialog: EdgeDialog | undefined;
      readonly found: Found;
    }
  /** Its node may come back, or no routing node is alive. */
  | { readonly kind: "unreachable" }
  /** Its node is gone for good, and the dialog with it. */
  | { readonly kind: "no-dialog" };

const UNREACHABLE: Choice = { kind: "unreachable" };
const NO_DIALOG: Choice = { kind: "no-dialog" };

/** Finds the node for a request from outside (ASA-02, CLU-04, HA-03). */
export class NodeChoice {
  private readonly context: EdgeContext;

  constructor(context: EdgeContext) {
    this.context = context;
  }

  /** @param callId as the node knows it. */
  choose(message: SipMessage, link: Link, partner: string, callId: string, now: Millis): Choice {
    if (message.toTag === undefined) return this.newDialog(link, partner, callId, now);
    const dialog = this.context.dialogs.find(callId, message.toTag);
    if (dialog?.partner === partner) return this.known(dialog, link, now);
    return this.unknown(message, link, partner, callId, now);
  }

  /**
   * A routing node for the partner that is alive; all that come with one key get the same while it lives.
   *
   * @param partner undefined where it has to do with none
   * @param key the Call-ID, or what else is to stay at one node
   */
  routing(partner: string | undefined, key: string, now: Millis): NodeState | undefined {
    const { routingNodes, newDialogs } = this.context;
    let best: NodeState | undefined;
    let bestScore = -1;
    for (const node of routingNodes) {
      if (!node.isAlive(now) || (partner !== undefined && !node.serves(partner))) continue;
      if (newDialogs === "standby" || routingNodes.length === 1) return node;
      // The highest of independent hashes: when a node goes, only its own share moves.
      const score = hash32(`${node.name} ${key}`);
      if (score <= bestScore) continue;
      best = node;
      bestScore = score;
    }
    return best;
  }

  private newDialog(link: Link, partner: string, callId: string, now: Millis): Choice {
    const own = link.through === undefined ? undefined : this.context.nodes.get(link.through);
    const node = own?.isAlive(now) && own.serves(partner) ? own : this.routing(partner, callId, now);
    return node ? { kind: "node", node, dialog: undefined, found: "new" } : UNREACHABLE;
  }

  private known(dialog: EdgeDialog, link: Link, now: Millis): Choice {
    const { node } = dialog;
    if (node.isLost(now, this.context.limits.nodeGraceMs)) {
      this.context.dialogs.forget(dialog);
      return NO_DIALOG;
    }
    if (!node.isAlive(now)) return UNREACHABLE;
    const isOwnPort = node.node.publicPort === undefined ? node.node.routing : link.through === node.name;
    return { kind: "node", node, dialog, found: isOwnPort ? "dialog" : "dialog-elsewhere" };
  }

  /** Begun before the edge was started, or forgotten: the node itself may know it. */
  private unknown(message: SipMessage, link: Link, partner: string, callId: string, now: Millis): Choice {
    const port = this.context.side.topRoutePort(message);
    const routed = port === undefined ? undefined : this.ofPort(port);
    const own = routed ?? (link.through === undefined ? undefined : this.context.nodes.get(link.through));
    const node = own ?? this.routing(partner, callId, now);
    if (!node?.isAlive(now)) return UNREACHABLE;
    if (!node.serves(partner)) return NO_DIALOG;
    return { kind: "node", node, dialog: undefined, found: routed ? "route" : "port" };
  }

  private ofPort(port: number): NodeState | undefined {
    for (const node of this.context.nodes.values()) if (node.node.publicPort === port) return node;
    return undefined;
  }
}
