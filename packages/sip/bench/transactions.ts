/**
 * CPU time of one transaction through two user agents back to back, without sockets:
 * `node packages/sip/bench/transactions.ts [rounds]`. "MESSAGE" is page mode, "in dialog" a MESSAGE of a session whose
 * route set has two signed routes. Messages are handed over as they are; "+ wire" writes and parses each of them.
 */
import { latin1 } from "../src/io/latin1.ts";
import { StreamFramer } from "../src/message/framing.ts";
import type { SipMessage } from "../src/message/message.ts";
import { serialize } from "../src/message/serialize.ts";
import type { DialogId } from "../src/user-agent/port.ts";
import { UserAgent } from "../src/user-agent/user-agent.ts";

const VERIFIED = { partner: "contoso.example", name: "sip.contoso.example" };
const FROM = { uri: "sip:alice@example.com", display: "Alice" };
const TO = { uri: "sip:bob@contoso.example" };
const BODY = {
  type: "text/plain;charset=UTF-8",
  bytes: new TextEncoder().encode("Are we still on for lunch?"),
};
const ROUTE =
  "<sip:pool01.corp.contoso.example:5061;transport=tls;opaque=state:T:F:Ci.R40d600;lr;ms-route-sig=ab0>";
const ROUTES = [`${ROUTE};ms-rrsig=abW0;tag=7AA9`, `${ROUTE};tag=0F3C`];

function agent(name: string): UserAgent {
  let count = 0;
  return new UserAgent({
    sentBy: `${name}:5061`,
    transport: "TLS",
    contact: `sip:${name}:5061;transport=tls`,
    userAgent: "Tombolo",
    ids: () => `${(count++).toString(36)}0123456789abcdef`.slice(0, 16),
    random: () => 0.5,
  });
}

/** Two agents; the second answers everything with 200. */
class Pair {
  readonly a = agent("edge.example.com");
  readonly b = agent("edge.contoso.example");
  private readonly overWire: boolean;
  private readonly framer = new StreamFramer(latin1);
  outcomes = 0;
  dialog: DialogId | undefined;

  constructor(overWire: boolean) {
    this.overWire = overWire;
  }

  drain(now: number): void {
    let busy = true;
    while (busy) {
      busy = false;
      for (let output = this.a.poll(); output; output = this.a.poll()) {
        busy = true;
        if (output.kind === "transmit") this.carry(this.b, output.message, now);
        else if (output.event.kind === "outcome") {
          this.outcomes += 1;
          const { outcome } = output.event;
          if (outcome.kind === "final") this.dialog = outcome.dialog ?? this.dialog;
        }
      }
      for (let output = this.b.poll(); output; output = this.b.poll()) {
        busy = true;
        if (output.kind === "transmit") this.carry(this.a, output.message, now);
        else if (output.event.kind === "request") {
          this.b.handle(
            { kind: "command", command: { kind: "answer", request: output.event.request, status: 200 } },
            now,
          );
        }
      }
    }
  }

  private carry(to: UserAgent, message: SipMessage, now: number): void {
    let carried = message;
    if (this.overWire) {
      const { head, body } = serialize(message);
      const bytes = Buffer.allocUnsafe(head.length + body.length);
      bytes.write(head, "latin1");
      bytes.set(body, head.length);
      this.framer.push(bytes);
      const frame = this.framer.next();
      if (frame?.kind !== "message") throw new Error("a message of ours can't be framed");
      carried = frame.message;
    }
    to.handle({ kind: "message", message: carried, verified: VERIFIED }, now);
  }
}

function measure(overWire: boolean, inDialog: boolean, count: number): number {
  const pair = new Pair(overWire);
  let now = 0;
  if (inDialog) {
    pair.a.handle(
      { kind: "command", command: { kind: "open", ref: "o", method: "INVITE", from: FROM, to: TO } },
      now,
    );
    pair.drain(now);
    const made = pair.a.snapshot(pair.dialog!);
    pair.a.handle({ kind: "command", command: { kind: "drop", dialog: pair.dialog! } }, now);
    pair.a.restore({ ...made!, routes: ROUTES });
  }
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    now += 0.1;
    const command = inDialog
      ? ({ kind: "dialog-request", ref: "m", dialog: pair.dialog!, method: "MESSAGE", body: BODY } as const)
      : ({ kind: "request", ref: "m", method: "MESSAGE", from: FROM, to: TO, body: BODY } as const);
    pair.a.handle({ kind: "command", command }, now);
    pair.drain(now);
    const deadline = pair.a.nextDeadline();
    if (deadline && deadline.at <= now) pair.a.timeout(now);
  }
  const { user, system } = process.cpuUsage(start);
  if (pair.outcomes < count) throw new Error(`${pair.outcomes} outcomes of ${count}`);
  return (user + system) / count;
}

const rounds = Number(process.argv[2] ?? 8);
for (const overWire of [false, true]) {
  for (const inDialog of [false, true]) {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) best = Math.min(best, measure(overWire, inDialog, 20_000));
    const title = `${inDialog ? "MESSAGE in dialog" : "MESSAGE"}${overWire ? " + wire" : ""}`;
    console.log(`${title.padEnd(28)} ${best.toFixed(2).padStart(7)} us ${Math.round(1e6 / best)}/s`);
  }
}
