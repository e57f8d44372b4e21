import type { Deadline, IdSource, Machine, Millis, SipMessage, VerifiedPeer } from "@tombolo/sip";
import { EdgeContext } from "./edge-context.ts";
import type { CountedObservation, DialFailure, EdgeInput, EdgeOutput, NodeView } from "./edge-events.ts";
import { answerNode, answerPartner } from "./routing/answers.ts";
import { Arrivals } from "./routing/arrivals.ts";
import { Departures } from "./routing/departures.ts";
import { DialogNotes } from "./routing/dialog-notes.ts";
import { Dispatch } from "./routing/dispatch.ts";
import { HomePublications } from "./routing/home-publications.ts";
import { Inward } from "./routing/inward.ts";
import type { Link, Voice } from "./routing/link.ts";
import { NodeLinks } from "./routing/node-links.ts";
import type { NodeState } from "./routing/node-state.ts";
import type { PartnerState } from "./routing/partner-state.ts";
import { Relay } from "./routing/relay.ts";
import { STILLBORN_MS } from "./routing/stillborn.ts";
import type { EdgeSettings } from "./settings.ts";

type Input<K extends EdgeInput["kind"]> = Extract<EdgeInput, { kind: K }>;

export interface EdgeOptions {
  readonly settings: EdgeSettings;
  readonly ids: IdSource;
  /** [0, 1), for jitter. */
  readonly random: () => number;
}

/**
 * The DMZ proxy between the authenticated connections of partners and the nodes inside: admits or refuses, forwards
 * statefully (RFC 3261 16), keeps to the partner list both ways. Pure: its driver owns sockets and the clock.
 */
export class Edge implements Machine<EdgeInput, EdgeOutput> {
  private readonly context: EdgeContext;
  private readonly relay: Relay;
  private readonly dispatch: Dispatch;
  private readonly arrivals: Arrivals;
  private readonly departures: Departures;
  private readonly nodeLinks: NodeLinks;

  constructor(options: EdgeOptions) {
    const context = new EdgeContext(options.settings, options.ids, options.random);
    const notes = new DialogNotes(context);
    this.context = context;
    const home = new HomePublications(context);
    this.relay = new Relay(context, notes, home);
    this.dispatch = new Dispatch(context, this.relay);
    const inward = new Inward(context, this.dispatch, notes);
    this.arrivals = new Arrivals(context, this.relay, inward);
    this.departures = new Departures(context, this.relay, this.dispatch, notes, home);
    this.nodeLinks = new NodeLinks(context, this.relay, this.dispatch, inward, home);
    this.dispatch.pacer.configure(0);
  }

  handle(input: EdgeInput, now: Millis): void {
    switch (input.kind) {
      case "message":
        this.message(input, now);
        break;
      case "from-node":
        this.fromNode(this.context.nodes.get(input.node), undefined, input.message, now);
        break;
      case "opened":
        this.opened(input, now);
        break;
      case "node-opened":
        this.nodeLinks.opened(input, now);
        break;
      case "broken":
        this.broken(input);
        break;
      case "closed":
        this.closed(input, now);
        break;
      case "dial-failed":
        this.dialFailed(input, now);
        break;
      case "node-dial-failed": {
        const node = this.context.nodes.get(input.node);
        if (node) this.nodeLinks.dialFailed(node, input.why, input.detail, now);
        break;
      }
      case "partner-back":
        this.nodeLinks.health.partnerBack(input);
        break;
      case "settings": {
        const gone = this.context.configure(input.settings);
        for (const partner of gone.partners) this.leave(partner, now);
        for (const node of gone.nodes) this.nodeLinks.leave(node, now);
        this.dispatch.pacer.configure(now);
        break;
      }
      case "stop":
        this.context.stopping = true;
        break;
      default:
        input satisfies never;
    }
  }

  timeout(now: Millis): void {
    for (const transaction of this.context.transactions.takeExpired(now)) this.relay.expire(transaction, now);
    this.context.dialogs.expire(now);
    this.nodeLinks.health.timeout(now);
    this.dispatch.pacer.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    const transaction = this.context.transactions.nextAt ?? Number.POSITIVE_INFINITY;
    const dialog = this.context.dialogs.nextAt ?? Number.POSITIVE_INFINITY;
    const health = this.nodeLinks.health.nextAt ?? Number.POSITIVE_INFINITY;
    const pacing = this.pacedAt ?? Number.POSITIVE_INFINITY;
    const at = Math.min(transaction, dialog, health, pacing);
    if (at === Number.POSITIVE_INFINITY) return undefined;
    if (at === transaction) return { at, reason: "a transaction may have run out" };
    if (at === pacing) return { at, reason: "requests wait for their turn" };
    return { at, reason: at === health ? "a node is to be checked" : "dialogs may have run out" };
  }

  poll(): EdgeOutput | undefined {
    return this.context.take();
  }

  /** Tells what was counted since the last time, and how often it was seen. */
  tell(told: (observation: CountedObservation, times: number) => void): void {
    this.context.tell(told);
  }

  /** The inside nodes, as configured. */
  get nodes(): NodeView[] {
    return [...this.context.nodes.values()].map((node) => node.view);
  }

  /** Dialogs that are kept in mind. */
  get dialogs(): number {
    return this.context.dialogs.size;
  }

  /** When requests that are held back may go: a driver that wakes up seldom wakes up for this. */
  get pacedAt(): Millis | undefined {
    return this.dispatch.pacer.nextAt;
  }

  /** Requests that have no final answer. Counts them one by one. */
  get unanswered(): number {
    return this.context.transactions.unanswered;
  }

