/**
 * Parser speed beside two parsers of the field: `node packages/sip/bench/parse.ts [rounds]`.
 * drachtio-srf and sip are development dependencies for this comparison only; nothing of the product imports them.
 *
 * "keys" is what a transaction layer asks of each message: top Via branch, Call-ID, both tags, CSeq, Request-URI,
 * Max-Forwards. "keys + forward" adds a proxy's work: a Via on top, Max-Forwards less one, bytes to send. All start
 * from the bytes of one message; ours also frames it. Figures are CPU time of this process, best round of each.
 */
import { createRequire } from "node:module";
import { latin1 } from "../src/io/latin1.ts";
import { MessageDraft } from "../src/message/draft.ts";
import { StreamFramer } from "../src/message/framing.ts";
import { serialize } from "../src/message/serialize.ts";
import { SAMPLES, type SampleName } from "./samples.ts";

const require = createRequire(import.meta.url);

interface DrachtioMessage {
  uri?: string;
  headers: { via: string; "max-forwards"?: string };
  get(name: string): string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: untyped library
  getParsedHeader(name: string): any;
  toString(): string;
}
const DrachtioSipMessage: new (
  raw: string,
) => DrachtioMessage = require("drachtio-srf/lib/sip-parser/message.js");
// biome-ignore lint/suspicious/noExplicitAny: untyped library
const sip: { parse(raw: string): any; stringify(message: any): string } = require("sip/sip.js");

const BRANCH = "z9hG4bKbench00000001";
const VIA = `SIP/2.0/TLS edge.northwind.example:5061;branch=${BRANCH}`;

/** Each answers the number of bytes or characters it has touched, so that no work can be optimised away. */
interface Contender {
  keys(wire: Buffer): number;
  forward(wire: Buffer): number;
}

const framer = new StreamFramer(latin1);

function nextMessage(wire: Buffer) {
  framer.push(wire);
  const frame = framer.next();
  if (frame?.kind !== "message") throw new Error("the sample is not one message");
  return frame.message;
}

const tombolo: Contender = {
  keys(wire) {
    return ownKeys(nextMessage(wire));
  },
  forward(wire) {
    const message = nextMessage(wire);
    const size = ownKeys(message);
    const draft = new MessageDraft(message).prepend("Via", VIA);
    const hops = message.number("Max-Forwards");
    if (hops !== undefined) draft.set("Max-Forwards", String(hops - 1));
    const { head, body } = serialize(draft.build());
    // As a connection does it: one text for all that leaves in a turn.
    const text = body.length === 0 ? head : head + latin1(body, 0, body.length);
    const out = Buffer.from(text, "latin1");
    return size + out.length;
  },
};

function ownKeys(message: ReturnType<typeof nextMessage>): number {
  return (
    (message.topVia?.branch?.length ?? 0) +
    message.callId.length +
    (message.fromTag?.length ?? 0) +
    (message.toTag?.length ?? 0) +
    (message.cseq?.number ?? 0) +
    (message.cseq?.method.length ?? 0) +
    message.uri.length +
    (message.number("Max-Forwards") ?? 0)
  );
}

const drachtio: Contender = {
  keys(wire) {
    return drachtioKeys(new DrachtioSipMessage(wire.toString("latin1")));
  },
  forward(wire) {
    const message = new DrachtioSipMessage(wire.toString("latin1"));
    const size = drachtioKeys(message);
    message.headers.via = `${VIA},${message.headers.via}`;
    const hops = message.get("max-forwards");
    if (hops !== undefined) message.headers["max-forwards"] = String(Number(hops) - 1);
    return size + Buffer.from(message.toString(), "latin1").length;
  },
};

function drachtioKeys(message: DrachtioMessage): number {
  const cseq = message.getParsedHeader("cseq");
  return (
    message.getParsedHeader("via")[0].params.branch.length +
    message.get("call-id")!.length +
    (message.getParsedHeader("from").params.tag?.length ?? 0) +
    (message.getParsedHeader("to").params.tag?.length ?? 0) +
    cseq.seq +
    cseq.method.length +
    (message.uri?.length ?? 0) +
    Number(message.get("max-forwards") ?? 0)
  );
}

const sip006: Contender = {
  keys(wire) {
    return sipKeys(sip.parse(wire.toString("latin1")));
  },
  forward(wire) {
    const message = sip.parse(wire.toString("latin1"));
    const size = sipKeys(message);
    message.headers.via.unshift({
      version: "2.0",
      protocol: "TLS",
      host: "edge.northwind.example",
      port: 5061,
      params: { branch: BRANCH },
    });
    const hops = message.headers["max-forwards"];
    if (hops !== undefined) message.headers["max-forwards"] = Number(hops) - 1;
    return size + Buffer.from(sip.stringify(message), "latin1").length;
  },
};

// biome-ignore lint/suspicious/noExplicitAny: untyped library
function sipKeys(message: any): number {
  const { headers } = message;
  return (
    headers.via[0].params.branch.length +
    headers["call-id"].length +
    (headers.from.params.tag?.length ?? 0) +
    (headers.to.params.tag?.length ?? 0) +
    headers.cseq.seq +
    headers.cseq.method.length +
    (message.uri?.length ?? 0) +
    Number(headers["max-forwards"] ?? 0)
  );
}

const CONTENDERS = { tombolo, "drachtio-srf": drachtio, sip: sip006 } as const;
type ContenderName = keyof typeof CONTENDERS;

/** CPU microseconds per message of one round. */
function measure(work: (wire: Buffer) => number, wire: Buffer, count: number): number {
  let guard = 0;
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) guard += work(wire);
  const { user, system } = process.cpuUsage(before);
  if (guard === 0) throw new Error("no work was done");
  return (user + system) / count;
}

function run(rounds: number): void {
  const best = new Map<string, number>();
  for (let round = 0; round <= rounds; round++) {
    for (const [sample, wire] of Object.entries(SAMPLES)) {
      for (const [name, contender] of Object.entries(CONTENDERS)) {
        for (const kind of ["keys", "forward"] as const) {
          const cost = measure((bytes) => contender[kind](bytes), wire, 4_000);
          const key = `${sample} ${name} ${kind}`;
          // The first round only warms up.
          if (round > 0) best.set(key, Math.min(best.get(key) ?? Number.POSITIVE_INFINITY, cost));
        }
      }
    }
  }
  for (const kind of ["keys", "forward"] as const) {
    for (const sample of Object.keys(SAMPLES) as SampleName[]) {
      const own = best.get(`${sample} tombolo ${kind}`)!;
      for (const name of Object.keys(CONTENDERS) as ContenderName[]) {
        const cost = best.get(`${sample} ${name} ${kind}`)!;
        const title = `${kind === "keys" ? "keys" : "keys + forward"}  ${sample} (${SAMPLES[sample].length} B)`;
        console.log(
          `${title.padEnd(32)} ${name.padEnd(14)} ${cost.toFixed(2).padStart(7)} us` +
            ` ${Math.round(1e6 / cost)
              .toString()
              .padStart(8)}/s  x${(cost / own).toFixed(1)}`,
        );
      }
    }
  }
}

run(Number(process.argv[2] ?? 12));
