/** A partner's TLS connection without manners: it says what the test writes, and reads whole answers. */
import {
  type Credentials,
  headerOf,
  type Lab,
  openRaw,
  type RawConnection,
  statusOf,
  type WireMessage,
  WireReader,
} from "@tombolo/testkit";

export interface RequestText {
  readonly method?: string;
  /** Default alice's. */
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly headers?: readonly string[];
  readonly contentType?: string;
  readonly body?: string;
  /** Lines in the place of the right Content-Length. */
  readonly lengthLines?: readonly string[];
  /** Default: z9hG4bK and a number. */
  readonly branch?: string;
}

let serial = 0;

/** A request as text; a plain OPTIONS for alice where nothing else is said. */
export function sipRequest(request: RequestText = {}): string {
  serial += 1;
  const { method = "OPTIONS", uri = "sip:alice@example.com", from = "sip:bob@contoso.example" } = request;
  const body = request.body ?? "";
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/TLS sip.contoso.example:5061;branch=${request.branch ?? `z9hG4bKraw${serial}`}`,
    "Max-Forwards: 70",
    `From: <${from}>;tag=f${serial}`,
    `To: <${request.to ?? uri}>`,
    `Call-ID: raw${serial}@contoso.example`,
    `CSeq: ${serial} ${method}`,
    "Contact: <sip:bob@contoso.example;gruu>",
    ...(request.headers ?? []),
    ...(body === "" ? [] : [`Content-Type: ${request.contentType ?? "text/plain"}`]),
    ...(request.lengthLines ?? [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

export class SipPeer {
  /** Everything that came, oldest first. */
  readonly received: WireMessage[] = [];
  private readonly raw: RawConnection;
  private readonly reader = new WireReader();
  private readonly unread: WireMessage[] = [];

  constructor(lab: Lab, credentials: Credentials | undefined = lab.partner) {
    const { cert, key } = credentials;
    this.raw = openRaw({
      port: lab.sipPort,
      cert,
      key,
      ca: lab.authority.cert,
      servername: "sip.example.com",
    });
  }

  get closed(): Promise<string> {
    return this.raw.closed;
  }

  write(text: string | Uint8Array): void {
    this.raw.write(text);
  }

  /** The next whole message; undefined when the connection ended before one. */
  async next(): Promise<WireMessage | undefined> {
    while (this.unread.length === 0) {
      const text = await this.raw.read();
      if (text === "") return undefined;
      this.unread.push(...this.reader.push(Buffer.from(text)));
    }
    const message = this.unread.shift()!;
    this.received.push(message);
    return message;
  }

  /** Bytes that are no message: the answer to a keep-alive. */
  async readText(): Promise<string> {
    return await this.raw.read();
  }

  /** Sends one request and gives its final answer. */
  async ask(request: RequestText | string = {}): Promise<WireMessage> {
    const text = typeof request === "string" ? request : sipRequest(request);
    const callId = /^Call-ID: (.*)$/m.exec(text)?.[1]?.trim();
    this.raw.write(text);
    for (;;) {
      const answer = await this.next();
      if (answer === undefined) throw new Error(`closed without an answer to ${text.split("\r\n")[0]}`);
      if (statusOf(answer) >= 200 && headerOf(answer, "Call-ID") === callId) return answer;
    }
  }

  close(): void {
    this.raw.close();
  }
}
