import { afterEach, describe, expect, it } from "vitest";
import { createAuthority } from "../pki.ts";
import { type AccessEdge, type AccessEdgeOptions, startAccessEdge } from "./access-edge.ts";
import { Refused } from "./exchange.ts";
import { openRaw, type RawConnection } from "./raw-connection.ts";
import { headerOf, headersOf, listOf, statusOf } from "./wire.ts";

const authority = createAuthority({ name: "Test Root" });
const credentialsFor = (domain: string) =>
  authority.issue({ commonName: `sip.${domain}`, dns: [`sip.${domain}`] });
const contoso = credentialsFor("contoso.example");
const fabrikam = credentialsFor("fabrikam.example");

const running: AccessEdge[] = [];
const raws: RawConnection[] = [];
afterEach(async () => {
  for (const raw of raws.splice(0)) raw.close();
  await Promise.all(running.splice(0).map((edge) => edge.stop()));
});

async function start(domain: string, options: Partial<AccessEdgeOptions> = {}): Promise<AccessEdge> {
  const credentials = domain === "contoso.example" ? contoso : fabrikam;
  const edge = await startAccessEdge({ domain, credentials, ca: authority.cert, ...options });
  running.push(edge);
  return edge;
}

/** Bob at contoso and carol at fabrikam, each behind a simulated edge. */
async function twoEdges(style?: AccessEdgeOptions["style"]): Promise<{ bob: AccessEdge; carol: AccessEdge }> {
  const extra = style === undefined ? {} : { style };
  const carol = await start("fabrikam.example", { user: "carol", ...extra });
  const bob = await start("contoso.example", {
    partner: { port: carol.port, servername: "sip.fabrikam.example" },
    ...extra,
  });
  carol.partner = { port: bob.port, servername: "sip.contoso.example" };
  return { bob, carol };
}

/**
 * Two Microsoft edges find faults in each other: their Vias and Contacts name no FQDN, they ask for their own
 * extensions, and send documents with activities that Communicator of old does not show. Everything else must be right.
 */
const THEIR_WAYS = ["via", "contact", "ms-extension", "notify-body", "expires"];
const otherFaults = (edge: AccessEdge) =>
  edge.violations
    .filter(({ fault }) => !THEIR_WAYS.includes(fault))
    .map(({ fault, detail }) => `${fault}: ${detail}`);

describe.each([
  ["as Lync writes", undefined],
  ["in capitals, folded, x-ms-message", { allCaps: true, foldRecordRoute: true, media: "x-ms-message" }],
] as const)("two edges, %s", (_name, style) => {
  it("subscribe, refresh, show every state and unsubscribe", async () => {
    const { bob, carol } = await twoEdges(style);
    const watching = await bob.subscribe("carol@fabrikam.example");
    await watching.waitForState("Available");
    const watcher = await carol.waitForWatcher();
    expect(watcher.watcher).toBe("sip:bob@contoso.example");
    expect(await carol.setPresence("Busy")).toEqual([200]);
    await watching.waitForState("Busy");
    await Promise.all([carol.setPresence("Away"), carol.setPresence("Offline")]);
    await watching.waitForState("Away");
    await watching.waitForState("Offline");
    await watching.refresh();
    await watching.waitForState("Offline");
    expect(watching.expires).toBe(7200);
    const last = await watching.unsubscribe();
    expect(last.reason).toBe("timeout");
    expect([watching.active, watcher.active]).toEqual([false, false]);
    expect(otherFaults(bob)).toEqual([]);
    expect(otherFaults(carol)).toEqual([]);
  });

  it("talk: first text once, typing, replies both ways, BYE", async () => {
    const { bob, carol } = await twoEdges(style);
    const mine = await bob.sendIm("carol@fabrikam.example", "Hi Carol, got a minute?");
    const hers = await carol.waitForConversation();
    expect(hers.firstText).toBe("Hi Carol, got a minute?");
    await hers.waitForText("Hi Carol, got a minute?");
    expect(statusOf(await hers.typing("type"))).toBe(200);
    await mine.waitForTyping("type");
    await carol.reply("Sure, what's up?");
    await mine.waitForText("Sure, what's up?");
    await bob.reply("Lunch");
    await carol.waitForText("Lunch");
    await carol.bye();
    await mine.waitForBye();
    expect(() => bob.conversation).toThrow("no IM session is open");
    expect(statusOf(await mine.send("too late"))).toBe(481);
    expect(otherFaults(bob)).toEqual([]);
    expect(otherFaults(carol)).toEqual([]);
  });
});

