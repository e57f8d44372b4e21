import { buildResponse } from "@tombolo/sip";
import { afterEach, describe, expect, it } from "vitest";
import {
  contoso,
  deadPort,
  messageFromAlice,
  messageFromBob,
  OTHER_CA,
  PartnerServer,
  WireRig,
} from "./wire-rig.ts";

let rig: WireRig;
afterEach(() => rig.end());

const BODY = "Grüße \u0000\u00ff";

describe("bytes of a partner", () => {
  it("may come one by one, or many messages at once, and keep their bodies", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    const first = messageFromBob("slow", BODY);
    for (const char of first) peer.write(char);
    peer.write(messageFromBob("m2", BODY) + messageFromBob("m3", BODY));
    await rig.until(() => rig.inside.length === 3, "three messages");
    expect(rig.inside.map(({ message }) => message.callId)).toEqual(["slow", "m2", "m3"]);
    for (const { message } of rig.inside) expect(Buffer.from(message.body).toString("latin1")).toBe(BODY);
  });

  it("get their answers on the same connection, all of a turn in one piece", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    let pieces = 0;
    peer.socket.on("data", () => pieces++);
    peer.write(messageFromBob("m1") + messageFromBob("m2"));
    await rig.until(() => rig.inside.length === 2, "two messages");
    for (const { message } of rig.inside) rig.driver.fromNode(buildResponse(message, 200, { toTag: "t" }));
    await rig.until(() => peer.received.split("SIP/2.0 200").length === 3, "two answers");
    expect(peer.received).toMatch(
      /^SIP\/2.0 200 OK\r\nVia: SIP\/2.0\/TLS sip.contoso.example:5061;branch=z9hG4bKm1;received=127.0.0.1\r\n/,
    );
    expect(pieces).toBe(1);
  });

  it("that can't be framed are answered 400, then the connection is closed; nothing gets inside", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    peer.write(messageFromBob("bad").replace("Content-Length: 5", "X: y") + messageFromBob("smuggled"));
    await peer.ended;
    expect(peer.received).toMatch(/^SIP\/2.0 400 /);
    expect(peer.received.split("SIP/2.0 4")).toHaveLength(2);
    expect(rig.inside).toEqual([]);
    await rig.until(() => rig.driver.connections.length === 0, "no connection");
  });

  it("that are no SIP at all close the connection", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await peer.ended;
    expect([peer.received, rig.inside]).toEqual(["", []]);
  });

  it("get CRLF for a double CRLF", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    peer.write("\r\n\r\n");
    await rig.until(() => peer.received === "\r\n", "the pong");
  });

  it("that stop in the middle of a message end the connection in time", async () => {
    rig = await new WireRig({ connectionLimits: { partialMs: 100 } }).start();
    const peer = await rig.connect(contoso());
    peer.write(`${messageFromBob("m1")}MESSAGE sip:al`);
    const drip = setInterval(() => peer.write("i"), 10);
    await peer.ended;
    clearInterval(drip);
    await rig.until(() => rig.driver.connections.length === 0, "no connection");
    expect(rig.inside).toHaveLength(1);
    expect(rig.observed).toContainEqual(
      expect.objectContaining({ kind: "connection", state: "closed", why: "partial" }),
    );
  });

  it("that never come are no reason to close, but bring a keep-alive", async () => {
    rig = await new WireRig({ connectionLimits: { keepaliveMs: 50 } }).start();
    const peer = await rig.connect(contoso());
    await rig.until(() => peer.received.startsWith("\r\n\r\n\r\n\r\n"), "two pings");
    expect(peer.closed).toBe(false);
  });

  it("are not waited for without end where a limit says so", async () => {
    rig = await new WireRig({ connectionLimits: { idleMs: 50 } }).start();
    const peer = await rig.connect(contoso());
    await peer.ended;
    await rig.until(() => rig.driver.connections.length === 0, "no connection");
    expect(rig.observed).toContainEqual(expect.objectContaining({ state: "closed", why: "idle" }));
  });

  it("are not read on while the partner does not read its answers, and too many answers end it", async () => {
    rig = await new WireRig({ connectionLimits: { maxUnsent: 2_000_000 } }).start();
    const peer = await rig.connect(contoso());
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "one message");
    peer.socket.pause();
    const { message } = rig.inside[0]!;
    const big = { type: "text/plain", bytes: new Uint8Array(900_000) };
    // 100 may be said again and again; each is the size of a large answer.
    const closed = () => rig.observed.some((one) => one.kind === "connection" && one.why === "unsent");
    for (let i = 0; i < 40 && !closed(); i++) {
      rig.driver.fromNode(buildResponse(message, 100, { body: big }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await rig.until(closed, "the end of the connection");
  });
});

