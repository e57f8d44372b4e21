/** The pure gateway between a partner who answers everything and an XMPP server, without sockets: for benchmarks. */
import { type SipMessage, StreamFramer, UserAgent } from "@tombolo/sip";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  profileByName,
  Translator,
} from "@tombolo/translator";
import { Element } from "ltx";
import { Gateway, type GatewayOutput } from "../src/gateway.ts";

export const PARTNER = "contoso.example";
const VERIFIED = { partner: PARTNER, name: "sip.contoso.example" };
const RECORD_ROUTE = `<sip:sip.contoso.example:5061;transport=tls;epid=0123456789;lr;ms-key-info=${"k".repeat(180)};ms-route-sig=${"s".repeat(60)}>`;

/**
 * User n of the XMPP side is alice<n>@example.com, of the SIP side bob<n>@contoso.example; each watch is between those of
 * the same number.
 */
export class AnsweringWorld {
  readonly gateway: Gateway;
  now = 1_000_000;
  private readonly framer = new StreamFramer();
  private serial: number;
  /** Shown everything that the gateway gives out, before it is answered. */
  onOutput: (output: GatewayOutput) => void = () => {};
  /** The XMPP users' server answers probes. */
  answersProbes = false;

  /** @param run of the same partner: its CSeq numbers only grow. */
  constructor(run = 0) {
    this.serial = run * 100_000_000;
    let id = 0;
    // As long as the program's.
    const ids = () => `${run}123456789${(++id).toString(36).padStart(8, "0")}`;
    const engine = new UserAgent({
      sentBy: "gw1.gateway.invalid",
      transport: "TLS",
      contact: "sip:sip.example.com:5061;transport=tls",
      userAgent: "Tombolo/0",
      ids,
      random: Math.random,
    });
    const translator = new Translator({
      xmppDomains: ["example.com"],
      partners: [{ domain: PARTNER, profile: profileByName("lync") }],
      xmppPolicy: { default: "deny", exceptions: [] },
      unknownWatcher: "ask",
      maxExpiresSeconds: 7200,
      address: "sip.example.com",
      ids,
      random: Math.random,
      conversation: DEFAULT_CONVERSATION_SETTINGS,
      sipWatcher: DEFAULT_SIP_WATCHER_SETTINGS,
      xmppWatcher: DEFAULT_XMPP_WATCHER_SETTINGS,
    });
    this.gateway = new Gateway(engine, translator);
  }

  linkUp(): void {
    this.gateway.handle({ kind: "link-up", partner: PARTNER }, this.now);
    this.settle();
  }

  /** An XMPP user subscribes, the SIP side accepts and shows its user. */
  watchByXmpp(n: number): void {
    this.presence(n, "subscribe");
    this.settle();
  }

  /** A SIP user subscribes, the XMPP user accepts and shows themselves. */
  watchBySip(n: number): void {
    this.receive(
      [
        `SUBSCRIBE sip:alice${n}@example.com SIP/2.0`,
        ...this.head(
          n,
          `<sip:bob${n}@${PARTNER}>;tag=${hex(n, 10)};epid=${hex(n, 10)}`,
          `<sip:alice${n}@example.com>`,
        ),
        `Call-ID: ${hex(n, 32)}`,
        "CSeq: 1 SUBSCRIBE",
        `Contact: <sip:bob${n}@${PARTNER};opaque=user:epid:${hex(n, 22)};gruu>`,
        "Event: presence",
        "Accept: application/pidf+xml, application/rlmi+xml",
        "Supported: ms-benotify, ms-piggyback-first-notify",
        "Expires: 3600",
      ],
      "",
    );
    this.settle();
    this.presence(n, "subscribed");
    this.presence(n, undefined);
    this.settle();
  }

  /** Time until every transaction is over. */
  wait(ms: number): void {
    const until = this.now + ms;
    for (
      let next = this.gateway.nextDeadline();
      next && next.at <= until;
      next = this.gateway.nextDeadline()
    ) {
      this.now = Math.max(this.now, next.at);
      this.gateway.timeout(this.now);
      this.settle();
    }
    this.now = until;
  }