describe("the simulated edge", () => {
  it("sends no MESSAGE for a first text that was taken from the INVITE", async () => {
    const { bob, carol } = await twoEdges();
    carol.invitePolicy = { kind: "accept", consumeFirstText: true };
    await bob.sendIm("carol@fabrikam.example", "once");
    const hers = await carol.waitForConversation();
    await hers.waitForText("once");
    expect(bob.transcript.filter(({ message }) => message.start.startsWith("MESSAGE"))).toEqual([]);
  });

  it("interleaves Vias with signed Record-Routes and leaves the client's Via without a branch", async () => {
    const { bob, carol } = await twoEdges();
    await bob.subscribe("carol@fabrikam.example");
    const { message } = await carol.waitForRequest("SUBSCRIBE");
    const order = message.headers.map(([name]) => name).filter((name) => /via|route/i.test(name));
    expect(order).toEqual(["Via", "Record-Route", "Via", "Record-Route", "Via"]);
    expect(headersOf(message, "Via")[2]).not.toContain("branch");
    for (const route of listOf(message, "Record-Route"))
      expect(route).toMatch(/^<.+;lr;.*ms-route-sig=.+>;.*tag=/);
    expect(headerOf(message, "Contact")).toMatch(/^<sip:bob@contoso\.example;opaque=user:epid:\w+;gruu>$/);
    expect(headerOf(message, "From")).toMatch(/;epid=[0-9a-f]{10}$/);
  });

  it("answers an INVITE as told, late and with provisional responses", async () => {
    const { bob, carol } = await twoEdges();
    carol.invitePolicy = { kind: "accept", delayMs: 30, provisional: [101, 180] };
    await bob.sendIm("carol@fabrikam.example");
    const responses = bob.transcript.map(({ message }) => message).filter((message) => statusOf(message) > 0);
    expect(responses.map(statusOf)).toEqual([100, 101, 180, 200]);
    carol.invitePolicy = { kind: "decline", code: 606, headers: [["Warning", '309 x "no"']] };
    const refused = await bob.sendIm("carol@fabrikam.example", "x").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect((refused as Refused).status).toBe(606);
    await carol.waitForRequest("ACK");
    expect(otherFaults(carol)).toEqual([]);
  });

  it("answers by script, and shows a subscription's notifications that overtake its answer", async () => {
    const { bob, carol } = await twoEdges();
    carol.scriptAnswers("SUBSCRIBE", { code: 403 }, { code: 200, delayMs: 20 });
    await expect(bob.subscribe("carol@fabrikam.example")).rejects.toThrow(
      "SUBSCRIBE was refused: SIP/2.0 403",
    );
    carol.notifyFirst = true;
    const watching = await bob.subscribe("carol@fabrikam.example");
    const order = bob.transcript
      .slice(-4)
      .map(({ message }) => message.start.split(" ").slice(0, 2).join(" "));
    expect(order.findIndex((start) => start.startsWith("NOTIFY"))).toBeLessThan(
      order.lastIndexOf("SIP/2.0 200"),
    );
    await watching.waitForState("Available");
    bob.scriptAnswers("NOTIFY", { code: 481 });
    expect(await carol.setPresence("Busy")).toEqual([481]);
    expect(await carol.setPresence("Away")).toEqual([]);
  });

  it("ends the running session when the peer invites anew", async () => {
    const { bob, carol } = await twoEdges();
    const first = await bob.sendIm("carol@fabrikam.example", "one");
    await bob.sendIm("carol@fabrikam.example", "two");
    await first.waitForBye();
    await carol.waitForText("two");
    expect(carol.conversations.map(({ open }) => open)).toEqual([false, true]);
  });

  it("connects again after its connections broke, keeping its dialogs", async () => {
    const { bob, carol } = await twoEdges();
    const watching = await bob.subscribe("carol@fabrikam.example");
    await watching.waitForState("Available");
    await Promise.all([bob.dropConnections(), carol.dropConnections()]);
    expect(await carol.setPresence("Away")).toEqual([200]);
    await watching.waitForState("Away");
  });

  it("says what it saw when a wait fails", async () => {
    const { bob, carol } = await twoEdges();
    const watching = await bob.subscribe("carol@fabrikam.example");
    await watching.waitForState("Available");
    await expect(watching.waitForState("Busy", 20)).rejects.toThrow(
      "waited 0.02 s for a NOTIFY with sip:carol@fabrikam.example as Busy; last seen:\n  NOTIFY active showing Available",
    );
    carol.scriptAnswers("OPTIONS", "silence");
    const asked = bob.request({ method: "OPTIONS", to: "carol@fabrikam.example", timeoutMs: 20 });
    await expect(asked).rejects.toThrow(
      /waited 0\.02 s for an answer to OPTIONS[\s\S]*last seen:[\s\S]*NOTIFY/,
    );
  });
});

