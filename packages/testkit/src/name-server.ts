/** A DNS server with a few records, for programs that look for partners. UDP on loopback. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

export type DnsRecord =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | {
      readonly type: "SRV";
      readonly priority?: number;
      readonly weight?: number;
      readonly port: number;
      /** "." = no such service. */
      readonly target: string;
    }
  | {
      readonly type: "NAPTR";
      readonly order?: number;
      readonly preference?: number;
      readonly flags: string;
      readonly service: string;
      readonly replacement: string;
    };

/** `fail`: SERVFAIL; `silence`: no answer at all. */
export type DnsAnswer = readonly DnsRecord[] | "fail" | "silence";

const TYPES = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 } as const;
const TYPE_NAMES = new Map<number, string>(Object.entries(TYPES).map(([name, code]) => [code, name]));
const HEADER = 12;
const NAME_ERROR = 3;
const SERVER_FAILURE = 2;
/** Pointer to the name of the question. */
const QUESTION_NAME = Buffer.from([0xc0, HEADER]);

/** A name as labels, each behind its length. */
function labels(name: string): Buffer {
  const parts = name.split(".").filter((part) => part !== "");
  return Buffer.concat([...parts.map((part) => text(part)), Buffer.from([0])]);
}

/** A character string: its length, then its bytes. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

function words(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
}

/** `2001:db8::1` as sixteen bytes. */
function ipv6(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return words(...[...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16)));
}

function dataOf(record: DnsRecord): Buffer {
  switch (record.type) {
    case "A":
      return Buffer.from(record.address.split(".").map(Number));
    case "AAAA":
      return ipv6(record.address);
    case "SRV": {
      const { priority = 0, weight = 0, port, target } = record;
      return Buffer.concat([words(priority, weight, port), labels(target)]);
    }
    case "NAPTR": {
      const { order = 0, preference = 0, flags, service, replacement } = record;
      const texts = [text(flags), text(service), text("")];
      return Buffer.concat([words(order, preference), ...texts, labels(replacement)]);
    }
  }
}

export class NameServer {
  /** Questions in the order they came: `SRV _sipfederationtls._tcp.contoso.example`. */
  readonly asked: string[] = [];
  private readonly zone = new Map<string, DnsAnswer>();
  private readonly socket: Socket = createSocket("udp4");

  private constructor() {
    this.socket.on("message", (question, from) => this.onQuestion(question, from));
  }

  static async start(): Promise<NameServer> {
    const server = new NameServer();
    server.socket.bind(0, "127.0.0.1");
    await once(server.socket, "listening");
    return server;
  }

  /** `127.0.0.1:PORT`, as resolvers take it. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  /** What a name has from now on; what was said of it before is gone. Names that were never set do not exist. */
  set(name: string, answer: DnsAnswer): void {
    this.zone.set(name.toLowerCase(), answer);
  }

  close(): void {
    this.socket.close();
  }

  private onQuestion(question: Buffer, { port, address }: RemoteInfo): void {
    const parts: string[] = [];
    let at = HEADER;
    for (let length = question[at]!; length !== 0; length = question[at]!) {
      parts.push(question.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const end = at + 5;
    const type = question.readUInt16BE(at + 1);
    const name = parts.join(".").toLowerCase();
    this.asked.push(`${TYPE_NAMES.get(type) ?? type} ${name}`);
    const known = this.zone.get(name);
    if (known === "silence") return;
    const records = typeof known === "object" ? known.filter((record) => TYPES[record.type] === type) : [];
    const code = known === undefined ? NAME_ERROR : known === "fail" ? SERVER_FAILURE : 0;
    const head = Buffer.concat([
      question.subarray(0, 2),
      // An answer, with recursion, and how it went.
      words(0x8180 | code, 1, records.length, 0, 0),
      question.subarray(HEADER, end),
    ]);
    const answers = records.map((record) => {
      const data = dataOf(record);
      return Buffer.concat([QUESTION_NAME, words(type, 1, 0, 60, data.length), data]);
    });
    this.socket.send(Buffer.concat([head, ...answers]), port, address);
  }
}
