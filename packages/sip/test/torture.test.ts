/** The torture messages of RFC 4475 and RFC 5118, by the names they have there, and what becomes of each. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Defect, findDefect } from "../src/message/defect.ts";
import type { SipMessage } from "../src/message/message.ts";
import { serializeBytes } from "../src/message/serialize.ts";
import { parseNameAddr } from "../src/uri/name-addr.ts";
import { parseSipUri, uriScheme } from "../src/uri/sip-uri.ts";
import { cutAt, dribble, look, picture, readChunks } from "./frames.ts";

const FOLDER = new URL("./torture/", import.meta.url);

function bytesOf(kind: "valid" | "invalid", name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${kind}/${name}.dat`, FOLDER)));
}

/** A message that goes on as it is, and what its reader must have seen. */
type Seen = (message: SipMessage) => Record<string, unknown>;
const keys: Seen = (m) => ({
  method: m.method,
  callId: m.callId,
  from: m.fromTag,
  to: m.toTag,
  branch: m.topVia?.branch,
});

const VALID: Record<string, readonly [Seen, Record<string, unknown>]> = {
  wsinv: [
    (m) => ({
      ...keys(m),
      cseq: m.cseq?.number,
      hops: m.number("Max-Forwards"),
      vias: m.list("Via").length,
      display: m.from?.display,
      route: m.get("Route"),
      folded: m.get("NewFangledHeader"),
      subject: m.get("Subject"),
    }),
    {
      method: "INVITE",
      callId: "wsinv.abcdefg@192.0.2.1",
      from: "98asjd8",
      to: "1918181833n",
      branch: "390skdjuw",
      cseq: 9,
      hops: 68,
      vias: 3,
      display: 'J Rosen \\"',
      route: "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
      folded: "newfangled value continued newfangled value",
      subject: "",
    },
  ],
  intmeth: [
    (m) => ({ method: m.method, host: parseSipUri(m.uri)?.host, display: m.to?.display, tag: m.fromTag }),
    {
      method: "!interesting-Method0123456789_*+`.%indeed'~",
      host: "example.com",
      display: "BEL:\x07 NUL:\0 DEL:\x7f",
      tag: "_token~1'+`*%!-.",
    },
  ],
  esc01: [
    (m) => ({ user: parseSipUri(m.uri)?.user, to: m.to?.uri }),
    { user: "sips%3Auser%40example.com", to: "sip:%75se%72@example.com" },
  ],
  escnull: [
    (m) => ({ to: m.to?.uri, contacts: m.count("Contact") }),
    { to: "sip:null-%00-null@example.com", contacts: 2 },
  ],
  // Escapes mean nothing outside URIs: neither REGISTER nor Contact.
  esc02: [
    (m) => ({ method: m.method, contacts: m.count("Contact") }),
    { method: "RE%47IST%45R", contacts: 2 },
  ],
  lwsdisp: [(m) => ({ display: m.from?.display, tag: m.fromTag }), { display: "caller", tag: "323" }],
  longreq: [
    (m) => ({ vias: m.list("Via").length, via: m.topVia?.host }),
    { vias: 33, via: "sip33.example.com" },
  ],
  semiuri: [(m) => ({ user: parseSipUri(m.uri)?.user }), { user: "user;par=u%40example.net" }],
  transports: [(m) => ({ top: m.topVia?.transport, vias: m.count("Via") }), { top: "UDP", vias: 5 }],
  mpart01: [
    (m) => ({ bytes: m.body.length > 400, every: [...Array(256).keys()].every((b) => m.body.includes(b)) }),
    { bytes: true, every: true },
  ],
  unreason: [(m) => ({ status: m.status }), { status: 200 }],
  noreason: [
    (m) => ({ status: m.status, start: m.start }),
    { status: 100, start: { kind: "response", status: 100, reason: "" } },
  ],
  badbranch: [(m) => ({ branch: m.topVia?.branch }), { branch: "z9hG4bK" }],
  bext01: [(m) => ({ require: m.list("Require").length }), { require: 2 }],
  invut: [(m) => ({ type: m.get("Content-Type") }), { type: "application/unknownformat" }],
  regaut01: [(m) => ({ auth: m.get("Authorization") }), { auth: "NoOneKnowsThisScheme opaque-data=here" }],
  bcast: [
    (m) => ({ next: m.list("Via")[1] }),
    { next: "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23" },
  ],
  zeromf: [(m) => ({ hops: m.number("Max-Forwards") }), { hops: 0 }],
  // Parameters of the header and of the URI are not the same.
  cparam01: [(m) => ({ params: m.contact?.params }), { params: [["unknownparam", undefined]] }],
  cparam02: [
    (m) => ({ params: m.contact?.params, uri: m.contact?.uri }),
    { params: [], uri: "sip:+19725552222@gw1.example.net;unknownparam" },
  ],
  regescrt: [
    (m) => ({ headers: parseSipUri(m.contact?.uri ?? "")?.headers }),
    { headers: "Route=%3Csip:sip.example.com%3E" },
  ],
  regbadct: [(m) => ({ contact: m.contact }), { contact: undefined }],
  sdp01: [(m) => ({ accept: m.get("Accept") }), { accept: "text/nobodyKnowsThis" }],
  inv2543: [
    (m) => ({ branch: m.topVia?.branch, hops: m.number("Max-Forwards"), to: m.to?.uri }),
    { branch: undefined, hops: undefined, to: "sip:+16505552222@ss1.example.net" },
  ],
  unksm2: [(m) => ({ to: uriScheme(m.to?.uri ?? "") }), { to: "isbn" }],
  baddate: [
    keys,
    { method: "INVITE", callId: "torture@192.0.2.1", from: "323", to: undefined, branch: "z9hG4bKkdjuw" },
  ],
  badaspec: [
    (m) => ({ to: m.to?.uri, display: m.to?.display }),
    { to: "sip:t.watson@example.org", display: "Watson, Thomas" },
  ],
  baddn: [
    (m) => ({ from: m.from?.uri, display: m.from?.display }),
    { from: "sip:a.g.bell@example.com", display: "Bell, Alexander" },
  ],
  "ipv6-good": [
    (m) => ({ host: parseSipUri(m.uri)?.host, via: m.topVia?.host }),
    { host: "[2001:db8::10]", via: "[2001:db8::9:1]" },
  ],
  "port-ambiguous": [(m) => ({ ...hostPort(m.uri) }), { host: "[2001:db8::10:5070]", port: undefined }],
  "port-unambiguous": [(m) => ({ ...hostPort(m.uri) }), { host: "[2001:db8::10]", port: 5070 }],
  "via-received-param-with-delim": [received, { received: "[2001:db8::9:255]" }],
  "via-received-param-no-delim": [received, { received: "2001:db8::9:255" }],
  "ipv6-in-sdp": [(m) => ({ contact: m.contact?.uri }), { contact: "sip:caller@[2001:db8::20]" }],
  "mult-ip-in-header": [(m) => ({ port: m.topVia?.port, vias: m.count("Via") }), { port: 6050, vias: 3 }],
  "mult-ip-in-sdp": [(m) => ({ ...hostPort(m.uri) }), { host: "[2001:db8::10]", port: undefined }],
  "ipv4-mapped-ipv6": [
    (m) => ({ via: m.topVia?.host, port: m.topVia?.port }),
    { via: "[::ffff:192.0.2.10]", port: 19823 },
  ],
  "ipv6-bug-abnf-3-colons": [
    (m) => ({ ...hostPort(m.uri) }),
    { host: "[2001:db8:::192.0.2.1]", port: undefined },
  ],
};

