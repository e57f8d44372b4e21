/** What bad input of a SIP partner gets: each row of the promise, through the real listener. */
import { connect } from "node:net";
import {
  ALICE,
  BOB,
  type Credentials,
  createAuthority,
  headerOf,
  type Lab,
  openRaw,
  SIP_DOMAIN,
  statusOf,
  type WireMessage,
} from "@tombolo/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokenPromises, type MetricsPage, readMetrics } from "./metrics-page.ts";
import { startRealLab } from "./real-lab.ts";
import { type RequestText, SipPeer, sipRequest } from "./sip-peer.ts";

const LENIENT = "lenient.example";
const DAY_MS = 86_400_000;
/** A text outside sessions that the XMPP server has, in the partner's dialect. */
const TAKEN = 202;
/** Texts that alice must see; anything else that reaches her is a hole. */
const GOOD_TEXTS: string[] = [];

let lab: Lab;
let loris: { readonly trickle: Promise<number>; readonly silent: Promise<number> };
const peers: SipPeer[] = [];

beforeAll(async () => {
  lab = await startRealLab({ partners: [{ domain: LENIENT, purpose: "server-auth-as-client" }] });
  loris = { trickle: closedAfter(trickle()), silent: closedAfter(silence()) };
});
afterAll(() => lab?.stop());

function peer(credentials?: Credentials): SipPeer {
  const made = new SipPeer(lab, credentials);
  peers.push(made);
  return made;
}

const metrics = () => readMetrics(lab.adminUrl);

/** A message that is never finished, a byte now and then. */
function trickle(): Promise<unknown> {
  const slow = new SipPeer(lab);
  slow.write("OPTIONS sip:alice@example.com SIP/2.0\r\nX: ");
  const drip = setInterval(() => slow.write("x"), 500);
  return slow.closed.finally(() => clearInterval(drip));
}

/** A TCP connection that never begins its handshake. */
function silence(): Promise<unknown> {
  const socket = connect(lab.sipPort, "127.0.0.1");
  socket.on("error", () => {});
  return new Promise((resolve) => socket.on("close", resolve));
}

async function closedAfter(closed: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await closed;
  return (performance.now() - started) / 1000;
}

function issue(dns: string, more: Partial<Parameters<Lab["authority"]["issue"]>[0]> = {}): Credentials {
  return lab.authority.issue({ commonName: dns, dns: [dns], ...more });
}

describe("who may connect", () => {
  const refused: readonly [what: string, reason: string, shown: () => Partial<Credentials>][] = [
    ["no client certificate", "no-certificate", () => ({})],
    [
      "a certificate of an unknown CA",
      "unknown-ca",
      () =>
        createAuthority({ name: "Nobody's CA" }).issue({
          commonName: "sip.contoso.example",
          dns: ["sip.contoso.example"],
        }),
    ],
    [
      "an expired certificate",
      "expired",
      () =>
        issue("sip.contoso.example", {
          notBefore: new Date(Date.now() - 9 * DAY_MS),
          notAfter: new Date(Date.now() - DAY_MS),
        }),
    ],
    ["a name that no partner has", "unknown-name", () => issue("sip.stranger.example")],
    ["a name below a partner's", "unknown-name", () => issue("x.sip.contoso.example")],
    [
      "a certificate for servers only, strict",
      "purpose",
      () => issue("sip.contoso.example", { extendedKeyUsage: ["serverAuth"] }),
    ],
    [
      "a certificate for clients of nobody, lenient",
      "unknown-name",
      () => issue("lenient.example", { extendedKeyUsage: ["serverAuth"] }),
    ],
  ];

  test.each(refused)("%s: closed before any SIP is read, counted, with a cure", async (_, reason, shown) => {
    const before = await metrics();
    const { cert, key } = shown();
    const raw = openRaw({ port: lab.sipPort, cert, key });
    raw.write(sipRequest());
    expect(await raw.read()).toBe("");
    await expectRefusal(reason, before);
  });

  test("plain TCP on the TLS port", async () => {
    const before = await metrics();
    const socket = connect(lab.sipPort, "127.0.0.1");
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    });
    socket.write(sipRequest());
    await new Promise((resolve) => socket.on("close", resolve));
    expect(text).not.toContain("SIP/2.0");
    await expectRefusal("protocol", before);
  });

  test("a certificate for servers only, where the partner's purpose forgives it", async () => {
    const lenient = peer(issue("sip.lenient.example", { extendedKeyUsage: ["serverAuth"] }));
    const answer = await lenient.ask({ from: "sip:carol@lenient.example" });
    expect(statusOf(answer)).toBe(200);
  });

  async function expectRefusal(reason: string, before: MetricsPage): Promise<void> {
    const line = await lab.log.waitFor((one) => one.event === "tls-refused", { what: "a tls-refused line" });
    expect(line).toMatchObject({ reason, side: "outside", cure: expect.stringMatching(/\w+ \w+/) as string });
    const after = await metrics();
    const labels = { side: "outside", outcome: reason };
    const rise = (name: string, of: Record<string, string>) => after.sum(name, of) - before.sum(name, of);
    expect(rise("tls_handshakes_total", labels)).toBe(1);
    expect(rise("policy_decisions_total", { gate: "tls", decision: "deny", reason })).toBe(1);
    expect(rise("sip_requests_total", {})).toBe(0);
  }
});

