/**
 * The program's metrics. Label values come from the configuration and from the fixed words below, never from traffic:
 * what a stranger sends cannot make a new time series.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { PartnerCounter, PartnerHistogram } from "./partner-series.ts";

type Direction = "sip_to_xmpp" | "xmpp_to_sip";
type Side = "outside" | "inside";
type Gate = "tls" | "edge" | "gateway" | "user";

const DIRECTIONS: readonly Direction[] = ["sip_to_xmpp", "xmpp_to_sip"];
/** The partner label of those whom the configuration does not name. */
const UNKNOWN_PARTNER = "unknown";
/** Methods that count under their own name; all others count as `other`. */
export const METHODS: ReadonlySet<string> = new Set([
  "ACK",
  "BYE",
  "CANCEL",
  "INFO",
  "INVITE",
  "MESSAGE",
  "NOTIFY",
  "OPTIONS",
  "PRACK",
  "PUBLISH",
  "REFER",
  "REGISTER",
  "SUBSCRIBE",
  "UPDATE",
  // A vendor's own method for contact cards and such.
  "SERVICE",
]);
/** Reasons, outcomes and states that one metric may have; what comes beyond counts as `other`. */
export const MAX_WORDS = 64;

const LATENCY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const AGE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

const BY_PARTNER = ["direction", "partner"] as const;
const SIP_LABELS = ["side", "partner", "direction", "method"] as const;

export interface Metrics {
  /** What `GET /metrics` shows. */
  readonly registry: Registry;
  /** Called before the page is made: what was only counted elsewhere is told then. */
  beforeShown: (() => void) | undefined;
  /** The partner domains of the configuration; series of domains that are gone are removed. */
  setPartners(domains: readonly string[]): Promise<void>;

  imAccepted(direction: Direction, partner: string): void;
  imDelivered(direction: Direction, partner: string): void;
  imBounced(direction: Direction, partner: string, reason: string): void;
  imExpired(direction: Direction, partner: string, reason: string): void;
  imReturned(direction: Direction, partner: string): void;
  setImInFlight(direction: Direction, partner: string, count: number): void;
  /** The books of this direction and partner do not balance. */
  imImbalance(direction: Direction, partner: string): void;
  imLatency(direction: Direction, partner: string, seconds: number): void;
  presenceUpdate(direction: Direction, partner: string): void;
  presenceAge(direction: Direction, partner: string, seconds: number): void;
  setSubscriptions(direction: Direction, partner: string, state: string, count: number): void;
  setImSessions(partner: string, count: number): void;
  sipRequest(side: Side, partner: string, direction: "in" | "out", method: string, times?: number): void;
  /** `status` is the response's code, 100 to 699. */
  sipResponse(
    side: Side,
    partner: string,
    direction: "in" | "out",
    method: string,
    status: number,
    times?: number,
  ): void;
  policyDecision(gate: Gate, decision: "allow" | "deny", reason: string, times?: number): void;
  /** `outcome` is `ok` or the reason of the failure. */
  tlsHandshake(side: Side, outcome: string): void;
  setConnections(side: Side, partner: string, count: number): void;
  /** `reason` is a word of the connection's end, `idle` for example. */
  connectionClosed(side: Side, partner: string, reason: string): void;
  /** Open connections with a version of TLS before 1.2. */
  setLegacyConnections(partner: string, count: number): void;
  /**
   * How a paced partner stands: requests that may go at once, those that wait, users that may still be new. What is
   * undefined does not apply any more.
   */
  setPacing(
    partner: string,
    budget: number | undefined,
    waiting: Readonly<Record<string, number>>,
    targetsLeft: number | undefined,
  ): void;
  /** A request was not sent to a paced partner; `reason` is one of a few words. */
  pacingRefused(partner: string, reason: string): void;
  /** A request from outside was given to an inside node, found in one of a few ways. Nodes are configured. */
  nodeRequest(node: string, found: string, times?: number): void;
  setNodeUp(node: string, up: boolean): void;
  /** `domain` is a partner's, whose component link it is. */
  setXmppLink(domain: string, up: boolean): void;
  /** `name` is the certificate's place in the configuration (`outside`, `inside`, `gateway`); `at` in ms since 1970. */
  setCertificateExpiry(name: string, at: number): void;
}

/** Lets the first `MAX_WORDS` different words pass and turns all others into `other`. */
function words(): (word: string) => string {
  const seen = new Set<string>();
  return (word) => {
    if (seen.has(word)) return word;
    if (seen.size >= MAX_WORDS) return "other";
    seen.add(word);
    return word;
  };
}

