/** Connections that die without saying so, and how many there may be. */
import { buildResponse } from "@tombolo/sip";
import { afterEach, describe, expect, it } from "vitest";
import { BlackHole } from "./black-hole.ts";
import {
  contoso,
  deadPort,
  messageFromAlice,
  messageFromBob,
  PartnerServer,
  type Peer,
  WireRig,
} from "./wire-rig.ts";

let rig: WireRig;
afterEach(() => rig.end());

/** The real limits, a hundred times as fast. */
const FAST = { silenceMs: 40, probeMs: 30, pongMs: 100, keepaliveMs: 600 };

const closings = () =>
  rig.observed.flatMap((one) => (one.kind === "connection" && one.state === "closed" ? [one.why] : []));

/** Answers each request that came with a status. */
function answer(peer: Peer, status: number): void {
  const requests = peer.received
    .split(/(?=(?:MESSAGE|OPTIONS) sip:)/)
    .filter((text) => / SIP\/2.0\r\n/.test(text));
  peer.received = "";
  for (const text of requests) {
    const headers = text.match(/^(?:Via|From|To|Call-ID|CSeq): .*$/gm)!.join("\r\n");
    peer.write(`SIP/2.0 ${status} Reason\r\n${headers}\r\nContent-Length: 0\r\n\r\n`);
  }
}

async function dialled(options: ConstructorParameters<typeof WireRig>[0] = {}) {
  const server = new PartnerServer(contoso());
  const hole = new BlackHole(await server.listen());
  rig = await new WireRig({ route: await hole.listen(), connectionLimits: FAST, ...options }).start();
  rig.track(server);
  rig.track(hole);
  rig.driver.fromNode(messageFromAlice("o1"));
  await rig.until(() => server.peers[0]?.received.includes("o1") === true, "the first request");
  const peer = server.peers[0]!;
  return { server, hole, peer };
}

describe("a path that swallows everything", () => {
  it("is noticed by a request and replaced by the next", async () => {
    const { server, hole, peer } = await dialled();
    answer(peer, 200);
    await rig.until(() => rig.inside.length === 1, "the answer");
    hole.swallows = true;
    const begun = performance.now();
    rig.driver.fromNode(messageFromAlice("o2"));
    await rig.until(() => rig.inside.length === 2, "the end of the request");
    const took = performance.now() - begun;
    expect(rig.inside[1]!.message.status).toBe(504);
    expect(took).toBeGreaterThanOrEqual(FAST.silenceMs + FAST.probeMs);
    expect(took).toBeLessThan(1_000);
    await rig.until(() => closings().length === 1, "the end of the connection");
    expect(closings()).toEqual(["no-answer"]);
    hole.swallows = false;
    rig.driver.fromNode(messageFromAlice("o3"));
    await rig.until(
      () => server.peers[1]?.received.includes("o3") === true,
      "the request on a new connection",
    );
  });

  it("is noticed within ten seconds with the limits as they are", async () => {
    const { hole, peer } = await dialled({ connectionLimits: {}, tickMs: 1_000 });
    answer(peer, 200);
    await rig.until(() => rig.inside.length === 1, "the answer");
    hole.swallows = true;
    const begun = performance.now();
    rig.driver.fromNode(messageFromAlice("o2"));
    while (rig.inside.length < 2 && performance.now() - begun < 12_000)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rig.inside[1]?.message.status).toBe(504);
    expect(performance.now() - begun).toBeLessThan(10_000);
  }, 15_000);

  it("is noticed on a partner's own connection too", async () => {
    rig = new WireRig({ connectionLimits: FAST, route: await deadPort() });
    await rig.start();
    const hole = rig.track(new BlackHole(rig.driver.address.port));
    await rig.connect(contoso(), await hole.listen());
    await rig.handshake("ok");
    hole.swallows = true;
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => closings().includes("no-answer"), "the end of the connection");
  });

  it("is noticed while there is more to send than goes through", async () => {
    const { hole, peer } = await dialled({ connectionLimits: { ...FAST, pauseAbove: 1_000 } });
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "a request to answer");
    hole.swallows = true;
    peer.socket.pause();
    const big = { type: "text/plain", bytes: new Uint8Array(900_000) };
    for (let i = 0; i < 8; i++)
      rig.driver.fromNode(buildResponse(rig.inside[0]!.message, 100, { body: big }));
    rig.driver.fromNode(messageFromAlice("o2"));
    await rig.until(() => closings().length === 1, "the end of the connection");
    expect(closings()).toEqual(["no-answer"]);
  });
});

