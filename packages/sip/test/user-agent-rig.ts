/** A user agent alone in a laboratory: wire text in, wire text out, and a clock that only the test moves. */
import { latin1 } from "../src/io/latin1.ts";
import type { IdSource, Millis } from "../src/machine.ts";
import { StreamFramer } from "../src/message/framing.ts";
import type { SipMessage } from "../src/message/message.ts";
import { serialize } from "../src/message/serialize.ts";
import type { DialogId, EngineCommand, EngineEvent, Outcome, RequestRef } from "../src/user-agent/port.ts";
import type { UserAgentSettings } from "../src/user-agent/settings.ts";
import { UserAgent } from "../src/user-agent/user-agent.ts";

export const CONTOSO = { partner: "contoso.example", name: "sip.contoso.example" };
export const ALICE = { uri: "sip:alice@example.com" };
export const BOB = { uri: "sip:bob@contoso.example" };

export function countingIds(prefix: string): IdSource {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}${String(count).padStart(9, "0")}`;
  };
}

export function makeAgent(prefix: string, settings: Partial<UserAgentSettings> = {}): UserAgent {
  return new UserAgent({
    sentBy: `${prefix}.example:5061`,
    transport: "TLS",
    contact: `sip:${prefix}.example:5061;transport=tls`,
    userAgent: "Tombolo",
    ids: countingIds(prefix),
    random: () => 0.5,
    ...settings,
  });
}

/** Reads a message written with plain line ends; Content-Length is put in. */
export function wire(text: string): SipMessage {
  const [head = "", ...rest] = text.trimStart().split("\n\n");
  const body = rest.join("\n\n");
  const lines = head.trimEnd().split("\n");
  const framer = new StreamFramer(latin1);
  framer.push(
    Buffer.from(`${lines.join("\r\n")}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, "latin1"),
  );
  const frame = framer.next();
  if (frame?.kind !== "message") throw new Error(`not a message: ${text}`);
  return frame.message;
}

export interface RequestOptions {
  readonly uri?: string;
  readonly branch?: string;
  readonly via?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly contact?: string | null;
  /** Further header lines. */
  readonly more?: readonly string[];
  readonly body?: string;
}

let branches = 0;

