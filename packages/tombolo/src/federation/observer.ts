import type { DriverObservation } from "@tombolo/sip-edge/io";
import type { Direction, Observation } from "@tombolo/translator";
import type { PartnerStatus } from "../console/status.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { BooksWatch } from "./books-watch.ts";
import { Recollection } from "./recollection.ts";

/** Turns what the pure machines observe into metrics and log lines. */
export class Observer {
  readonly books: BooksWatch;
  readonly recollection = new Recollection(Date.now);
  private readonly metrics: Metrics;
  private readonly log: Log;
  private readonly subscriptions = new Map<string, number>();
  private readonly sessions = new Map<string, number>();
  private readonly connections = new Map<string, number>();
  private readonly nodesUp = new Map<string, boolean>();
  private readonly legacyConnections = new Map<string, number>();

  /** Also told of what the edge observes. */
  onEdge: ((observation: DriverObservation) => void) | undefined;
  /** Called before the metrics are shown, so that what was only counted is told. */
  beforeShown: (() => void) | undefined;

  constructor(metrics: Metrics, log: Log) {
    this.metrics = metrics;
    this.books = new BooksWatch(metrics, log);
    metrics.beforeShown = () => {
      this.beforeShown?.();
      this.books.beforeShown();
    };
    this.log = log;
  }

  gateway(observation: Observation): void {
    this.recollection.noteGateway(observation);
    switch (observation.what) {
      case "im":
        this.im(observation);
        break;
      case "imbalance":
        this.books.broken(observation);
        break;
      case "presence": {
        const { direction, partner, age } = observation;
        this.metrics.presenceUpdate(direction, partner);
        this.metrics.presenceAge(direction, partner, age / 1000);
        break;
      }
      case "subscription":
        this.subscription(observation);
        break;
      case "session": {
        const count = (this.sessions.get(observation.partner) ?? 0) + observation.change;
        this.sessions.set(observation.partner, count);
        this.metrics.setImSessions(observation.partner, count);
        break;
      }
      case "decision":
        this.metrics.policyDecision(observation.gate, observation.decision, observation.reason);
        break;
      case "note":
        this.log.info(observation.event, { partner: observation.partner, detail: observation.detail });
        break;
    }
  }

  /** @param times how often it was seen since it was last told */
  edge(observation: DriverObservation, times = 1): void {
    this.onEdge?.(observation);
    this.recollection.noteEdge(observation);
    switch (observation.kind) {
      case "request": {
        const { side, partner, direction, method } = observation;
        this.metrics.sipRequest(side, partner, direction, method, times);
        break;
      }
      case "response": {
        const { side, partner, direction, method, status } = observation;
        this.metrics.sipResponse(side, partner, direction, method, status, times);
        break;
      }
      case "decision": {
        const { gate, decision, reason, partner } = observation;
        this.metrics.policyDecision(gate, decision, reason, times);
        if (decision === "deny") this.log.info("request-refused", { gate, reason, partner });
        break;
      }
      case "handshake": {
        const { side, direction, outcome, remote, partner, detail, cure } = observation;
        this.metrics.tlsHandshake(side, outcome);
        if (outcome !== "ok")
          this.log.warn("tls-refused", { side, direction, reason: outcome, remote, partner, detail, cure });
        break;
      }
      case "connection":
        this.connection(observation);
        break;
      case "dropped":
        this.log.debug("message-dropped", { reason: observation.reason, partner: observation.partner });
        break;
      case "pacing": {
        const { partner, budget, waiting, targetsLeft } = observation;
        this.metrics.setPacing(partner, budget, waiting, targetsLeft);
        break;
      }
      case "pacing-refused":
        this.metrics.pacingRefused(observation.partner, observation.reason);
        this.log.debug("request-not-sent", { partner: observation.partner, reason: observation.reason });
        break;
      case "node-request":
        this.metrics.nodeRequest(observation.node, observation.found, times);
        break;
      case "node":
        this.node(observation);
        break;
      case "node-unreachable": {
        const { node, why, detail, pauseMs } = observation;
        if (this.nodesUp.get(node) !== false)
          this.log.warn("node-unreachable", { node, why, detail, pauseMs });
        break;
      }
      case "listener-failed":
        this.log.error("listener-failed", { port: observation.port, detail: observation.detail });
        break;
      case "breaker": {
        const { partner, state, why, detail, pauseMs } = observation;
        if (state === "open") this.log.warn("partner-unreachable", { partner, why, detail, pauseMs });
        else this.log.info("partner-reachable", { partner });
        break;
      }
    }
  }

