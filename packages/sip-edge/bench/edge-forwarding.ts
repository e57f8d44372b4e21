/**
 * What one forwarded MESSAGE and its answer cost in the core alone, from bytes to the text that is written: with the
 * gateway in the same process, and with a node of its own behind the edge. Run: node bench/edge-forwarding.ts [local|node]
 */
import { buildResponse, StreamFramer, wireText } from "@tombolo/sip";
import { latin1 } from "@tombolo/sip/io";
import { Edge, type EdgeOutput } from "../src/index.ts";

const BODY = "The quick brown fox jumps over the lazy dog, and then it does so once more. ".repeat(4);
const REQUEST = bytes([
  "MESSAGE sip:alice@example.com SIP/2.0",
  'Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKF00D.1;branched=FALSE;ms-internal-info="abAAA"',
  "Via: SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=3E8A00",
  "Max-Forwards: 66",
  'From: "Bob" <sip:bob@contoso.example>;tag=5c2b1a0f9e;epid=01ab23cd45',
  "To: <sip:alice@example.com>;tag=4711",
  "Call-ID: 0b1cfe2adc0b4e5b8d1f4c7d2a6f9e31",
  "CSeq: 2 MESSAGE",
  "Route: <sip:sip.example.com:5061;transport=tls;lr>",
  "User-Agent: UCCAPI/15.0.4420.1017 OC/15.0.4420.1017",
  "P-Asserted-Identity: <sip:bob@contoso.example>",
  "ms-user-data: ms-publiccloud=true;ms-federation=true",
  "Content-Type: text/plain; charset=UTF-8",
  `Content-Length: ${BODY.length}`,
  "",
  BODY,
]);
const ROUNDS = 8_000;
const TURNS = 80;
/** Requests that come in one piece. */
const BATCH = 16;
const OUTSIDE = { host: "192.0.2.7", port: 40000 };
const INSIDE = { host: "10.0.0.9", port: 5060 };

function bytes(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function edgeWith(kind: string): Edge {
  let ids = 0;
  const node = { name: "sink", target: { transport: "tls", ...INSIDE }, routing: true } as const;
  const edge = new Edge({
    settings: {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" }],
      ...(kind === "node"
        ? { nodes: [node], inside: { host: "10.0.0.2", port: 5062, transport: "tls" } }
        : {}),
      limits: { healthMs: 0 },
    },
    ids: () => `${(ids++).toString(36)}abcdefghij`,
    random: Math.random,
  });
  const partners = ["contoso.example"];
  const name = "sip.contoso.example";
  edge.handle({ kind: "opened", connection: "c", direction: "in", partners, name, remote: OUTSIDE }, 0);
  if (kind === "node")
    edge.handle({ kind: "node-opened", connection: "n", direction: "out", node: "sink", remote: INSIDE }, 0);
  return edge;
}

/** What the node answers to the request whose text begins at `at`: all requests are the same but for our Via. */
function answer(text: string, at: number): string {
  const via = text.indexOf("\r\n", at) + 2;
  return `SIP/2.0 200 OK\r\n${text.slice(via, text.indexOf("\r\n", via))}\r\n${REPEATED}`;
}

const REPEATED = REQUEST.toString("latin1")
  .split("\r\n")
  .filter((line) => /^(?:via|from|to|call-id|cseq):/i.test(line))
  .concat("Content-Length: 0", "", "")
  .join("\r\n");

/** CPU of this process: other work on the machine counts for little. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

class Bench {
  private readonly edge: Edge;
  private readonly fromOutside = new StreamFramer(latin1);
  private readonly fromInside = new StreamFramer(latin1);
  private readonly batch = Buffer.concat(Array.from({ length: BATCH }, () => REQUEST));
  private toInside = "";
  /** Where requests begin in it. */
  private readonly begun: number[] = [];
  private toOutside = "";

  constructor(kind: string) {
    this.edge = edgeWith(kind);
  }

  /** us for a request and its answer. */
  turn(from: number): number {
    const start = cpuMs();
    for (let i = 0; i < ROUNDS; i += BATCH) this.round(from + i / 10);
    return ((cpuMs() - start) * 1000) / ROUNDS;
  }

  private round(now: number): void {
    this.take(this.fromOutside, this.batch, "c", now);
    let answers = "";
    for (const at of this.begun) answers += answer(this.toInside, at);
    this.begun.length = 0;
    this.toInside = "";
    if (answers !== "") this.take(this.fromInside, Buffer.from(answers, "latin1"), "n", now);
    Buffer.from(this.toOutside, "latin1");
    this.toOutside = "";
    const deadline = this.edge.nextDeadline();
    if (deadline && deadline.at <= now) this.edge.timeout(now);
  }

  private take(framer: StreamFramer, chunk: Buffer, connection: string, now: number): void {
    framer.push(chunk);
    for (let frame = framer.next(); frame; frame = framer.next()) {
      if (frame.kind !== "message") throw new Error("not framed");
      this.edge.handle({ kind: "message", connection, message: frame.message }, now);
      for (let out = this.edge.poll(); out; out = this.edge.poll()) this.carryOut(out, now);
    }
    if (this.toInside !== "") Buffer.from(this.toInside, "latin1");
  }

  private carryOut(output: EdgeOutput, now: number): void {
    if (output.kind === "send") {
      const text = wireText(output.message);
      if (output.connection === "c") this.toOutside += text;
      else {
        this.begun.push(this.toInside.length);
        this.toInside += text;
      }
    } else if (output.kind === "to-node") {
      const message = buildResponse(output.message, 200, { toTag: "t" });
      this.edge.handle({ kind: "from-node", node: "local", message }, now);
    }
  }
}

for (const kind of process.argv[2]?.split(",") ?? ["local", "node"]) {
  const bench = new Bench(kind);
  const turns = Array.from({ length: TURNS }, (_, i) => bench.turn(i * ROUNDS)).sort((a, b) => a - b);
  const [least, most] = [turns[0]!, turns.at(-1)!];
  const median = turns[TURNS >> 1]!;
  console.log(
    `${kind}: ${median.toFixed(2)} us CPU for a request and its answer (${least.toFixed(2)}-${most.toFixed(2)})`,
  );
}