/** A request of bob@contoso.example to alice@example.com. */
export function request(method: string, options: RequestOptions = {}): SipMessage {
  branches += 1;
  const branch = options.branch ?? `z9hG4bKpeer${branches}`;
  const contact = options.contact === undefined ? "<sip:bob@10.0.0.7:5061;transport=tls>" : options.contact;
  const lines = [
    `${method} ${options.uri ?? "sip:alice@example.com"} SIP/2.0`,
    `Via: ${options.via ?? `SIP/2.0/TLS sip.contoso.example:5061;branch=${branch}`}`,
    "Max-Forwards: 69",
    `From: ${options.from ?? "<sip:bob@contoso.example>;tag=bobtag"}`,
    `To: ${options.to ?? "<sip:alice@example.com>"}`,
    `Call-ID: ${options.callId ?? "call1"}`,
    `CSeq: ${options.cseq ?? 1} ${method}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...(options.more ?? []),
  ];
  return wire(`${lines.join("\n")}\n\n${options.body ?? ""}`);
}

/** The answer of a peer. `toTag` goes behind a To without tag. */
export function response(
  to: SipMessage,
  status: number,
  options: {
    readonly toTag?: string;
    readonly more?: readonly string[];
    readonly contact?: string | null;
  } = {},
): SipMessage {
  const tag = to.toTag === undefined && status > 100 ? `;tag=${options.toTag ?? "peertag"}` : "";
  const contact = options.contact === undefined ? "<sip:bob@10.0.0.7:5061;transport=tls>" : options.contact;
  const lines = [
    `SIP/2.0 ${status} Text`,
    ...to.lines("Via").map((via) => `Via: ${via}`),
    `From: ${to.get("From")}`,
    `To: ${to.get("To")}${tag}`,
    `Call-ID: ${to.callId}`,
    `CSeq: ${to.get("CSeq")}`,
    ...(contact === null || status >= 300 ? [] : [`Contact: ${contact}`]),
    ...(options.more ?? []),
  ];
  return wire(`${lines.join("\n")}\n\n`);
}

export class AgentRig {
  readonly agent: UserAgent;
  now: Millis = 1_000;
  /** What went out since it was last looked at. */
  private readonly sent: SipMessage[] = [];
  private readonly heard: EngineEvent[] = [];
  private refs = 0;

  constructor(settings: Partial<UserAgentSettings> = {}) {
    this.agent = makeAgent("gw", settings);
  }

  receive(message: SipMessage, verified: { partner: string; name: string } | undefined = CONTOSO): this {
    this.agent.handle({ kind: "message", message, verified }, this.now);
    return this.drain();
  }

  command(command: EngineCommand): this {
    this.agent.handle({ kind: "command", command }, this.now);
    return this.drain();
  }

  stop(): this {
    this.agent.handle({ kind: "stop" }, this.now);
    return this.drain();
  }

  undeliverable(message: SipMessage, mayHaveBeenSent = false): this {
    this.agent.handle({ kind: "undeliverable", message, why: "refused", mayHaveBeenSent }, this.now);
    return this.drain();
  }

  open(
    method: "INVITE" | "SUBSCRIBE",
    headers: [string, string][] = [],
  ): { ref: string; request: SipMessage } {
    this.refs += 1;
    const ref = `c${this.refs}`;
    this.command({ kind: "open", ref, method, from: ALICE, to: BOB, headers });
    return { ref, request: this.sentOne() };
  }

  inDialog(dialog: DialogId, method: string): { ref: string; request: SipMessage } {
    this.refs += 1;
    const ref = `c${this.refs}`;
    this.command({ kind: "dialog-request", ref, dialog, method });
    return { ref, request: this.sentOne() };
  }

  answer(request: RequestRef, status: number, headers: [string, string][] = []): this {
    return this.command({ kind: "answer", request, status, headers });
  }

  /** A session that bob made: its dialog, confirmed. */
  invited(invite: SipMessage = request("INVITE")): { dialog: DialogId; localTag: string } {
    const { request: ref } = this.receive(invite).eventOne("request");
    const dialog = this.answer(ref, 200).eventOne("dialog-made").dialog;
    const localTag = this.sentOne().toTag!;
    const to = `${invite.get("To")};tag=${localTag}`;
    const ack = { from: invite.get("From")!, to, callId: invite.callId, cseq: invite.cseq!.number };
    this.receive(request("ACK", ack)).eventOne("confirmed");
    return { dialog, localTag };
  }

  /** A session that we made. */
  inviting(more: readonly string[] = []): { dialog: DialogId; invite: SipMessage; ack: SipMessage } {
    const { request: invite, ref } = this.open("INVITE");
    this.receive(response(invite, 200, { more }));
    const outcome = this.outcomeOf(ref);
    const dialog = outcome.kind === "final" ? outcome.dialog : undefined;
    return { dialog: dialog!, invite, ack: this.sentOne() };
  }

  /** Lets time pass, deadline by deadline. */
  advance(ms: Millis): this {
    const end = this.now + ms;
    this.drain();
    for (;;) {
      const deadline = this.agent.nextDeadline();
      if (!deadline || deadline.at > end) break;
      this.now = Math.max(this.now, deadline.at);
      this.agent.timeout(this.now);
      this.drain();
      const next = this.agent.nextDeadline();
      if (next && next.at <= this.now) throw new Error(`deadline in the past: ${next.reason}`);
    }
    this.now = end;
    return this;
  }

  /** What was sent, as `METHOD` or status, since the last look. */
  sentKinds(): string[] {
    return this.takeSent().map((message) => (message.isRequest ? message.method : String(message.status)));
  }

  takeSent(): SipMessage[] {
    return this.sent.splice(0);
  }

  sentOne(): SipMessage {
    const all = this.takeSent();
    if (all.length !== 1) throw new Error(`sent ${all.length} messages, not one`);
    return all[0]!;
  }

  events(): EngineEvent[] {
    return this.heard.splice(0);
  }

  eventKinds(): string[] {
    return this.events().map((event) => event.kind);
  }

  eventOne<K extends EngineEvent["kind"]>(kind: K): Extract<EngineEvent, { kind: K }> {
    const all = this.events();
    if (all.length !== 1 || all[0]!.kind !== kind) {
      throw new Error(`heard ${all.map((event) => event.kind).join(" ") || "nothing"}, not ${kind}`);
    }
    return all[0] as Extract<EngineEvent, { kind: K }>;
  }

  outcomeOf(ref: string): Outcome {
    const event = this.eventOne("outcome");
    if (event.ref !== ref) throw new Error(`the outcome is of ${event.ref}`);
    return event.outcome;
  }

  private drain(): this {
    for (let output = this.agent.poll(); output; output = this.agent.poll()) {
      if (output.kind === "transmit") this.sent.push(output.message);
      else this.heard.push(output.event);
    }
    return this;
  }
}

/** The head as text with plain line ends. */
export function headText(message: SipMessage): string {
  return serialize(message).head.replaceAll("\r\n", "\n");
}

export const NOTHING_HELD = {
  transactions: 0,
  dialogs: 0,
  dialogsInMaking: 0,
  opening: 0,
  waiting: 0,
  unconfirmed: 0,
} as const;
