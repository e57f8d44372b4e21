import { expect, test } from "vitest";
import { createMetrics, MAX_WORDS, METHODS } from "./metrics.ts";

/** The page's lines without help and types, those of `name` only. */
async function lines(metrics: ReturnType<typeof createMetrics>, name = "tombolo_"): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(name));
}

const quiet = { processMetrics: false } as const;

test("names, types and labels are the published ones", async () => {
  const metrics = createMetrics([], quiet);
  const shape = (await metrics.registry.getMetricsAsJSON()).map(({ name, type }) => `${type} ${name}`);
  expect(shape).toEqual([
    "counter tombolo_im_accepted_total",
    "counter tombolo_im_delivered_total",
    "counter tombolo_im_bounced_total",
    "counter tombolo_im_expired_total",
    "counter tombolo_im_returned_total",
    "gauge tombolo_im_in_flight",
    "counter tombolo_im_imbalances_total",
    "histogram tombolo_im_latency_seconds",
    "counter tombolo_presence_updates_total",
    "histogram tombolo_presence_age_seconds",
    "gauge tombolo_subscriptions",
    "gauge tombolo_im_sessions",
    "counter tombolo_sip_requests_total",
    "counter tombolo_sip_responses_total",
    "counter tombolo_policy_decisions_total",
    "counter tombolo_tls_handshakes_total",
    "gauge tombolo_connections",
    "counter tombolo_connections_closed_total",
    "gauge tombolo_legacy_tls_connections",
    "gauge tombolo_pacing_budget",
    "gauge tombolo_pacing_waiting",
    "gauge tombolo_pacing_targets_left",
    "counter tombolo_pacing_refused_total",
    "counter tombolo_node_requests_total",
    "gauge tombolo_node_up",
    "gauge tombolo_xmpp_link_up",
    "gauge tombolo_certificate_expiry_timestamp_seconds",
  ]);
});

test("each method shows on the page with its labels", async () => {
  const metrics = createMetrics(["a.example"], quiet);
  metrics.imAccepted("sip_to_xmpp", "a.example");
  metrics.imBounced("sip_to_xmpp", "a.example", "item-not-found");
  metrics.imExpired("xmpp_to_sip", "a.example", "no-answer");
  metrics.setImInFlight("sip_to_xmpp", "a.example", 3);
  metrics.imLatency("sip_to_xmpp", "a.example", 0.2);
  metrics.setSubscriptions("xmpp_to_sip", "a.example", "active", 2);
  metrics.sipRequest("outside", "a.example", "in", "INVITE");
  metrics.sipResponse("outside", "a.example", "out", "INVITE", 486);
  metrics.policyDecision("edge", "deny", "not-a-partner");
  metrics.tlsHandshake("outside", "ok");
  metrics.setPacing("a.example", 7, { session: 0, presence: 2, typing: 1 }, 990);
  metrics.pacingRefused("a.example", "targets");
  metrics.setXmppLink("a.example", true);
  metrics.setCertificateExpiry("outside", 1_800_000_000_000);
  const page = await lines(metrics);
  expect(page).toEqual(
    expect.arrayContaining([
      'tombolo_im_accepted_total{direction="sip_to_xmpp",partner="a.example"} 1',
      'tombolo_im_accepted_total{direction="xmpp_to_sip",partner="a.example"} 0',
      'tombolo_im_bounced_total{direction="sip_to_xmpp",partner="a.example",reason="item-not-found"} 1',
      'tombolo_im_expired_total{direction="xmpp_to_sip",partner="a.example",reason="no-answer"} 1',
      'tombolo_im_in_flight{direction="sip_to_xmpp",partner="a.example"} 3',
      'tombolo_im_latency_seconds_bucket{le="0.25",direction="sip_to_xmpp",partner="a.example"} 1',
      'tombolo_subscriptions{direction="xmpp_to_sip",partner="a.example",state="active"} 2',
      'tombolo_sip_requests_total{side="outside",partner="a.example",direction="in",method="INVITE"} 1',
      'tombolo_sip_responses_total{side="outside",partner="a.example",direction="out",method="INVITE",class="4xx"} 1',
      'tombolo_policy_decisions_total{gate="edge",decision="deny",reason="not-a-partner"} 1',
      'tombolo_tls_handshakes_total{side="outside",outcome="ok"} 1',
      'tombolo_pacing_budget{partner="a.example"} 7',
      'tombolo_pacing_waiting{partner="a.example",lane="presence"} 2',
      'tombolo_pacing_targets_left{partner="a.example"} 990',
      'tombolo_pacing_refused_total{partner="a.example",reason="targets"} 1',
      'tombolo_xmpp_link_up{domain="a.example"} 1',
      'tombolo_certificate_expiry_timestamp_seconds{name="outside"} 1800000000',
    ]),
  );
});