describe("a partner that misbehaves", () => {
  const raw = (edge: AccessEdge, options: Partial<Parameters<typeof openRaw>[0]> = {}) => {
    const connection = openRaw({
      port: edge.port,
      ...fabrikam,
      ca: authority.cert,
      servername: edge.host,
      ...options,
    });
    raws.push(connection);
    return connection;
  };
  const INVITE = `INVITE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bK1
Max-Forwards: 70
From: <sip:carol@fabrikam.example>;tag=1
To: <sip:bob@contoso.example>
Call-ID: 1
CSeq: 1 INVITE
Contact: <sip:sip.fabrikam.example;transport=tls>
Ms-Conversation-ID: id1
Content-Type: application/sdp
Content-Length: 52

m=message 5060 sip null
a=accept-types:text/plain
`.replaceAll("\n", "\r\n");
  const faults = (edge: AccessEdge) => edge.violations.map(({ fault }) => fault);

  it("is not let in without a certificate, or with one of another authority", async () => {
    const edge = await start("contoso.example");
    const nobody = raw(edge, { cert: undefined, key: undefined });
    expect(await nobody.closed).not.toBe("");
    const stranger = createAuthority({ name: "Stranger" }).issue({ commonName: "x" });
    const other = raw(edge, stranger);
    await other.closed;
    expect(other.secured).toBe(true);
    expect(await other.read()).toBe("");
    expect(edge.connectionCount).toBe(0);
  });

  it("is blamed for a certificate that can't serve both roles or has another name", async () => {
    const edge = await start("contoso.example", {
      partner: { port: 1, servername: "sip.fabrikam.example" },
    });
    const weak = authority.issue({
      commonName: "x",
      dns: ["sip.other.example"],
      extendedKeyUsage: ["clientAuth"],
    });
    const connection = raw(edge, weak);
    connection.write("nonsense\r\n\r\n");
    await connection.closed;
    expect(faults(edge)).toEqual(["certificate", "certificate", "framing"]);
    expect(edge.faults()[0]).toContain(
      "serves both roles (RFC 5922 7); extended key usage lacks 1.3.6.1.5.5.7.3.1",
    );
  });

  it("gets 400 and 481 in a dialog, and is blamed for its route, its tags, a used conversation id and an unasked response", async () => {
    const edge = await start("contoso.example");
    const connection = raw(edge);
    connection.write(`\r\n\r\n${INVITE}`);
    const ok = await connection.readUntil("SIP/2.0 200 OK");
    expect(edge.faults()).toEqual([]);
    expect(edge.keepAlivesReceived).toBe(2);
    const to = /^To: (.*;tag=.*)$/m.exec(ok)![1]!.trim();
    const bye = (toValue: string) =>
      `BYE sip:bob@contoso.example SIP/2.0\r\nVia: SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bK2\r\nMax-Forwards: 70\r\nFrom: <sip:carol@fabrikam.example>;tag=1\r\nTo: ${toValue}\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n`;
    connection.write(bye(to));
    await connection.readUntil("SIP/2.0 400 Malformed route header");
    connection.write(bye(to.replace(/tag=\w+/, "tag=x")));
    await connection.readUntil("SIP/2.0 481");
    connection.write(INVITE.replace("Call-ID: 1", "Call-ID: 2").replace("z9hG4bK1", "z9hG4bK3"));
    await connection.readUntil("SIP/2.0 200");
    connection.write(
      INVITE.replace(/^INVITE.*/, "SIP/2.0 200 OK")
        .replace("Content-Length: 52", "X: y")
        .split("m=")[0]!,
    );
    await edge.waitFor((message) => statusOf(message) === 200, { what: "the response" });
    expect(faults(edge)).toEqual([
      "route-set",
      "tags",
      "conversation-id",
      "content-length",
      "unasked-response",
    ]);
  });

  it("is blamed for a 200 that it does not acknowledge", async () => {
    const edge = await start("contoso.example");
    edge.invitePolicy = { kind: "accept", ackPatienceMs: 10 };
    const connection = raw(edge);
    connection.write(INVITE);
    await connection.readUntil("SIP/2.0 200");
    await expect.poll(() => faults(edge)).toEqual(["no-ack"]);
  });

  it("is blamed for an active state without expires and for a BENOTIFY that it answers", async () => {
    const { bob, carol } = await twoEdges();
    const watching = await bob.subscribe("carol@fabrikam.example");
    const watcher = await carol.waitForWatcher();
    await watcher.notify({ state: "active" });
    await watching.waitForNotify(({ expires }) => expires === undefined);
    await watcher.notify({ method: "BENOTIFY" });
    await bob.waitForRequest("BENOTIFY");
    expect(faults(bob)).toContain("subscription-state");
    await carol.waitFor((message) => /BENOTIFY$/.test(headerOf(message, "CSeq") ?? ""), {
      what: "an answer",
    });
    expect(faults(carol)).toContain("unasked-response");
  });

  it("rings until it is cancelled", async () => {
    const edge = await start("contoso.example");
    edge.invitePolicy = { kind: "ring", provisional: [180] };
    const connection = raw(edge);
    connection.write(INVITE);
    await connection.readUntil("SIP/2.0 180 Ringing");
    const cancel = INVITE.replaceAll("INVITE", "CANCEL").replace(
      /Content-Type[\s\S]*/,
      "Content-Length: 0\r\n\r\n",
    );
    connection.write(cancel);
    expect(await connection.readUntil("SIP/2.0 487")).toContain("SIP/2.0 200 OK");
  });
});