/** @param collect called before the values of what others count are read */
function createSeries(registry: Registry, collect: () => void) {
  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `tombolo_${name}`, help, labelNames, registers: [registry] });
  const counted = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `tombolo_${name}`, help, labelNames, registers: [registry], collect });
  const gauge = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `tombolo_${name}`, help, labelNames, registers: [registry] });
  const ofPartners = (name: string, help: string) => new PartnerCounter(registry, `tombolo_${name}`, help);
  const histogram = (name: string, help: string, bounds: readonly number[]) =>
    new PartnerHistogram(registry, `tombolo_${name}`, help, bounds);
  const withReason = [...BY_PARTNER, "reason"] as const;
  return {
    accepted: ofPartners("im_accepted_total", "Instant messages that we took responsibility for"),
    delivered: ofPartners("im_delivered_total", "Instant messages that the other side took"),
    bounced: counter("im_bounced_total", "Instant messages refused, and their sender told why", withReason),
    expired: counter(
      "im_expired_total",
      "Instant messages given up after a time, and their sender told",
      withReason,
    ),
    returned: counter("im_returned_total", "Instant messages that came back after delivery", BY_PARTNER),
    inFlight: new Gauge({
      name: "tombolo_im_in_flight",
      help: "Instant messages accepted and not yet delivered or given up, counted where they are held",
      labelNames: BY_PARTNER,
      registers: [registry],
      collect,
    }),
    imbalances: counter(
      "im_imbalances_total",
      "Times that accepted was not delivered + bounced + expired + in flight: a fault of ours",
      BY_PARTNER,
    ),
    latency: histogram("im_latency_seconds", "From acceptance to delivery", LATENCY_SECONDS),
    updates: ofPartners("presence_updates_total", "Presence changes handed over"),
    age: histogram(
      "presence_age_seconds",
      "From the change at its source to the hand-over at the watcher's side",
      AGE_SECONDS,
    ),
    subscriptions: gauge("subscriptions", "Presence subscriptions", [...BY_PARTNER, "state"]),
    sessions: gauge("im_sessions", "Open IM sessions", ["partner"]),
    requests: counted("sip_requests_total", "SIP requests", SIP_LABELS),
    responses: counted("sip_responses_total", "SIP responses", [...SIP_LABELS, "class"]),
    decisions: counted("policy_decisions_total", "Decisions of the gates", ["gate", "decision", "reason"]),
    handshakes: counter("tls_handshakes_total", "TLS handshakes", ["side", "outcome"]),
    connections: gauge("connections", "Open SIP connections", ["side", "partner"]),
    closed: counter("connections_closed_total", "SIP connections that ended", ["side", "partner", "reason"]),
    legacy: gauge("legacy_tls_connections", "Open connections with TLS before 1.2", ["partner"]),
    pacingBudget: gauge("pacing_budget", "Requests that may go to a paced partner at once", ["partner"]),
    pacingWaiting: gauge("pacing_waiting", "Requests that wait for their turn", ["partner", "lane"]),
    pacingTargets: gauge(
      "pacing_targets_left",
      "Users that may be addressed at a partner that limits them, besides those of the last day",
      ["partner"],
    ),
    pacingRefused: counter("pacing_refused_total", "Requests that a paced partner was spared", [
      "partner",
      "reason",
    ]),
    nodeRequests: counted("node_requests_total", "Requests given to inside SIP nodes", ["node", "found"]),
    nodeUp: gauge("node_up", "1 when the inside SIP node answers", ["node"]),
    linkUp: gauge("xmpp_link_up", "1 when the component link of this domain is up", ["domain"]),
    expiry: gauge("certificate_expiry_timestamp_seconds", "When our certificate expires", ["name"]),
  };
}

type Series = ReturnType<typeof createSeries>;

/** What all metrics have. */
interface Removable {
  get(): Promise<{ readonly values: readonly { readonly labels: object }[] }>;
  remove(labels: object): void;
}

/** Removes the series whose `partner` (or `domain`) is `gone`. */
async function forget(series: Series, gone: string): Promise<void> {
  for (const metric of Object.values(series) as readonly Removable[]) {
    for (const { labels } of (await metric.get()).values) {
      const { le: _, ...own } = labels as Record<string, string | number>;
      if (own.partner === gone || own.domain === gone) metric.remove(own);
    }
  }
}