test("a partner that is not paced any more has no budget", async () => {
  const metrics = createMetrics(["a.example"], quiet);
  const idle = { session: 0, presence: 0, typing: 0 };
  metrics.setPacing("a.example", 0, { ...idle, session: 9 }, 0);
  metrics.setPacing("a.example", undefined, idle, undefined);
  expect(await lines(metrics, "tombolo_pacing")).toEqual([
    'tombolo_pacing_waiting{partner="a.example",lane="session"} 0',
    'tombolo_pacing_waiting{partner="a.example",lane="presence"} 0',
    'tombolo_pacing_waiting{partner="a.example",lane="typing"} 0',
  ]);
});

test("strangers, their methods and odd statuses make no series of their own", async () => {
  const metrics = createMetrics(["a.example"], quiet);
  const names = ["evil.example", 'x"} 1\n', "A.example", "unknown"];
  for (const name of names) metrics.sipRequest("outside", name, "in", `M${name}`);
  metrics.sipResponse("outside", "evil.example", "in", "invite", 99);
  expect(await lines(metrics, "tombolo_sip_requests_total")).toEqual([
    'tombolo_sip_requests_total{side="outside",partner="unknown",direction="in",method="other"} 4',
  ]);
  expect(await lines(metrics, "tombolo_sip_responses_total")).toEqual([
    'tombolo_sip_responses_total{side="outside",partner="unknown",direction="in",method="other",class="other"} 1',
  ]);
  expect(METHODS.has("INVITE")).toBe(true);
});

test("a metric has up to MAX_WORDS reasons; the next ones share one series", async () => {
  const metrics = createMetrics([], quiet);
  for (let at = 0; at < MAX_WORDS; at++) metrics.policyDecision("edge", "deny", `r${at}`);
  expect(await lines(metrics, "tombolo_policy_decisions_total")).toHaveLength(MAX_WORDS);
  metrics.policyDecision("edge", "deny", "one-more");
  metrics.policyDecision("edge", "deny", "and-another");
  metrics.policyDecision("edge", "deny", "r0");
  const page = await lines(metrics, "tombolo_policy_decisions_total");
  expect(page).toHaveLength(MAX_WORDS + 1);
  expect(page).toContain('tombolo_policy_decisions_total{gate="edge",decision="deny",reason="other"} 2');
  expect(page).toContain('tombolo_policy_decisions_total{gate="edge",decision="deny",reason="r0"} 2');
});

test("a reload adds the series of new partners and removes those of partners that are gone", async () => {
  const metrics = createMetrics(["a.example", "b.example"], quiet);
  for (const partner of ["a.example", "b.example"]) {
    metrics.imLatency("sip_to_xmpp", partner, 1);
    metrics.setXmppLink(partner, true);
    metrics.imAccepted("sip_to_xmpp", partner);
  }
  await metrics.setPartners(["b.example", "c.example"]);
  const page = (await lines(metrics)).join("\n");
  expect(page).not.toContain("a.example");
  expect(page).toContain('tombolo_im_accepted_total{direction="sip_to_xmpp",partner="b.example"} 1');
  expect(page).toContain('tombolo_im_accepted_total{direction="sip_to_xmpp",partner="c.example"} 0');
});

test("a histogram has each value up to a bound in it, and all in the last", async () => {
  const metrics = createMetrics(["a.example"], quiet);
  for (const seconds of [0.005, 0.0051, 60, 61]) metrics.imLatency("xmpp_to_sip", "a.example", seconds);
  const page = await lines(metrics, "tombolo_im_latency_seconds");
  const counts = page.map((line) => Number(line.split(" ").at(-1)));
  expect(counts).toEqual([1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 121.0101, 4]);
  expect(page.slice(-3)).toEqual([
    'tombolo_im_latency_seconds_bucket{le="+Inf",direction="xmpp_to_sip",partner="a.example"} 4',
    'tombolo_im_latency_seconds_sum{direction="xmpp_to_sip",partner="a.example"} 121.0101',
    'tombolo_im_latency_seconds_count{direction="xmpp_to_sip",partner="a.example"} 4',
  ]);
});

test("the process's own metrics are there under their usual names", async () => {
  const text = await createMetrics([]).registry.metrics();
  for (const name of [
    "process_cpu_user_seconds_total",
    "process_resident_memory_bytes",
    "nodejs_eventloop_lag_seconds",
  ]) {
    expect(text).toContain(`\n${name} `);
  }
});

test("what others count is asked for before it is shown", async () => {
  const metrics = createMetrics(["a.example"], quiet);
  let waiting = 3;
  metrics.beforeShown = () => {
    if (waiting > 0) metrics.sipRequest("outside", "a.example", "in", "MESSAGE", waiting);
    waiting = 0;
  };
  expect(await lines(metrics, "tombolo_sip_requests_total")).toEqual([
    'tombolo_sip_requests_total{side="outside",partner="a.example",direction="in",method="MESSAGE"} 3',
  ]);
});
