/** What one forwarded MESSAGE and its answer cost in the core alone, from bytes to bytes. Run: node bench/edge-forwarding.ts */
import { buildResponse, StreamFramer, serialize } from "@tombolo/sip";
import { latin1 } from "@tombolo/sip/io";
import { Edge } from "../src/index.ts";

const REQUEST = Buffer.from(
  [
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
    "Content-Length: 100",
    "",
    "x".repeat(100),
  ].join("\r\n"),
);
const ROUNDS = 200_000;
let ids = 0;
const edge = new Edge({
  settings: {
    advertise: { host: "sip.example.com", port: 5061 },
    ourDomains: ["example.com"],
    partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" }],
  },
  ids: () => `${(ids++).toString(36)}abcdefghij`,
  random: Math.random,
});
const remote = { host: "192.0.2.7", port: 40000 };
edge.handle(
  {
    kind: "opened",
    connection: "c",
    direction: "in",
    partners: ["contoso.example"],
    name: "sip.contoso.example",
    remote,
  },
  0,
);

function round(now: number, framer: StreamFramer): number {
  let written = 0;
  framer.push(REQUEST);
  const frame = framer.next();
  if (frame?.kind !== "message") throw new Error("not framed");
  edge.handle({ kind: "message", connection: "c", message: frame.message }, now);
  for (let out = edge.poll(); out; out = edge.poll()) {
    if (out.kind === "to-node") {
      written += serialize(out.message).head.length;
      edge.handle(
        { kind: "from-node", node: "local", message: buildResponse(out.message, 200, { toTag: "t" }) },
        now,
      );
    } else if (out.kind === "send") written += serialize(out.message).head.length;
  }
  const deadline = edge.nextDeadline();
  if (deadline && deadline.at <= now) edge.timeout(now);
  return written;
}

const framer = new StreamFramer(latin1);
let total = 0;
for (let turn = 0; turn < 3; turn++) {
  const start = performance.now();
  for (let i = 0; i < ROUNDS; i++) total += round(turn * ROUNDS + i / 10, framer);
  const ms = performance.now() - start;
  console.log(
    `${((ms * 1000) / ROUNDS).toFixed(2)} us for a request and its answer (${total} characters so far)`,
  );
}