  private presence(n: number, type: string | undefined): void {
    const from = type === undefined ? `alice${n}@example.com/desk` : `alice${n}@example.com`;
    const stanza = new Element("presence", { from, to: `bob${n}@${PARTNER}`, type, id: `q${n}` });
    if (type === undefined) stanza.c("show").t("away");
    this.gateway.handle({ kind: "stanza", partner: PARTNER, stanza }, this.now);
    this.now += 0.37;
  }

  private head(n: number, from: string, to: string): string[] {
    this.serial += 1;
    return [
      `Via: SIP/2.0/TLS 192.0.2.10:5061;branch=z9hG4bK${hex(this.serial, 24)};ms-received-port=5061;ms-received-cid=${hex(n, 6)}`,
      `From: ${from}`,
      `To: ${to}`,
      "Max-Forwards: 69",
      `Record-Route: ${RECORD_ROUTE}`,
      "User-Agent: UCCAPI/15.0.5431.1000 OC/15.0.5431.1000 (Microsoft Lync)",
    ];
  }

  private receive(lines: readonly string[], body: string): void {
    const length = new TextEncoder().encode(body).length;
    this.framer.push(
      new TextEncoder().encode([...lines, `Content-Length: ${length}`, "", body].join("\r\n")),
    );
    for (let frame = this.framer.next(); frame; frame = this.framer.next())
      if (frame.kind === "message")
        this.gateway.handle({ kind: "sip", message: frame.message, verified: VERIFIED }, this.now);
  }

  /** Takes all that the gateway gives out, and answers it. */
  settle(): void {
    for (let out = this.gateway.poll(); out; out = this.gateway.poll()) {
      this.onOutput(out);
      if (out.kind === "sip" && out.message.isRequest) this.answer(out.message);
      else if (out.kind === "stanza") {
        if (out.track !== undefined) this.gateway.handle({ kind: "taken", track: out.track }, this.now);
        if (this.answersProbes && out.stanza.attrs.type === "probe")
          this.presence(numberOf(out.stanza.attrs.to ?? ""), undefined);
      }
    }
  }

  private answer(request: SipMessage): void {
    const n = numberOf(request.get("To") ?? "");
    const isSubscribe = request.method === "SUBSCRIBE";
    const to = request.get("To") ?? "";
    const tagged = to.includes(";tag=") ? to : `${to};tag=${hex(n, 10)};epid=${hex(n, 10)}`;
    this.receive(
      [
        "SIP/2.0 200 OK",
        `Via: ${request.get("Via")}`,
        `From: ${request.get("From")}`,
        `To: ${tagged}`,
        `Call-ID: ${request.callId}`,
        `CSeq: ${request.get("CSeq")}`,
        ...(isSubscribe
          ? [
              `Record-Route: ${RECORD_ROUTE}`,
              "Expires: 7200",
              `Contact: <sip:sip.contoso.example:5061;transport=tls;ms-fe=fe${n % 8}>`,
            ]
          : []),
      ],
      "",
    );
    if (isSubscribe) this.notify(n, request, tagged);
  }

  private notify(n: number, subscribe: SipMessage, from: string): void {
    const body = `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" entity="sip:bob${n}@${PARTNER}"><tuple id="0"><status><basic>open</basic><ep:activities><ep:activity>busy</ep:activity></ep:activities></status></tuple></presence>`;
    this.serial += 1;
    this.receive(
      [
        `NOTIFY sip:sip.example.com:5061;transport=tls SIP/2.0`,
        ...this.head(n, from, subscribe.get("From") ?? ""),
        `Call-ID: ${subscribe.callId}`,
        `CSeq: ${this.serial} NOTIFY`,
        `Contact: <sip:sip.contoso.example:5061;transport=tls;ms-fe=fe${n % 8}>`,
        "Event: presence",
        "Subscription-State: active;expires=7200",
        "Content-Type: application/pidf+xml",
      ],
      body,
    );
  }
}

function numberOf(address: string): number {
  return Number(/(?:alice|bob)([0-9]+)@/.exec(address)?.[1] ?? 0);
}

function hex(n: number, length: number): string {
  return (n + 1).toString(16).padStart(length, "0");
}