/** Metrics of one program. `processMetrics: false` leaves prom-client's own out, for tests. */
export function createMetrics(
  domains: readonly string[],
  options: { readonly processMetrics?: boolean } = {},
): Metrics {
  const registry = new Registry();
  if (options.processMetrics !== false) collectDefaultMetrics({ register: registry });
  const series = createSeries(registry, () => metrics.beforeShown?.());
  let partners: ReadonlySet<string> = new Set();
  const known = (partner: string): string => (partners.has(partner) ? partner : UNKNOWN_PARTNER);
  const method = (name: string): string => (METHODS.has(name) ? name : "other");
  const bounceReason = words();
  const expiryReason = words();
  const state = words();
  const decisionReason = words();
  const outcome = words();
  const closeReason = words();

  const setPartners = async (next: readonly string[]): Promise<void> => {
    const gone = [...partners].filter((partner) => !next.includes(partner));
    for (const partner of next) {
      if (partners.has(partner)) continue;
      // Zero from the start: a counter that appears with its first event hides that event from rate().
      for (const direction of DIRECTIONS) {
        const { accepted, delivered, returned, imbalances, updates } = series;
        for (const counter of [accepted, delivered, returned, imbalances, updates]) {
          counter.inc({ direction, partner }, 0);
        }
        series.inFlight.set({ direction, partner }, 0);
      }
    }
    partners = new Set(next);
    for (const partner of gone) await forget(series, partner);
  };
  void setPartners(domains);

  const metrics: Metrics = {
    registry,
    beforeShown: undefined,
    setPartners,
    imAccepted: (direction, partner) => series.accepted.inc({ direction, partner: known(partner) }),
    imDelivered: (direction, partner) => series.delivered.inc({ direction, partner: known(partner) }),
    imBounced: (direction, partner, reason) =>
      series.bounced.inc({ direction, partner: known(partner), reason: bounceReason(reason) }),
    imExpired: (direction, partner, reason) =>
      series.expired.inc({ direction, partner: known(partner), reason: expiryReason(reason) }),
    imReturned: (direction, partner) => series.returned.inc({ direction, partner: known(partner) }),
    setImInFlight: (direction, partner, count) =>
      series.inFlight.set({ direction, partner: known(partner) }, count),
    imImbalance: (direction, partner) => series.imbalances.inc({ direction, partner: known(partner) }),
    imLatency: (direction, partner, seconds) =>
      series.latency.observe({ direction, partner: known(partner) }, seconds),
    presenceUpdate: (direction, partner) => series.updates.inc({ direction, partner: known(partner) }),
    presenceAge: (direction, partner, seconds) =>
      series.age.observe({ direction, partner: known(partner) }, seconds),
    setSubscriptions: (direction, partner, word, count) =>
      series.subscriptions.set({ direction, partner: known(partner), state: state(word) }, count),
    setImSessions: (partner, count) => series.sessions.set({ partner: known(partner) }, count),
    sipRequest: (side, partner, direction, name, times = 1) =>
      series.requests.inc({ side, partner: known(partner), direction, method: method(name) }, times),
    sipResponse: (side, partner, direction, name, status, times = 1) => {
      const labels = { side, partner: known(partner), direction, method: method(name) };
      const of = status >= 100 && status < 700 ? `${Math.floor(status / 100)}xx` : "other";
      series.responses.inc({ ...labels, class: of }, times);
    },
    policyDecision: (gate, decision, reason, times = 1) =>
      series.decisions.inc({ gate, decision, reason: decisionReason(reason) }, times),
    tlsHandshake: (side, word) => series.handshakes.inc({ side, outcome: outcome(word) }),
    setConnections: (side, partner, count) =>
      // Inside, connections are of nodes and edges, which are configured, too.
      series.connections.set({ side, partner: side === "inside" ? partner : known(partner) }, count),
    connectionClosed: (side, partner, reason) =>
      series.closed.inc({
        side,
        partner: side === "inside" ? partner : known(partner),
        reason: closeReason(reason),
      }),
    setLegacyConnections: (partner, count) => series.legacy.set({ partner: known(partner) }, count),
    setPacing: (partner, budget, waiting, targetsLeft) => {
      const label = { partner: known(partner) };
      if (budget === undefined) series.pacingBudget.remove(label);
      else series.pacingBudget.set(label, budget);
      for (const [lane, count] of Object.entries(waiting)) {
        series.pacingWaiting.set({ ...label, lane }, count);
      }
      if (targetsLeft === undefined) series.pacingTargets.remove(label);
      else series.pacingTargets.set(label, targetsLeft);
    },
    pacingRefused: (partner, reason) => series.pacingRefused.inc({ partner: known(partner), reason }),
    nodeRequest: (node, found, times = 1) => series.nodeRequests.inc({ node, found }, times),
    setNodeUp: (node, up) => series.nodeUp.set({ node }, up ? 1 : 0),
    setXmppLink: (domain, up) => series.linkUp.set({ domain: known(domain) }, up ? 1 : 0),
    setCertificateExpiry: (name, at) => series.expiry.set({ name }, at / 1000),
  };
  return metrics;
}