describe("a partner that is slow to answer", () => {
  it("is asked whether it is there, once, and keeps its connection whatever it says to that", async () => {
    const { peer } = await dialled();
    await rig.until(() => peer.received.includes("OPTIONS "), "the probe");
    expect(peer.received).toMatch(
      /OPTIONS sip:contoso.example SIP\/2.0\r\nVia: SIP\/2.0\/TLS sip.example.com:5061;/,
    );
    expect(peer.received).toContain("Max-Forwards: 0\r\n");
    expect(peer.received).toContain("From: <sip:example.com>;tag=");
    const late = peer.received.slice(0, peer.received.indexOf("OPTIONS "));
    peer.received = peer.received.slice(late.length);
    answer(peer, 403);
    await new Promise((resolve) => setTimeout(resolve, 3 * (FAST.silenceMs + FAST.probeMs)));
    peer.received = late + peer.received;
    expect(peer.received).not.toContain("OPTIONS ");
    answer(peer, 200);
    await rig.until(() => rig.inside.length === 1, "the answer");
    expect([closings(), rig.inside[0]!.message.status]).toEqual([[], 200]);
    // The probe's own answer is nobody's business inside, and no stray.
    expect(rig.observed.filter(({ kind }) => kind === "dropped")).toEqual([]);
  });
});

describe("pings", () => {
  const quick = { ...FAST, keepaliveMs: 50 };

  it("go out on a quiet connection, and a partner that never answers them keeps it", async () => {
    rig = await new WireRig({ connectionLimits: quick }).start();
    const peer = await rig.connect(contoso());
    await rig.until(() => peer.received.length >= 4 * 4, "four pings");
    expect(peer.received).toMatch(/^(\r\n\r\n)+$/);
    await new Promise((resolve) => setTimeout(resolve, 2 * FAST.pongMs));
    expect(closings()).toEqual([]);
  });

  it("must be answered by a partner that once did", async () => {
    rig = await new WireRig({ connectionLimits: quick }).start();
    const peer = await rig.connect(contoso());
    let pongs = 0;
    peer.socket.on("data", () => {
      if (pongs++ < 3) peer.write("\r\n");
    });
    await peer.ended;
    await rig.until(() => closings().length === 1, "the end");
    expect([closings(), pongs >= 4]).toEqual([["no-pong"], true]);
    // Our side answers pings, not pongs: all that came are pings.
    expect(peer.received).toMatch(/^(\r\n\r\n)+$/);
  });

  it("are the probe where they are answered", async () => {
    rig = await new WireRig({ connectionLimits: quick, route: await deadPort() }).start();
    const peer = await rig.connect(contoso());
    peer.socket.on("data", (chunk: Buffer) => {
      if (chunk.toString() === "\r\n\r\n") peer.write("\r\n");
    });
    await rig.until(() => peer.received.length >= 8, "two pings");
    rig.driver.fromNode(messageFromAlice("o1"));
    await new Promise((resolve) => setTimeout(resolve, 4 * (FAST.silenceMs + FAST.probeMs)));
    expect([closings(), peer.received.includes("OPTIONS ")]).toEqual([[], false]);
  });
});

describe("connections of one partner", () => {
  it("may be so many, and the next is refused while others' are not", async () => {
    const fabrikam = {
      domain: "fabrikam.example",
      names: ["sip.fabrikam.example"],
      purpose: "strict",
    } as const;
    const advertise = { host: "sip.example.com", port: 5061 };
    const mine = { domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" } as const;
    const settings = { advertise, ourDomains: ["example.com"], partners: [mine, fabrikam] };
    rig = await new WireRig({ settings, partnerLimits: { inbound: 2 } }).start();
    const first = await rig.connect(contoso());
    await rig.connect(contoso());
    await rig.until(() => rig.driver.connections.length === 2, "two connections");
    await (await rig.connect(contoso())).ended;
    expect((await rig.handshake("too-many")).partner).toBe("contoso.example");
    await rig.connect(contoso({ dns: ["sip.fabrikam.example"] }));
    await rig.until(() => rig.driver.connections.length === 3, "the other partner's");
    first.socket.destroy();
    await rig.until(() => rig.driver.connections.length === 2, "one less");
    await rig.connect(contoso());
    await rig.until(() => rig.driver.connections.length === 3, "room again");
  });

  it("of ours: the oldest, which is closing, makes room", async () => {
    const server = new PartnerServer(contoso());
    rig = await new WireRig({ route: await server.listen(), partnerLimits: { outbound: 1 } }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => server.peers[0]?.received.includes("o1") === true, "the first request");
    const peer = server.peers[0]!;
    peer.socket.pause();
    rig.driver.fromNode(messageFromAlice("unread"));
    const waiting = () => rig.driver.connections.map(({ id }) => id);
    const [old] = waiting();
    // A stream that can't be followed is closed in order, which this partner does not notice: it reads nothing.
    peer.write("nonsense\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting()).toEqual([old]);
    rig.driver.fromNode(messageFromAlice("o2"));
    await rig.until(() => server.peers[1]?.received.includes("o2") === true, "the new connection");
    expect(waiting()).toHaveLength(1);
    expect(waiting()).not.toEqual([old]);
  });
});
