import type { Millis } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import type { DialFailure, EdgeInput } from "../edge-events.ts";
import { type Dispatch, isAlive } from "./dispatch.ts";
import { Health } from "./health.ts";
import type { HomePublications } from "./home-publications.ts";
import type { Inward } from "./inward.ts";
import type { Link } from "./link.ts";
import type { NodeState } from "./node-state.ts";
import type { Relay } from "./relay.ts";
import { STILLBORN_MS } from "./stillborn.ts";

/** The connections of inside nodes: what their coming and going means for what is under way. */
export class NodeLinks {
  readonly health: Health;
  private readonly context: EdgeContext;
  private readonly relay: Relay;
  private readonly dispatch: Dispatch;
  private readonly inward: Inward;
  private readonly home: HomePublications;

  constructor(
    context: EdgeContext,
    relay: Relay,
    dispatch: Dispatch,
    inward: Inward,
    home: HomePublications,
  ) {
    this.home = home;
    this.context = context;
    this.relay = relay;
    this.dispatch = dispatch;
    this.inward = inward;
    this.health = new Health(context, dispatch, (node, now) => this.hangUp(node, "node is down", now));
  }

  opened(input: Extract<EdgeInput, { kind: "node-opened" }>, now: Millis): void {
    const { context } = this;
    const { connection, direction, remote } = input;
    const node = context.nodes.get(input.node);
    if (!node?.target) {
      context.put({ kind: "close", connection, why: "no node any more" });
      return;
    }
    const link: Link = {
      id: connection,
      direction,
      remote,
      voices: new Map(),
      label: "",
      node,
      through: undefined,
      heard: false,
      openedAt: now,
      open: true,
      pending: 0,
      timeouts: 0,
    };
    context.links.set(connection, link);
    node.attach(link);
    if (direction === "out") node.dialing = false;
    this.dispatch.flush(node, link);
    this.health.hurry(node, now);
  }

  /** A connection is gone; the context has forgotten it. */
  closed(link: Link, why: string, now: Millis): void {
    const node = link.node!;
    link.open = false;
    node.detach(link);
    if (link.pending > 0) {
      for (const transaction of this.context.transactions.sentOn(link)) this.relay.lost(transaction, now);
    }
    if (node.best === undefined) this.home.lost(node);
    if (node.best !== undefined || node.gone || node.health === "down") return;
    if (link.direction === "out" && !link.heard && now - link.openedAt < STILLBORN_MS) {
      this.dialFailed(node, "refused-ours", why, now);
      return;
    }
    if (node.probe !== "") this.health.missed(node, "connection lost", now);
    this.health.hurry(node, now);
  }

  dialFailed(node: NodeState, why: DialFailure, detail: string, now: Millis): void {
    const { context } = this;
    node.dialing = false;
    const pauseMs = node.breaker.fail(why, now, context.limits, context.random);
    const observation = { kind: "node-unreachable", node: node.name, why, detail, pauseMs } as const;
    context.put({ kind: "observe", observation });
    this.empty(node, now);
    this.health.missed(node, detail === "" ? why : detail, now);
  }

  /** It was taken off the list: its connections end, and so do its dialogs when somebody asks for them. */
  leave(node: NodeState, now: Millis): void {
    node.gone = true;
    this.hangUp(node, "no node any more", now);
    this.empty(node, now);
  }

  private hangUp(node: NodeState, why: string, now: Millis): void {
    for (const link of [...node.outbound, ...node.inbound]) {
      this.context.put({ kind: "close", connection: link.id, why });
      this.context.links.delete(link.id);
      this.closed(link, why, now);
    }
  }

  /** Nothing that waits can be sent to it: new dialogs go to another node, all else ends. */
  private empty(node: NodeState, now: Millis): void {
    const { waiting } = node;
    node.waiting = [];
    if (node.best === undefined) this.home.lost(node);
    for (const one of waiting) {
      const { transaction } = one;
      if (!transaction || !isAlive(one) || this.inward.again(transaction, now)) continue;
      this.dispatch.refuse(transaction, 504, now);
    }
  }
}