describe("SIP that can't be framed", () => {
  const broken: readonly [what: string, text: () => string, status: number | undefined][] = [
    ["garbage", () => "hello, is this the\r\nright port?\r\n\r\n", undefined],
    ["HTTP", () => "GET / HTTP/1.1\r\nHost: sip.example.com\r\n\r\n", undefined],
    ["no Content-Length", () => text({ lengthLines: [] }), 400],
    ["two Content-Lengths", () => text({ lengthLines: ["Content-Length: 2", "Content-Length: 200"] }), 400],
    ["a Content-Length and its short form", () => text({ lengthLines: ["Content-Length: 2", "l: 3"] }), 400],
    ["a Content-Length that is no number", () => text({ lengthLines: ["Content-Length: two"] }), 400],
    ["a negative Content-Length", () => text({ lengthLines: ["Content-Length: -2"] }), 400],
    ["a Content-Length of two numbers", () => text({ lengthLines: ["Content-Length: 2, 2"] }), 400],
    ["a header of 1 MiB", () => sipRequest({ headers: [`X-Long: ${"x".repeat(1_048_576)}`] }), 513],
    ["a body over 1 MiB", () => text({ lengthLines: ["Content-Length: 1048577"] }), 513],
  ];

  const text = (request: RequestText) => sipRequest({ method: "MESSAGE", body: "hi", ...request });

  test.each(broken)("%s", async (_, bytes, status) => {
    const before = await metrics();
    const sender = peer();
    sender.write(bytes());
    const answer = await sender.next();
    expect(answer && statusOf(answer)).toBe(status);
    if (answer) expect(await sender.next()).toBeUndefined();
    expect(await sender.closed).toMatch(/^(|EPIPE|ECONNRESET)$/);
    const after = await metrics();
    expect(after.inside).toBe(before.inside);
    const denied = { gate: "edge", decision: "deny", reason: "unframeable" };
    const rise = after.sum("policy_decisions_total", denied) - before.sum("policy_decisions_total", denied);
    expect(rise).toBe(1);
  });
});