  private message({ connection, message }: Input<"message">, now: Millis): void {
    const link = this.context.links.get(connection);
    if (!link) return;
    if (link.node) {
      link.heard = true;
      this.fromNode(link.node, link, message, now);
      return;
    }
    if (!link.heard) this.firstWord(link);
    if (message.isRequest) this.arrivals.request(link, message, now);
    else this.relay.fromPartner(link, message, now);
  }

  /** @param link undefined for the gateway in this process. */
  private fromNode(
    node: NodeState | undefined,
    link: Link | undefined,
    message: SipMessage,
    now: Millis,
  ): void {
    if (!node) return;
    if (message.isRequest) this.departures.request(node, link, message, now);
    else if (!link || !this.nodeLinks.health.answered(node, message)) {
      this.relay.fromNode(node, message, now);
    }
  }

  private opened(input: Input<"opened">, now: Millis): void {
    const { context } = this;
    const { connection, direction, remote } = input;
    const link: Link = context.links.get(connection) ?? {
      id: connection,
      direction,
      remote,
      voices: new Map(),
      label: "",
      node: undefined,
      through: input.through,
      heard: false,
      openedAt: now,
      open: true,
      pending: 0,
      timeouts: 0,
    };
    context.links.set(connection, link);
    for (const { partner } of link.voices.values()) partner.detach(link);
    link.voices = this.voicesOf(input);
    link.label = link.voices.keys().next().value ?? "";
    for (const { partner } of link.voices.values()) {
      partner.attach(link);
      this.dispatch.flush(partner, link);
      if (direction === "out") partner.dialing = false;
      if (partner.pacing) this.dispatch.pacer.run(partner.pacing, now);
      if (direction === "out") break;
    }
  }

  private voicesOf({ partners, name }: Input<"opened">): Map<string, Voice> {
    const voices = new Map<string, Voice>();
    for (const domain of partners) {
      const partner = this.context.partners.get(domain);
      if (!partner) continue;
      const verified: VerifiedPeer = { partner: partner.domain, name };
      voices.set(partner.domain, { partner, verified });
    }
    return voices;
  }

  private broken({ connection, status, message, why }: Input<"broken">): void {
    const { context } = this;
    const link = context.links.get(connection);
    if (!link) return;
    link.heard = true;
    context.put({
      kind: "observe",
      observation: {
        kind: "decision",
        gate: "edge",
        decision: "deny",
        reason: "unframeable",
        partner: link.label,
        direction: "in",
      },
    });
    if (message?.isRequest && link.node) answerNode(context, link.node, link, message, status);
    else if (message?.isRequest) answerPartner(context, link, message, status);
    context.put({ kind: "close", connection, why });
  }

  private closed({ connection, why }: Input<"closed">, now: Millis): void {
    const { context } = this;
    const link = context.links.get(connection);
    if (!link) return;
    context.links.delete(connection);
    if (link.node) {
      this.nodeLinks.closed(link, why, now);
      return;
    }
    link.open = false;
    for (const { partner } of link.voices.values()) partner.detach(link);
    if (link.direction === "out" && !link.heard && now - link.openedAt < STILLBORN_MS) {
      for (const { partner } of link.voices.values()) this.giveUp(partner, "refused-ours", why, now);
    }
    if (link.pending > 0) {
      for (const transaction of context.transactions.sentOn(link)) this.relay.lost(transaction, now);
    }
  }

  private dialFailed({ partner: domain, why, detail }: Input<"dial-failed">, now: Millis): void {
    const partner = this.context.partners.get(domain);
    if (!partner) return;
    partner.dialing = false;
    this.giveUp(partner, why, detail, now);
  }

  /** Nothing that waits for this partner can be sent. */
  private giveUp(partner: PartnerState, why: DialFailure, detail: string, now: Millis): void {
    const { context } = this;
    const pauseMs = partner.breaker.fail(why, now, context.limits, context.random);
    context.put({
      kind: "observe",
      observation: { kind: "breaker", partner: partner.domain, state: "open", why, detail, pauseMs },
    });
    const { waiting } = partner;
    partner.waiting = [];
    for (const { transaction } of waiting) {
      if (transaction && !transaction.ended) this.relay.refuse(transaction, partner.breaker.status, now);
    }
    if (partner.pacing) this.dispatch.pacer.run(partner.pacing, now);
  }

  /** Our own connections count as good only when the other side has said something. */
  private firstWord(link: Link): void {
    link.heard = true;
    for (const { partner } of link.voices.values()) {
      if (!partner.breaker.hasFailed) continue;
      partner.breaker.succeed();
      this.context.put({
        kind: "observe",
        observation: {
          kind: "breaker",
          partner: partner.domain,
          state: "closed",
          why: "",
          detail: "",
          pauseMs: 0,
        },
      });
    }
  }

  /** A partner was taken off the list: its connections lose it, and close where they have no other. */
  private leave(partner: PartnerState, now: Millis): void {
    const { context } = this;
    for (const link of context.links.values()) {
      if (!link.voices.has(partner.domain)) continue;
      const voices = new Map(link.voices);
      voices.delete(partner.domain);
      link.voices = voices;
      link.label = voices.keys().next().value ?? "";
      partner.detach(link);
      if (voices.size === 0) context.put({ kind: "close", connection: link.id, why: "no partner any more" });
    }
    const { waiting } = partner;
    partner.waiting = [];
    for (const { transaction } of waiting) if (transaction) this.relay.refuse(transaction, 504, now);
    if (partner.pacing) this.dispatch.pacer.leave(partner.pacing, now);
  }
}