function hostPort(uri: string): { host: string | undefined; port: number | undefined } {
  const parsed = parseSipUri(uri);
  return { host: parsed?.host, port: parsed?.port };
}

function received(m: SipMessage): Record<string, unknown> {
  return { received: m.topVia?.params.find(([name]) => name === "received")?.[1] };
}

type Verdict =
  /** The stream goes on; the message is refused, or dropped when it is a response. */
  | Defect
  /** The end of this stream. */
  | { readonly broken: number; readonly why: string }
  | "incomplete";

const INVALID: Record<string, Verdict> = {
  badinv01: { status: 400, why: "Via is malformed" },
  badvers: { status: 505, why: "version is not SIP/2.0" },
  bigcode: { status: 400, why: "status code is malformed" },
  clerr: "incomplete",
  escruri: { status: 400, why: "Request-URI has headers" },
  insuf: { status: 400, why: "From is missing" },
  "ipv6-bad": { status: 400, why: "Request-URI is malformed" },
  ltgtruri: { status: 400, why: "Request-URI is malformed" },
  lwsruri: { status: 400, why: "Request-URI is malformed" },
  lwsstart: { status: 400, why: "Request-URI is malformed" },
  mcl01: { broken: 400, why: "Content-Length is malformed" },
  mismatch01: { status: 400, why: "CSeq has another method" },
  mismatch02: { status: 400, why: "CSeq has another method" },
  multi01: { status: 400, why: "CSeq stands twice" },
  ncl: { broken: 400, why: "Content-Length is malformed" },
  novelsc: { status: 416, why: "Request-URI scheme is soap.beep" },
  quotbal: { status: 400, why: "To is malformed" },
  scalar02: { status: 400, why: "CSeq is malformed" },
  scalarlg: { status: 400, why: "CSeq is malformed" },
  trws: { status: 400, why: "white space behind the version" },
  unkscm: { status: 416, why: "Request-URI scheme is nobodyknowsthisscheme" },
};