describe("requests that are refused, on a connection that lives on", () => {
  let sender: SipPeer;
  beforeAll(() => {
    sender = peer();
  });

  const im = (request: RequestText): RequestText => ({ method: "MESSAGE", body: "let me in", ...request });

  const atTheEdge: readonly [what: string, status: number, request: RequestText][] = [
    ["From of no partner", 403, im({ from: "sip:mallory@attacker.example" })],
    ["From of another partner", 403, im({ from: "sip:carol@lenient.example" })],
    ["From of a domain below the partner's", 403, im({ from: "sip:bob@x.contoso.example" })],
    ["From of our own domain", 403, im({ from: "sip:alice@example.com" })],
    ["From that is no SIP address", 403, im({ from: "tel:+15551234" })],
    ["SUBSCRIBE from no partner", 403, { method: "SUBSCRIBE", from: "sip:m@attacker.example" }],
    ["INVITE from no partner", 403, { method: "INVITE", from: "sip:m@attacker.example" }],
    ["a domain that is not ours", 404, im({ uri: "sip:alice@elsewhere.example" })],
    ["our edge as a relay back to the partner", 404, im({ uri: "sip:carol@contoso.example" })],
    ["another scheme", 416, im({ uri: "tel:+15551234", to: "sip:alice@example.com" })],
    ["no hops left", 483, im({ headers: ["Max-Forwards: 0"] })],
    ["an extension of proxies", 420, im({ headers: ["Proxy-Require: x-strange"] })],
  ];

  test.each(atTheEdge)("%s: %i, and nothing gets inside", async (_, status, request) => {
    const before = await metrics();
    const raw = sipRequest(request);
    // The hops in question come first: a second Max-Forwards would be another fault.
    const answer = await sender.ask(status === 483 ? raw.replace("Max-Forwards: 70\r\n", "") : raw);
    expect(answer.start).toMatch(new RegExp(`^SIP/2\\.0 ${status} `));
    if (status === 420) expect(headerOf(answer, "Unsupported")).toBe("x-strange");
    const after = await metrics();
    expect(after.inside).toBe(before.inside);
    expect(after.books("sip_to_xmpp").accepted).toBe(before.books("sip_to_xmpp").accepted);
  });

  const byTheGateway: readonly [string, number, RequestText, Readonly<Record<string, RegExp>>][] = [
    ["an unknown method", 405, { method: "FOO" }, { Allow: /INVITE.*MESSAGE.*SUBSCRIBE/ }],
    ["PUBLISH", 405, { method: "PUBLISH" }, { Allow: /INVITE/ }],
    ["REFER", 405, { method: "REFER" }, { Allow: /INVITE/ }],
    ["NEGOTIATE", 405, { method: "NEGOTIATE" }, { Allow: /INVITE/ }],
    ["an extension", 420, im({ headers: ["Require: x-strange"] }), { Unsupported: /^x-strange$/ }],
    ["a file offer", 415, im({ contentType: "text/x-msmsgsinvite" }), { Accept: /text\/plain/ }],
    ["a picture only", 415, im({ contentType: "image/gif" }), { Accept: /text\/plain/ }],
    [
      "another event",
      489,
      { method: "SUBSCRIBE", headers: ["Event: dialog"] },
      { "Allow-Events": /presence/ },
    ],
    ["an INVITE for sound", 488, { method: "INVITE", ...sound() }, {}],
    ["no user in the address", 404, im({ uri: "sip:example.com" }), {}],
    ["a user that no JID can be", 404, im({ uri: "sip:%00@example.com" }), {}],
    ["BYE of no dialog", 481, { method: "BYE" }, {}],
    ["NOTIFY of no subscription", 481, { method: "NOTIFY", headers: ["Event: presence"] }, {}],
    ["INFO of no session", 481, { method: "INFO" }, {}],
  ];

  test.each(byTheGateway)("%s: %i", async (_, status, request, headers) => {
    const answer = await sender.ask(request);
    expect(answer.start).toMatch(new RegExp(`^SIP/2\\.0 ${status} `));
    for (const [name, value] of Object.entries(headers)) expect(headerOf(answer, name)).toMatch(value);
    expect(statusOf(await sender.ask())).toBe(200);
  });

  function sound(): RequestText {
    const sdp = [
      "v=0",
      "o=- 0 0 IN IP4 10.1.4.77",
      "s=-",
      "c=IN IP4 10.1.4.77",
      "t=0 0",
      "m=audio 5004 RTP/AVP 0",
    ];
    return { contentType: "application/sdp", body: `${sdp.join("\r\n")}\r\n` };
  }

  test("an unknown user: the text bounces before its 200, alone or in a session", async () => {
    const before = (await metrics()).books("sip_to_xmpp");
    const answer = await sender.ask(im({ uri: "sip:nobody@example.com" }));
    expect(answer.start).toMatch(/^SIP\/2\.0 (404|480) /);
    const refused = await lab.edge.sendIm("nobody@example.com", "anybody?").catch((error: Error) => error);
    expect(refused).toMatchObject({
      name: "Error",
      status: expect.toSatisfy((s) => s === 404 || s === 480) as number,
    });
    await lab.edge.bye();
    const after = (await metrics()).books("sip_to_xmpp");
    expect(after.bounced - before.bounced).toBe(2);
    expect(after.delivered).toBe(before.delivered);
  });

  test("a text too large for the XMPP side is refused, and the link stays up", async () => {
    const answer = await sender.ask(im({ body: "x".repeat(900_000) }));
    expect(answer.start).toMatch(/^SIP\/2\.0 (413|513) /);
    expect((await metrics()).sum("xmpp_link_up", { domain: "contoso.example" })).toBe(1);
  });

  test("characters that XML can't carry reach alice as something else, and the link stays up", async () => {
    const answer = await sender.ask(im({ body: "good\u0000\u0007\u000b\ufffe one" }));
    expect(statusOf(answer)).toBe(TAKEN);
    const message = await lab.alice.waitForMessage({ from: BOB });
    GOOD_TEXTS.push(message.getChildText("body") ?? "");
    expect(message.getChildText("body")).toMatch(/^good.{0,4} one$/);
    expect((await metrics()).sum("xmpp_link_up", { domain: "contoso.example" })).toBe(1);
  });
});

