/** The requests of the measurement, as bob@PARTNER would send them to alice@example.com. */

const TEXT = "The quick brown fox jumps over the lazy dog, and then it does so once more. "
  .repeat(4)
  .slice(0, 290);
const SDP = [
  "v=0",
  "o=- 0 0 IN IP4 192.0.2.4",
  "s=session",
  "c=IN IP4 192.0.2.4",
  "t=0 0",
  "m=message 5060 sip sip:bob@contoso.example",
  "a=accept-types:text/plain text/html",
  "",
].join("\r\n");

const BODIES: Readonly<Record<string, readonly [type: string, body: string]>> = {
  MESSAGE: ["text/plain; charset=UTF-8", TEXT],
  INVITE: ["application/sdp", SDP],
};

/** What differs between the requests of one partner. */
export interface RequestParts {
  readonly method: string;
  /** Names the transaction; unique in the whole run. */
  readonly branch: string;
  readonly callId: string;
  readonly cseq: number;
  /** "" outside of a dialog. */
  readonly toTag: string;
  /** Route lines with their ends, "" where there are none. */
  readonly routes: string;
}

/** MESSAGE: about 650 bytes. */
export function requestText(domain: string, parts: RequestParts): string {
  const { method, branch, callId, cseq, toTag, routes } = parts;
  const [type, body] = BODIES[method] ?? ["", ""];
  const contact = method === "INVITE" || method === "SUBSCRIBE" ? `Contact: <sip:bob@${domain}>\r\n` : "";
  const event = method === "SUBSCRIBE" ? "Event: presence\r\nExpires: 3600\r\n" : "";
  const typeLine = type === "" ? "" : `Content-Type: ${type}\r\n`;
  return (
    `${method} sip:alice@example.com SIP/2.0\r\n` +
    `Via: SIP/2.0/TLS sip.${domain}:5061;branch=z9hG4bK${branch}\r\n` +
    "Max-Forwards: 70\r\n" +
    routes +
    `From: "Bob" <sip:bob@${domain}>;tag=5c2b1a0f9e\r\n` +
    `To: <sip:alice@example.com>${toTag === "" ? "" : `;tag=${toTag}`}\r\n` +
    `Call-ID: ${callId}\r\n` +
    `CSeq: ${cseq} ${method}\r\n` +
    contact +
    event +
    typeLine +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