describe("the corpus", () => {
  test("has a verdict for every file", () => {
    const files = (kind: string) =>
      readdirSync(new URL(`${kind}/`, FOLDER)).map((f) => f.replace(".dat", ""));
    expect(files("valid").sort()).toEqual([...Object.keys(VALID), "dblreq"].sort());
    expect(files("invalid").sort()).toEqual(Object.keys(INVALID).sort());
  });
});

describe("valid messages", () => {
  test.each(Object.entries(VALID))("%s", (name, [see, seen]) => {
    const { frames } = readChunks([bytesOf("valid", name)]);
    expect(frames.map((f) => f.kind)).toEqual(["message"]);
    const message = (frames[0] as { message: SipMessage }).message;
    expect(findDefect(message)).toBeUndefined();
    expect(see(message)).toEqual(seen);
    // Forwarded, the next hop reads the same.
    const again = readChunks([serializeBytes(message)]);
    expect(again.frames.map((f) => look((f as { message?: SipMessage }).message))).toEqual([look(message)]);
  });

  test("dblreq: on a stream the second request is one", () => {
    const { frames } = readChunks([bytesOf("valid", "dblreq")]);
    expect(frames.map((f) => f.kind === "message" && f.message.method)).toEqual(["REGISTER", "OPTIONS"]);
  });
});

describe("invalid messages", () => {
  test.each(Object.entries(INVALID))("%s", (name, verdict) => {
    const { frames, framer } = readChunks([bytesOf("invalid", name)]);
    if (verdict === "incomplete") {
      expect(frames).toEqual([]);
      expect(framer.isPartial).toBe(true);
    } else if ("broken" in verdict) {
      expect(frames).toMatchObject([{ kind: "broken", status: verdict.broken, why: verdict.why }]);
      // There is something to answer.
      expect((frames[0] as { message?: SipMessage }).message?.callId).toBe("torture@192.0.2.1");
    } else {
      expect(frames.map((f) => f.kind)).toEqual(["message"]);
      expect(findDefect((frames[0] as { message: SipMessage }).message)).toEqual(verdict);
    }
  });
});

describe("every file, however it arrives", () => {
  const all = [
    ...[...Object.keys(VALID), "dblreq"].map((n) => ["valid", n] as const),
    ...Object.keys(INVALID).map((n) => ["invalid", n] as const),
  ];
  test.each(all)("%s/%s gives the same frames", (kind, name) => {
    const bytes = bytesOf(kind, name);
    const whole = picture(readChunks([bytes]).frames);
    expect(picture(readChunks(dribble(bytes)).frames)).toEqual(whole);
    for (let at = 1; at < Math.min(bytes.length, 700); at++) {
      expect(picture(readChunks(cutAt(bytes, at)).frames)).toEqual(whole);
    }
  });
});

test("an address of another scheme is still an address", () => {
  expect(parseNameAddr("<http://www.example.com>;tag=1")?.uri).toBe("http://www.example.com");
});