describe("the stream, however it is cut", () => {
  test("OPTIONS: 200, for a user, for the domain and for the edge itself", async () => {
    const sender = peer();
    for (const uri of [
      "sip:alice@example.com",
      "sip:nobody@example.com",
      "sip:example.com",
      "sip:sip.example.com",
    ]) {
      const answer = await sender.ask({ uri });
      expect([uri, statusOf(answer)]).toEqual([uri, 200]);
      expect(headerOf(answer, "Allow")).toMatch(/MESSAGE/);
    }
  });

  test("one byte at a time", async () => {
    const sender = peer();
    const bytes = Buffer.from(sipRequest({ method: "MESSAGE", body: "byte by byte" }));
    const asked = sender.next();
    for (const byte of bytes) {
      sender.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(statusOf((await asked)!)).toBe(TAKEN);
    GOOD_TEXTS.push("byte by byte");
    await lab.alice.waitForMessage({ from: BOB, body: "byte by byte" });
  });

  test("three requests in one write get three answers", async () => {
    const sender = peer();
    sender.write([sipRequest(), sipRequest({ method: "PUBLISH" }), sipRequest()].join(""));
    const statuses = [await sender.next(), await sender.next(), await sender.next()].map((one) =>
      statusOf(one!),
    );
    expect(statuses.sort()).toEqual([200, 200, 405]);
  });

  test("CRLF CRLF is answered with CRLF", async () => {
    const sender = peer();
    expect(statusOf(await sender.ask())).toBe(200);
    sender.write("\r\n\r\n");
    expect(await sender.readText()).toBe("\r\n");
  });
});

describe("after all of that", () => {
  test("a good text still arrives, and alice has seen nothing else", async () => {
    await lab.edge.sendIm(ALICE, "all is well");
    await lab.alice.waitForMessage({ from: BOB, body: "all is well" });
    await lab.edge.bye();
    const others = lab.alice.received.filter(({ attrs }) => !attrs.from?.startsWith(ALICE));
    const bodies = others.filter(({ name }) => name === "message").map((one) => one.getChildText("body"));
    expect(bodies.filter((body) => body !== null)).toEqual([...GOOD_TEXTS, "all is well"]);
    expect(others.filter(({ name }) => name === "presence").map(String)).toEqual([]);
    expect(lab.edge.faults()).toEqual([]);
  });

  test("no answer that a partner's edge must never see", () => {
    const answers: WireMessage[] = peers.flatMap(({ received }) => received);
    for (const { direction, message } of lab.edge.transcript)
      if (direction === "received") answers.push(message);
    const forbidden = answers.filter((answer) => [401, 407, 408, 503, 600].includes(statusOf(answer)));
    expect(answers.length).toBeGreaterThan(50);
    expect(forbidden.map(({ start }) => start)).toEqual([]);
  });

  test("nothing of what strangers wrote is in the metrics, and no person in the log", async () => {
    const page = await metrics();
    expect(brokenPromises(page, [SIP_DOMAIN, LENIENT])).toEqual([]);
    expect(page.text).not.toMatch(/attacker|mallory|elsewhere|nobody|FOO|stranger|x-strange/);
    const log = lab.log.entries.map((line) => JSON.stringify(line)).join("\n");
    expect(log).not.toMatch(/alice@|bob@|nobody@|mallory@|let me in|all is well/);
  });

  test("who sends nothing, or never ends a message, is closed", async () => {
    expect(await loris.silent).toBeLessThan(12);
    expect(await loris.trickle).toBeLessThan(18);
  });
});
