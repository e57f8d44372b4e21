/**
 * Memory of live watches: `node --expose-gc packages/tombolo/bench/dialog-memory.ts [dialogs] [snapshot file]`.
 *
 * The pure gateway (user agent and translator) holds so many subscription dialogs in either direction, each made by whole
 * messages as an OCS or Lync edge writes them, parsed from bytes. What is counted is what stays when every transaction is
 * over.
 */
import { writeHeapSnapshot } from "node:v8";
import { type SipMessage, StreamFramer, UserAgent } from "@tombolo/sip";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  profileByName,
  Translator,
} from "@tombolo/translator";
import { Element } from "ltx";
import { Gateway } from "../src/gateway.ts";

/** `ours`: XMPP users watch, we are subscriber. `theirs`: SIP users watch, we are notifier. */
export type DialogSide = "ours" | "theirs";

export interface DialogMemory {
  readonly side: DialogSide;
  readonly dialogs: number;
  /** Heap that stays for one more dialog, bytes. */
  readonly bytesPerDialog: number;
  /** Processor time to make one, microseconds. */
  readonly microsPerDialog: number;
}

const PARTNER = "contoso.example";
const VERIFIED = { partner: PARTNER, name: "sip.contoso.example" };
const RECORD_ROUTE = `<sip:sip.contoso.example:5061;transport=tls;epid=0123456789;lr;ms-key-info=${"k".repeat(180)};ms-route-sig=${"s".repeat(60)}>`;

/** A gateway with one partner who answers everything. */
class Bench {
  readonly gateway: Gateway;
  now = 1_000_000;
  private readonly framer = new StreamFramer();
  private serial = 0;

  constructor() {
    let id = 0;
    // As long as the program's.
    const ids = () => `0123456789${(++id).toString(36).padStart(8, "0")}`;
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
    this.gateway.handle({ kind: "link-up", partner: PARTNER }, this.now);
  }

  /** An XMPP user subscribes, the SIP side accepts and shows its user. */
  watchByXmpp(n: number): void {
    this.presence(n, "subscribe");
    this.settle(n);
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
    this.settle(n);
    this.presence(n, "subscribed");
    this.presence(n, undefined);
    this.settle(n);
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
      this.settle(0);
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

  private settle(n: number): void {
    for (let out = this.gateway.poll(); out; out = this.gateway.poll())
      if (out.kind === "sip" && out.message.isRequest) this.answer(n, out.message);
  }

  private answer(n: number, request: SipMessage): void {
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
    this.receive(
      [
        `NOTIFY sip:sip.example.com:5061;transport=tls SIP/2.0`,
        ...this.head(n, from, subscribe.get("From") ?? ""),
        `Call-ID: ${subscribe.callId}`,
        "CSeq: 2 NOTIFY",
        `Contact: <sip:sip.contoso.example:5061;transport=tls;ms-fe=fe${n % 8}>`,
        "Event: presence",
        "Subscription-State: active;expires=7200",
        "Content-Type: application/pidf+xml",
      ],
      body,
    );
  }
}

/**
 * Makes `dialogs` watches, and measures what each of them keeps. Needs `--expose-gc`.
 * @param inspect called with everything alive and nothing else.
 */
export function measureDialogMemory(
  side: DialogSide,
  dialogs: number,
  inspect: () => void = () => {},
): DialogMemory {
  const bench = new Bench();
  const make = (n: number) => (side === "ours" ? bench.watchByXmpp(n) : bench.watchBySip(n));
  // What is paid once is paid before.
  const first = Math.min(1000, dialogs);
  for (let n = 0; n < first; n++) make(n);
  bench.wait(120_000);
  const before = heap();
  const start = process.cpuUsage();
  for (let n = 0; n < dialogs; n++) make(first + n);
  const { user, system } = process.cpuUsage(start);
  bench.wait(120_000);
  const after = heap();
  const { size } = bench.gateway.translator;
  if (size !== first + dialogs) throw new Error(`${size} watches instead of ${first + dialogs}`);
  inspect();
  return {
    side,
    dialogs,
    bytesPerDialog: Math.round((after - before) / dialogs),
    microsPerDialog: Math.round((user + system) / dialogs),
  };
}

function heap(): number {
  const { gc } = globalThis;
  if (!gc) throw new Error("run it with --expose-gc");
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function hex(n: number, length: number): string {
  return (n + 1).toString(16).padStart(length, "5a7c9e");
}

if (import.meta.main) {
  const dialogs = Number(process.argv[2] ?? 100_000);
  for (const side of ["ours", "theirs"] as const) {
    const file = process.argv[3];
    const found = measureDialogMemory(side, dialogs, () => {
      if (file) writeHeapSnapshot(`${file}.${side}.heapsnapshot`);
    });
    process.stdout.write(
      `${side}: ${found.bytesPerDialog} bytes and ${found.microsPerDialog} us a dialog, ${found.dialogs} dialogs\n`,
    );
  }
}