  /** Nodes of which nothing is known yet. */
  expectNodes(nodes: readonly string[]): void {
    for (const node of nodes) this.metrics.setNodeUp(node, false);
  }

  /** What is counted of one partner. */
  partner(domain: string): Omit<PartnerStatus, "domain" | "profile" | "xmppLink"> {
    const subscriptions: Record<string, number> = {};
    for (const [key, count] of this.subscriptions) {
      const [direction, partner, state] = key.split(" ");
      if (partner === domain) subscriptions[`${direction} ${state}`] = count;
    }
    return {
      connections: this.connections.get(`outside ${domain}`) ?? 0,
      sessions: this.sessions.get(domain) ?? 0,
      subscriptions,
      sipToXmpp: this.books.read("sip_to_xmpp", domain),
      xmppToSip: this.books.read("xmpp_to_sip", domain),
    };
  }

  private node({ node, state, why }: Extract<DriverObservation, { kind: "node" }>): void {
    this.nodesUp.set(node, state === "up");
    this.metrics.setNodeUp(node, state === "up");
    if (state === "up") this.log.info("node-up", { node });
    else this.log.warn("node-down", { node, why });
  }

  private connection(observation: Extract<DriverObservation, { kind: "connection" }>): void {
    const { side, state, partner, direction, remote, why, protocol } = observation;
    const key = `${side} ${partner}`;
    const count = (this.connections.get(key) ?? 0) + (state === "opened" ? 1 : -1);
    this.connections.set(key, count);
    this.metrics.setConnections(side, partner, count);
    if (observation.legacy) this.legacy(observation);
    if (state === "closed") this.metrics.connectionClosed(side, partner, endOf(why));
    this.log.info(`connection-${state}`, {
      side,
      partner,
      direction,
      remote,
      protocol,
      ...(why === "" ? {} : { why }),
    });
  }

  /** TLS before 1.2 is broken (RFC 8996): whoever still needs it is counted, and each use is said. */
  private legacy({
    state,
    partner,
    remote,
    protocol,
  }: Extract<DriverObservation, { kind: "connection" }>): void {
    const count = (this.legacyConnections.get(partner) ?? 0) + (state === "opened" ? 1 : -1);
    this.legacyConnections.set(partner, count);
    this.metrics.setLegacyConnections(partner, count);
    if (state === "closed") return;
    const cure = "ask this partner for TLS 1.2 or later, then take it out of edge.legacy.partners";
    this.log.warn("legacy-tls", { partner, remote, protocol, cure });
  }

  private im(observation: Extract<Observation, { what: "im" }>): void {
    const { event, direction, partner, reason, took } = observation;
    if (event === "returned") {
      this.metrics.imReturned(direction, partner);
      this.log.info("im-returned", { direction, partner });
      return;
    }
    switch (event) {
      case "accepted":
        this.metrics.imAccepted(direction, partner);
        break;
      case "delivered":
        this.metrics.imDelivered(direction, partner);
        if (took !== undefined) this.metrics.imLatency(direction, partner, took / 1000);
        break;
      case "bounced":
        this.metrics.imBounced(direction, partner, reason ?? "unknown");
        this.log.info("im-bounced", { direction, partner, reason });
        break;
      case "expired":
        this.metrics.imExpired(direction, partner, reason ?? "unknown");
        this.log.info("im-expired", { direction, partner, reason });
        break;
    }
  }

  private subscription(observation: Extract<Observation, { what: "subscription" }>): void {
    const { direction, partner, from, to } = observation;
    if (from !== undefined) this.countSubscription(direction, partner, from, -1);
    if (to !== undefined) this.countSubscription(direction, partner, to, 1);
    this.log.debug("subscription", { direction, partner, from, to });
  }

  private countSubscription(direction: Direction, partner: string, state: string, change: number): void {
    const key = `${direction} ${partner} ${state}`;
    const count = (this.subscriptions.get(key) ?? 0) + change;
    this.subscriptions.set(key, count);
    this.metrics.setSubscriptions(direction, partner, state, count);
  }
}

/** The word for the end of a connection: the detail where we have ended it (`closed-here revoked`). */
function endOf(why: string): string {
  const [word = "", detail] = why.split(" ", 2);
  return word === "closed-here" && detail !== undefined ? detail : word;
}
