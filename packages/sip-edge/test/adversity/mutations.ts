/** Messages, and how a seeded source spoils them. */

/** mulberry32: [0, 1) */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function message(start: string, changes: Readonly<Record<string, string>> = {}, body = ""): string {
  const method = start.startsWith("SIP/2.0") ? "INVITE" : start.slice(0, start.indexOf(" "));
  const headers: Record<string, string> = {
    Via: "SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKpeer1;rport, SIP/2.0/TLS 10.1.4.77:50122;received=1.2.3.4",
    "Record-Route":
      "<sip:sip.contoso.example:5061;transport=tls;lr>, <sip:pool.contoso.example;lr;ms-key-info=AAEAAQ>",
    "Max-Forwards": "66",
    From: '"Bob \\"B\\"" <sip:bob@contoso.example>;tag=5c2b1a0f9e;epid=01ab23cd45',
    To: "<sip:alice@example.com>;tag=4711",
    "Call-ID": "0b1cfe2adc0b4e5b8d1f4c7d2a6f9e31",
    CSeq: `2 ${method}`,
    Route: "<sip:sip.example.com:5061;transport=tls;lr>, <sip:next.example.com;lr>",
    Contact: "<sip:bob@contoso.example;opaque=user:epid:k1;gruu>",
    "User-Agent": "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017",
    "P-Asserted-Identity": "<sip:bob@contoso.example>, <tel:+4930>",
    "Content-Type": 'multipart/mixed;boundary="x y";charset=UTF-8',
    ...changes,
    "Content-Length": String(body.length),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [start, ...lines, "", body].join("\r\n");
}

export const CORPUS: readonly string[] = [
  message("MESSAGE sip:alice@example.com SIP/2.0", {}, "hello"),
  message(
    "INVITE sip:alice@example.com;user=phone?Subject=x SIP/2.0",
    { To: "<sip:alice@example.com>" },
    "v=0\r\n",
  ),
  message("ACK sip:alice@example.com SIP/2.0"),
  message("CANCEL sip:alice@example.com SIP/2.0"),
  message("BYE sip:alice@sip.example.com:5061;transport=tls SIP/2.0"),
  message("NOTIFY sip:alice@example.com SIP/2.0", {
    Event: "presence;id=7",
    "Subscription-State": "active;expires=9",
  }),
  message("SUBSCRIBE sips:alice@example.com SIP/2.0", {
    Event: "presence",
    Expires: "3600",
    Supported: "eventlist",
  }),
  message("OPTIONS sip:sip.example.com SIP/2.0", {
    "Max-Forwards": "0",
    "Proxy-Require": "foo, ms-benotify",
  }),
  message("SIP/2.0 200 OK", { Via: "SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK1.id2" }),
  message(
    "SIP/2.0 183 Session Progress",
    { Via: "SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK2.id3" },
    "x",
  ),
  "MESSAGE sip:alice@example.com SIP/2.0\r\nv: SIP/2.0/TLS h;branch=z9hG4bK1\r\nf: <sip:bob@contoso.example>;tag=1\r\n" +
    "t: sip:alice@example.com\r\ni: 1\r\nCSeq: 1 MESSAGE\r\nl: 0\r\n\r\n\r\n\r\n",
];

const TOKENS: readonly string[] = [
  ...[
    "\r\n",
    "\n",
    "\r",
    "\r\n ",
    "\r\n\r\n",
    "\0",
    "\t",
    " ",
    ",",
    ";",
    ":",
    "<",
    ">",
    '"',
    "\\",
    "%",
    "@",
    "=",
    "?",
  ],
  ...[
    "%00",
    "%zz",
    '\\"',
    "()",
    "[::1]",
    "[",
    "]",
    "\xff\xfe",
    "\xc3\xa9",
    "sip:",
    "sips:",
    "tel:",
    "SIP/2.0",
    "SIP/9.9",
  ],
  ...[
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: -1\r\n",
    "l: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
  ],
  ...[
    "From: <sip:eve@evil.example>;tag=9\r\n",
    "Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK0.id1\r\n",
  ],
  ...[
    "Max-Forwards: 999\r\n",
    "CSeq: 4294967296 INVITE\r\n",
    "Route: <sip:evil.example;lr>\r\n",
    "__proto__: x\r\n",
  ],
  ...["To: <sip:alice@example.com>;tag=__proto__\r\n", "Call-ID: constructor\r\n", "Require: 100rel\r\n"],
];
/** Longest run of one piece, times. */
const MAX_REPEATS = 3_000;

/** A message of the corpus after one to eight changes; one character per byte. */
export function spoiled(random: () => number): string {
  const below = (count: number) => Math.floor(random() * count);
  let text = CORPUS[below(CORPUS.length)]!;
  for (let changes = 1 + below(8); changes > 0; changes--) {
    const at = below(text.length + 1);
    const length = below(random() < 0.8 ? 8 : 200);
    switch (below(8)) {
      case 0:
        text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      case 2:
        text = text.slice(0, at) + TOKENS[below(TOKENS.length)]! + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + text.slice(at, at + length).repeat(2 + below(6)) + text.slice(at + length);
        break;
      case 4:
        text = text.slice(0, at) + CORPUS[below(CORPUS.length)]!.slice(below(400));
        break;
      case 5: {
        const lines = text.split("\r\n");
        const [from, to] = [below(lines.length), below(lines.length)];
        lines.splice(to, 0, ...lines.splice(from, 1 + below(3)));
        text = lines.join("\r\n");
        break;
      }
      case 6: {
        const start = text.lastIndexOf("\r\n", at) + 2;
        text = text.slice(0, start) + TOKENS[below(TOKENS.length)]! + text.slice(start);
        break;
      }
      default:
        if (random() < 0.2) {
          const piece = random() < 0.5 ? TOKENS[below(TOKENS.length)]! : text.slice(at, at + length);
          text = text.slice(0, at) + piece.repeat(below(MAX_REPEATS)).slice(0, 80_000) + text.slice(at);
        }
    }
  }
  return text;
}
