/** `GET /metrics`, read as Prometheus reads it. */

export interface Sample {
  /** Without the prefix `tombolo_`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^tombolo_(\w+?)(?:\{(.*)\})? (\S+)$/;

export class MetricsPage {
  readonly text: string;
  readonly samples: readonly Sample[];

  constructor(text: string) {
    this.text = text;
    this.samples = text.split("\n").flatMap((line) => {
      const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
      if (name === undefined) return [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1]!, match[2]!]);
      return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
    });
  }

  /** The sum over all series of this name that have these labels; 0 without any. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const sample of this.samples) {
      const fits = Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
      if (sample.name === name && fits) sum += sample.value;
    }
    return sum;
  }

  /** The names that have a TYPE line, without the prefix. */
  get names(): string[] {
    return [...this.text.matchAll(/^# TYPE tombolo_(\w+) /gm)].map((match) => match[1]!);
  }

  /** Requests that the gateway behind the edge has judged: the rise says how many got inside. */
  get inside(): number {
    return this.sum("policy_decisions_total", { gate: "gateway" });
  }

  /** The books of one direction; `accepted` is what the others must add up to (design law 1). */
  books(direction: "sip_to_xmpp" | "xmpp_to_sip") {
    const of = (name: string) => this.sum(name, { direction });
    return {
      accepted: of("im_accepted_total"),
      delivered: of("im_delivered_total"),
      bounced: of("im_bounced_total"),
      expired: of("im_expired_total"),
      inFlight: of("im_in_flight"),
    };
  }
}

export async function readMetrics(adminUrl: string): Promise<MetricsPage> {
  const answer = await fetch(`${adminUrl}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  return new MetricsPage(await answer.text());
}

const BY_PARTNER = ["direction", "partner"];
const SIP = ["direction", "method", "partner", "side"];

/** The promised metrics and their labels in alphabetical order. */
export const PROMISED: Readonly<Record<string, readonly string[]>> = {
  im_accepted_total: BY_PARTNER,
  im_delivered_total: BY_PARTNER,
  im_bounced_total: [...BY_PARTNER, "reason"],
  im_expired_total: [...BY_PARTNER, "reason"],
  im_returned_total: BY_PARTNER,
  im_in_flight: BY_PARTNER,
  im_latency_seconds: BY_PARTNER,
  presence_updates_total: BY_PARTNER,
  presence_age_seconds: BY_PARTNER,
  subscriptions: [...BY_PARTNER, "state"],
  im_sessions: ["partner"],
  sip_requests_total: SIP,
  sip_responses_total: ["class", ...SIP],
  policy_decisions_total: ["decision", "gate", "reason"],
  tls_handshakes_total: ["outcome", "side"],
  connections: ["partner", "side"],
  xmpp_link_up: ["domain"],
  certificate_expiry_timestamp_seconds: ["name"],
};

const WORD = /^[a-z0-9]+([-_.][A-Za-z0-9]+)*$/;
/** What each label may say; partners and domains are the caller's. */
const VALUES: Readonly<Record<string, RegExp>> = {
  direction: /^(sip_to_xmpp|xmpp_to_sip|in|out)$/,
  side: /^(outside|inside)$/,
  method: /^([A-Z]+|other)$/,
  class: /^[1-6]xx$/,
  gate: /^(tls|edge|gateway|user)$/,
  decision: /^(allow|deny)$/,
  name: /^(outside|inside|gateway)$/,
  reason: /^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$/,
  outcome: WORD,
  state: WORD,
};

/**
 * What is not as promised, one line each: names, labels, and values that come from elsewhere than the configuration.
 * Metrics beyond the promised ones are welcome; their values are held to the same.
 */
export function brokenPromises(page: MetricsPage, partners: readonly string[]): string[] {
  const faults: string[] = [];
  for (const name of Object.keys(PROMISED)) if (!page.names.includes(name)) faults.push(`${name} is missing`);
  for (const { name, labels } of page.samples) {
    const family = PROMISED[name] ? name : name.replace(/_(bucket|sum|count)$/, "");
    const { le: _, ...own } = labels;
    const names = Object.keys(own).sort();
    const promised = PROMISED[family];
    if (promised && names.join() !== promised.join())
      faults.push(`${name} has the labels ${names.join(", ")}`);
    for (const [label, value] of Object.entries(own)) {
      const isPartner = label === "partner" || label === "domain";
      if (isPartner ? !partners.includes(value) : !(VALUES[label] ?? WORD).test(value))
        faults.push(`${name} has ${label}="${value}"`);
    }
  }
  return [...new Set(faults)];
}
