/** An edge in virtual time, with messages as text on both sides. */
import { DEFAULT_MESSAGE_LIMITS, parseHead, type SipMessage, serializeBytes } from "@tombolo/sip";
import { Edge, type EdgeObservation, type EdgeOutput, type EdgeSettings } from "../src/index.ts";

const SETTINGS: EdgeSettings = {
  advertise: { host: "sip.example.com", port: 5061 },
  ourDomains: ["example.com"],
  partners: [
    { domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" },
    { domain: "fabrikam.example", names: ["sip.fabrikam.example"], purpose: "strict" },
  ],
};

/** Lines of a message to a message; the body is what stands behind an empty line. */
export function sip(text: string): SipMessage {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => line.trim());
  const blank = lines.indexOf("");
  const head = blank < 0 ? lines : lines.slice(0, blank);
  const body = blank < 0 ? "" : lines.slice(blank + 1).join("\r\n");
  const parsed = parseHead(head.join("\r\n"), DEFAULT_MESSAGE_LIMITS);
  if (!parsed) throw new Error(`not a SIP message: ${lines[0]}`);
  const { start, headerNames, headerValues, fault } = parsed.message;
  const Message = parsed.message.constructor as typeof SipMessage;
  return new Message(start, headerNames, headerValues, new TextEncoder().encode(body), fault);
}

export function text(message: SipMessage): string {
  return new TextDecoder("latin1").decode(serializeBytes(message)).replaceAll("\r\n", "\n").trimEnd();
}

/** A request from bob@contoso.example to alice@example.com; `changes` replace or add headers, undefined drops one. */
export function fromBob(
  method: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): SipMessage {
  return request(method, "sip:alice@example.com", {
    Via: "SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKpeer1",
    "Max-Forwards": "70",
    From: "<sip:bob@contoso.example>;tag=b1",
    To: "<sip:alice@example.com>",
    "Call-ID": "call-1",
    CSeq: `1 ${method}`,
    ...changes,
  });
}

/** A request of the gateway from alice@example.com to bob@contoso.example. */
export function fromAlice(
  method: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): SipMessage {
  return request(method, "sip:bob@contoso.example", {
    Via: "SIP/2.0/TLS gateway.invalid;branch=z9hG4bKnode1",
    "Max-Forwards": "70",
    From: "<sip:alice@example.com>;tag=a1",
    To: "<sip:bob@contoso.example>",
    "Call-ID": "call-2",
    CSeq: `1 ${method}`,
    ...changes,
  });
}

function request(
  method: string,
  uri: string,
  headers: Readonly<Record<string, string | undefined>>,
): SipMessage {
  const { "Request-URI": target = uri, ...rest } = headers;
  const lines = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return sip([`${method} ${target} SIP/2.0`, ...lines].join("\n"));
}

/** An answer to a message that the edge has sent, with its Vias, From, To, Call-ID and CSeq. */
export function answerTo(message: SipMessage, status: number, extra: readonly string[] = []): SipMessage {
  const lines = ["Via", "From", "To", "Call-ID", "CSeq"].flatMap((name) =>
    message.lines(name).map((value) => `${name}: ${value}`),
  );
  return sip([`SIP/2.0 ${status} Some Reason`, ...lines, ...extra].join("\n"));
}

/** What came out for one input, sorted by where it went. */
export interface Taken {
  readonly sent: { readonly connection: string; readonly message: SipMessage }[];
  readonly toNode: Extract<EdgeOutput, { kind: "to-node" }>[];
  /** Partners by domain, nodes as `@name`. */
  readonly dialled: string[];
  readonly closed: string[];
  readonly observed: EdgeObservation[];
}

export class EdgeRig {
  readonly edge: Edge;
  now = 0;
  private ids = 0;

  constructor(settings: Partial<EdgeSettings> = {}, random: () => number = () => 0.5) {
    this.edge = new Edge({ settings: { ...SETTINGS, ...settings }, ids: () => `id${++this.ids}`, random });
  }

  /** An inbound connection of a partner, called as the partner's domain unless it has a name of its own. */
  open(partner: string, direction: "in" | "out" = "in", connection = `${direction}-${partner}`): Taken {
    return this.feed({
      kind: "opened",
      connection,
      direction,
      partners: [partner],
      name: `sip.${partner}`,
      remote: { host: "192.0.2.7", port: 41000 },
    });
  }

  outside(message: SipMessage, connection = "in-contoso.example"): Taken {
    return this.feed({ kind: "message", connection, message });
  }

  inside(message: SipMessage): Taken {
    return this.feed({ kind: "from-node", node: "local", message });
  }

  feed(input: Parameters<Edge["handle"]>[0]): Taken {
    this.edge.handle(input, this.now);
    return this.take();
  }

  /** Lets time pass, timers acting when they are due. */
  pass(ms: number): Taken {
    const until = this.now + ms;
    const all: Taken[] = [];
    for (let next = this.edge.nextDeadline(); next && next.at <= until; next = this.edge.nextDeadline()) {
      this.now = Math.max(this.now, next.at);
      this.edge.timeout(this.now);
      all.push(this.take());
    }
    this.now = until;
    return {
      sent: all.flatMap((one) => one.sent),
      toNode: all.flatMap((one) => one.toNode),
      dialled: all.flatMap((one) => one.dialled),
      closed: all.flatMap((one) => one.closed),
      observed: all.flatMap((one) => one.observed),
    };
  }

  private take(): Taken {
    const taken: Taken = { sent: [], toNode: [], dialled: [], closed: [], observed: [] };
    for (let output = this.edge.poll(); output !== undefined; output = this.edge.poll()) {
      if (output.kind === "send") taken.sent.push(output);
      else if (output.kind === "to-node") taken.toNode.push(output);
      else if (output.kind === "dial") taken.dialled.push(output.partner);
      else if (output.kind === "dial-node") taken.dialled.push(`@${output.node}`);
      else if (output.kind === "close") taken.closed.push(output.connection);
      else taken.observed.push(output.observation);
    }
    this.edge.tell((observation, times) => {
      for (let i = 0; i < times; i++) taken.observed.push(observation);
    });
    return taken;
  }
}

/** The reasons of the refusals among observations. */
export function denials(taken: Taken): string[] {
  return taken.observed.flatMap((one) =>
    one.kind === "decision" && one.decision === "deny" ? [one.reason] : [],
  );
}