describe("our own connections", () => {
  async function partner(
    credentials = contoso(),
    ca?: string,
  ): Promise<{ server: PartnerServer; port: number }> {
    const server = new PartnerServer(credentials, ca);
    return { server, port: await server.listen() };
  }
  const statuses = () => rig.inside.map(({ message }) => message.status);

  it("are made once, kept, and used both ways", async () => {
    const { server, port } = await partner();
    rig = await new WireRig({ route: port }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    rig.driver.fromNode(messageFromAlice("o2"));
    await rig.until(() => server.peers[0]?.received.includes("Call-ID: o2") === true, "both requests");
    rig.driver.fromNode(messageFromAlice("o3"));
    await rig.until(() => server.peers[0]!.received.includes("Call-ID: o3"), "the third");
    expect(server.peers).toHaveLength(1);
    server.peers[0]!.write(messageFromBob("back"));
    await rig.until(() => rig.inside.length === 1, "a request on our connection");
    expect(rig.inside[0]!.verified?.partner).toBe("contoso.example");
  });

  it.each([
    ["another name", contoso({ dns: ["sip.evil.example"] }), 502, "name-mismatch"],
    ["a certificate of another CA", contoso({}, OTHER_CA), 502, "unknown-ca"],
    ["a certificate for clients only", contoso({ extendedKeyUsage: ["clientAuth"] }), 502, "purpose"],
  ])("are not kept where the server has %s", async (_, credentials, status, outcome) => {
    const { server, port } = await partner(credentials);
    rig = await new WireRig({ route: port }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => rig.inside.length === 1, "an answer");
    expect(statuses()).toEqual([status]);
    expect(rig.observed).toContainEqual(
      expect.objectContaining({ kind: "handshake", direction: "out", outcome, partner: "contoso.example" }),
    );
    expect(server.peers[0]?.received ?? "").toBe("");
  });

  it("that are refused by the server's trust end what they carried", async () => {
    const { server, port } = await partner(contoso(), OTHER_CA.cert);
    rig = await new WireRig({ route: port }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => rig.inside.length === 1, "an answer");
    expect(statuses()).toEqual([504]);
    rig.driver.fromNode(messageFromAlice("o2"));
    await rig.until(() => rig.inside.length === 2, "the next answer");
    expect(statuses()).toEqual([504, 504]);
    expect(rig.observed).toContainEqual(expect.objectContaining({ kind: "breaker", state: "open" }));
  });

  it("can't be made where nobody listens, or nobody answers in time", async () => {
    rig = await new WireRig({ route: await deadPort() }).start();
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => rig.inside.length === 1, "an answer");
    expect(statuses()).toEqual([504]);
    expect(rig.observed).toContainEqual(expect.objectContaining({ kind: "breaker", why: "refused" }));
  });

  it("time out in the handshake", async () => {
    const { createServer } = await import("node:net");
    const mute = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => mute.once("listening", resolve));
    rig = await new WireRig({ route: (mute.address() as { port: number }).port, dialMs: 100 }).start();
    rig.track(mute);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => rig.inside.length === 1, "an answer");
    expect(rig.observed).toContainEqual(expect.objectContaining({ kind: "breaker", why: "timeout" }));
  });

  it("are looked for in DNS where there is no route", async () => {
    const { server, port } = await partner();
    const asked: string[] = [];
    rig = await new WireRig({
      locate: (one) => {
        asked.push(one.domain);
        const dead = { host: "127.0.0.1", port: 1, transport: "tls" } as const;
        return Promise.resolve({
          targets: [dead, { host: "localhost", port, transport: "tls" }],
          detail: "",
        });
      },
    }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => server.peers[0]?.received.includes("o1") === true, "the request");
    expect([asked, server.servernames]).toEqual([["contoso.example"], ["localhost"]]);
  });
});

describe("stopping", () => {
  it("waits for what is pending, then closes in order", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "one message");
    const stopped = rig.driver.stop(5_000);
    rig.driver.fromNode(buildResponse(rig.inside[0]!.message, 200, { toTag: "t" }));
    await stopped;
    await peer.ended;
    expect(peer.received).toMatch(/^SIP\/2.0 200 /);
    const late = await rig.connect(contoso());
    await late.ended;
    expect(late.received).toBe("");
  });
});
