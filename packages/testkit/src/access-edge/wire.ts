/**
 * A tiny SIP reader and writer of the simulated partner, on purpose independent of Tombolo's own: what both read the
 * same way has been said correctly.
 */
export interface WireMessage {
  readonly start: string;
  /** As received, names untouched, folded lines joined. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A stream that can't be cut into messages any more. */
export class WireFault extends Error {}

/** The largest message the partner takes, bytes. */
const MAX_MESSAGE_BYTES = 1_048_576;

const START = /^(?:[A-Z]+ \S+ SIP\/2\.0|SIP\/2\.0 [1-6]\d\d(?: .*)?)$/;
const COMPACT: Readonly<Record<string, string>> = {
  v: "via",
  f: "from",
  t: "to",
  i: "call-id",
  m: "contact",
  l: "content-length",
  c: "content-type",
  k: "supported",
  o: "event",
  s: "subject",
  e: "content-encoding",
  u: "allow-events",
};

function sameName(actual: string, wanted: string): boolean {
  const name = actual.toLowerCase();
  return (COMPACT[name] ?? name) === wanted.toLowerCase();
}

export function headerOf(message: WireMessage, name: string): string | undefined {
  return message.headers.find(([actual]) => sameName(actual, name))?.[1];
}

/** Each line of that name, in order, commas left alone. */
export function headersOf(message: WireMessage, name: string): string[] {
  return message.headers.filter(([actual]) => sameName(actual, name)).map(([, value]) => value);
}

/** Splits at commas outside quotes and angle brackets; values keep every other byte. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let quoted = false;
  let angled = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted && char === "\\") at += 1;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "<") angled = true;
    else if (char === ">") angled = false;
    else if (char === "," && !angled) {
      values.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  values.push(text.slice(from).trim());
  return values.filter((value) => value !== "");
}

/** All values of a list header (Via, Route, Record-Route, Supported...), over all its lines. */
export function listOf(message: WireMessage, name: string): string[] {
  return headersOf(message, name).flatMap(splitValues);
}

export function isResponse(message: WireMessage): boolean {
  return message.start.startsWith("SIP/2.0 ");
}

/** The status code of a response; 0 for a request. */
export function statusOf(message: WireMessage): number {
  return isResponse(message) ? Number(message.start.slice(8, 11)) : 0;
}

/** The method of a request, or of the request that a response answers. */
export function methodOf(message: WireMessage): string {
  if (!isResponse(message)) return message.start.slice(0, message.start.indexOf(" "));
  return headerOf(message, "CSeq")?.split(/\s+/)[1] ?? "";
}

export function requestUriOf(message: WireMessage): string {
  return message.start.split(" ")[1] ?? "";
}

export function cseqOf(message: WireMessage): number {
  return Number.parseInt(headerOf(message, "CSeq") ?? "", 10);
}

/** The URI of a name-addr or addr-spec; parameters of the header are not part of it (RFC 3261 20). */
export function uriOf(value: string): string {
  const angled = /<([^>]*)>/.exec(value.replace(/"(?:[^"\\]|\\.)*"/g, ""));
  return angled?.[1] ?? value.split(";")[0]!.trim();
}

/** A header parameter, that is one after the `>` if there is one. */
export function paramOf(value: string, name: string): string | undefined {
  const after = value.includes(">") ? value.slice(value.lastIndexOf(">") + 1) : value;
  const match = new RegExp(`;\\s*${name}\\s*(?:=\\s*([^;\\s]*))?(?=[;\\s]|$)`, "i").exec(after);
  return match === null ? undefined : (match[1] ?? "");
}

export function tagOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : paramOf(value, "tag");
}

/** `sip:user@host`, lower case, without parameters. */
export function addressOf(value: string): string {
  return uriOf(value).split(";")[0]!.toLowerCase();
}

/** Equal, or unequal only in white space before a parameter, which a folded line may have brought in. */
export function sameValue(left: string | undefined, right: string | undefined): boolean {
  return left === right || left?.replace(/\s+;/g, ";") === right?.replace(/\s+;/g, ";");
}

/** The bytes of a message; Content-Length is added unless a header of that name is there. */
export function writeWire(message: WireMessage): Buffer {
  const body = Buffer.from(message.body);
  // A blank before ";lr" marks where a folded Record-Route is broken (RFC 3261 7.3.1).
  const lines = [
    message.start,
    ...message.headers.map(([name, value]) => `${name}: ${value.replace(" ;lr", "\r\n ;lr")}`),
  ];
  if (headerOf(message, "Content-Length") === undefined) lines.push(`Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]);
}

/** Cuts a byte stream into messages. */
export class WireReader {
  /** CRLF pairs seen between messages. */
  keepAlives = 0;
  #buffer: Buffer = Buffer.alloc(0);
  readonly #missingLength: (message: WireMessage) => void;

  /** `missingLength` is told of messages without Content-Length (RFC 3261 18.3); their body counts as empty. */
  constructor(missingLength: (message: WireMessage) => void = () => {}) {
    this.#missingLength = missingLength;
  }

  /** The messages that are complete now. Throws WireFault when the stream makes no sense. */
  push(bytes: Buffer): WireMessage[] {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    const messages: WireMessage[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): WireMessage | undefined {
    while (this.#buffer[0] === 13 && this.#buffer[1] === 10) {
      this.#buffer = this.#buffer.subarray(2);
      this.keepAlives += 1;
    }
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#buffer.length > MAX_MESSAGE_BYTES) throw new WireFault("no end of headers in sight");
      return undefined;
    }
    const head = this.#buffer.subarray(0, end).toString();
    const [start = "", ...lines] = head.replace(/\r\n[ \t]+/g, " ").split("\r\n");
    if (!START.test(start)) throw new WireFault(`not a start line: ${JSON.stringify(start)}`);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      if (colon <= 0) throw new WireFault(`not a header: ${JSON.stringify(line)}`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
    const declared = headerOf({ start, headers, body: "" }, "Content-Length");
    const length = declared === undefined ? 0 : Number(declared);
    if (!/^\d+$/.test(declared ?? "0") || length > MAX_MESSAGE_BYTES) {
      throw new WireFault(`not a Content-Length: ${declared}`);
    }
    if (this.#buffer.length < end + 4 + length) return undefined;
    const message = { start, headers, body: this.#buffer.subarray(end + 4, end + 4 + length).toString() };
    this.#buffer = this.#buffer.subarray(end + 4 + length);
    if (declared === undefined) this.#missingLength(message);
    return message;
  }
}
