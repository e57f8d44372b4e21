import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { buildRequest, type SipMessage, type VerifiedPeer } from "@tombolo/sip";
import type { PartnerBack } from "@tombolo/sip-edge";
import type { DriverObservation } from "@tombolo/sip-edge/io";
import { createAuthority, freePorts } from "@tombolo/testkit";
import { afterEach, expect, test } from "vitest";
import { createLog } from "../log/log.ts";
import { Backlog } from "./backlog.ts";
import { RemoteEdge } from "./remote-edge.ts";

const CA = createAuthority({ name: "Inside CA" });
const issue = (name: string) => CA.issue({ commonName: name, dns: [name] });
const OURS = issue("gw1.inside.test");
const EDGE = issue("edge.inside.test");

let remote: RemoteEdge | undefined;
const closers: (() => void)[] = [];
afterEach(() => {
  remote?.stop();
  for (const close of closers.splice(0)) close();
});

const THE_EDGE: PartnerBack = { partner: "the edge itself", hungUp: false };

interface Seen {
  readonly messages: { message: SipMessage; verified: VerifiedPeer }[];
  readonly observed: DriverObservation[];
  readonly backs: PartnerBack[];
  readonly port: number;
}

/** A gateway's side, and the port it listens on; where its edge would be is `edgePort`. */
async function gateway(edgePort?: number): Promise<Seen> {
  const [port, dead] = (await freePorts(2)) as [number, number];
  const seen: Seen = { messages: [], observed: [], backs: [], port };
  const tls = { cert: OURS.cert, key: OURS.key, ca: CA.cert };
  const identity = { ...tls, certFile: "", keyFile: "", caFile: "", names: [], notAfter: 0 };
  let ids = 0;
  remote = new RemoteEdge(
    {
      edge: { host: "127.0.0.1", port: edgePort ?? dead, transport: "tls" },
      names: ["edge.inside.test"],
      listen: { host: "127.0.0.1", port, transport: "tls" },
      tls: identity,
    },
    {
      now: () => performance.now(),
      ids: () => `id${++ids}`,
      random: () => 0.5,
      log: createLog({ level: "fatal", node: "gw1", key: Buffer.alloc(32) }),
      observe: (observation) => seen.observed.push(observation),
      onMessage: (message, verified) => seen.messages.push({ message, verified }),
      onPartnerBack: (back) => seen.backs.push(back),
      onBack: () => seen.backs.push(THE_EDGE),
    },
  );
  await remote.start();
  return seen;
}

interface Client {
  readonly socket: TLSSocket;
  readonly text: () => string;
  readonly ended: Promise<unknown>;
}

function client(port: number, { cert, key } = EDGE): Client {
  const options = { host: "127.0.0.1", port, ca: CA.cert, cert, key, servername: "gw1.inside.test" };
  const socket = connect(options);
  closers.push(() => socket.destroy());
  let text = "";
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  return { socket, text: () => text, ended: once(socket, "close") };
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + 5_000;
  while (!isSo()) {
    if (performance.now() > limit) throw new Error(`not seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function message(method: string, more: readonly string[] = []): string {
  return [
    `${method} sip:alice@example.com SIP/2.0`,
    "Via: SIP/2.0/TLS edge.inside.test;branch=z9hG4bK1",
    "From: <sip:bob@contoso.example>;tag=b",
    "To: <sip:alice@example.com>",
    `Call-ID: ${method}`,
    `CSeq: 1 ${method}`,
    ...more,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

const fromAlice = (callId: string) =>
  buildRequest("MESSAGE", "sip:bob@contoso.example", [
    ["Via", "SIP/2.0/TLS gw1;branch=z9hG4bKn"],
    ["From", "<sip:alice@example.com>;tag=a"],
    ["To", "<sip:bob@contoso.example>"],
    ["Call-ID", callId],
    ["CSeq", "1 MESSAGE"],
  ]);

test("the edge says who was verified, and the header goes no further", async () => {
  const seen = await gateway();
  const edge = client(seen.port);
  edge.socket.write(message("MESSAGE", ['X-Tombolo-Verified: contoso.example;name="sip.contoso.example"']));
  await until(() => seen.messages.length === 1, "a message");
  const [{ message: came, verified }] = seen.messages as [Seen["messages"][number]];
  expect(verified).toEqual({ partner: "contoso.example", name: "sip.contoso.example" });
  expect(came.get("X-Tombolo-Verified")).toBeUndefined();
  expect(seen.observed).toContainEqual({
    kind: "request",
    side: "inside",
    partner: "contoso.example",
    direction: "in",
    method: "MESSAGE",
  });
});

test.each([
  ["nobody", []],
  ["two at once", ["X-Tombolo-Verified: contoso.example", "X-Tombolo-Verified: other.example"]],
  ["something else than a domain", ["X-Tombolo-Verified: contoso.example, other.example"]],
])("a request verified as %s is refused", async (_, headers) => {
  const seen = await gateway();
  const edge = client(seen.port);
  edge.socket.write(message("MESSAGE", headers));
  await until(() => edge.text().startsWith("SIP/2.0 403"), "403");
  expect(seen.messages).toEqual([]);
});

test("whoever is not the edge is not heard at all", async () => {
  const seen = await gateway();
  const stranger = client(seen.port, issue("cup2.inside.test"));
  stranger.socket.write(message("MESSAGE", ["X-Tombolo-Verified: contoso.example"]));
  await stranger.ended;
  expect([stranger.text(), seen.messages]).toEqual(["", []]);
  expect(seen.observed).toContainEqual(
    expect.objectContaining({ kind: "handshake", side: "inside", outcome: "unknown-name" }),
  );
});

test("the edge's question whether we live is answered", async () => {
  const seen = await gateway();
  const edge = client(seen.port);
  edge.socket.write(message("OPTIONS"));
  await until(() => edge.text().startsWith("SIP/2.0 200"), "200");
  expect(remote!.waitingFor).toEqual([]);
});

test("the edge brings news of a partner with that question, and nobody who was let through does", async () => {
  const seen = await gateway();
  const edge = client(seen.port);
  edge.socket.write(message("OPTIONS", ["X-Tombolo-Partner-Back: contoso.example;hung-up"]));
  await until(() => seen.backs.length === 1, "the news");
  expect(seen.backs).toEqual([{ partner: "contoso.example", hungUp: true }]);
  const letThrough = ["X-Tombolo-Verified: fabrikam.example", "X-Tombolo-Partner-Back: contoso.example"];
  edge.socket.write(message("OPTIONS", letThrough));
  await until(() => seen.messages.length === 1, "the message");
  expect(seen.backs).toHaveLength(1);
});

test("an edge that was lost with its last connection is back with the next, and one that is new is not", async () => {
  const seen = await gateway();
  const [first, second] = [client(seen.port), client(seen.port)];
  for (const one of [first, second]) one.socket.write(message("OPTIONS"));
  await until(() => first.text() !== "" && second.text() !== "", "two connections");
  first.socket.destroy();
  await until(() => remote!.status.connections === 1, "one connection");
  second.socket.destroy();
  await until(() => remote!.status.connections === 0, "no connection");
  expect(seen.backs).toEqual([]);
  client(seen.port).socket.write(message("OPTIONS"));
  await until(() => remote!.status.connections === 1, "a connection again");
  expect(seen.backs).toEqual([THE_EDGE]);
});

test("without an edge, a request is answered 504 and a response is dropped", async () => {
  const seen = await gateway();
  const { port } = seen;
  expect(remote!.waitingFor).toEqual([expect.stringMatching(/^edge 127\.0\.0\.1:\d+$/)]);
  remote!.send(fromAlice("waits"));
  await until(() => seen.messages.length === 1, "the answer");
  remote!.send(fromAlice("does-not-wait"));
  expect(seen.messages.map((one) => [one.message.callId, one.message.status, one.verified.partner])).toEqual([
    ["waits", 504, ""],
    ["does-not-wait", 504, ""],
  ]);
  const edge = client(port);
  await until(() => remote!.waitingFor.length === 0, "the edge's connection");
  remote!.send(fromAlice("goes"));
  await until(() => edge.text().includes("Call-ID: goes"), "the request");
});

test("it connects to the edge, shows its certificate, and does so again", async () => {
  const received: string[] = [];
  const sockets: TLSSocket[] = [];
  const server = createServer(
    { cert: EDGE.cert, key: EDGE.key, ca: CA.cert, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      sockets.push(socket);
      received.push(String(socket.getPeerCertificate().subject.CN));
      socket.on("error", () => {});
      socket.resume();
    },
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(
    () => server.close(),
    () => sockets.map((socket) => socket.destroy()),
  );
  await gateway((server.address() as AddressInfo).port);
  await until(() => sockets.length === 1 && remote!.waitingFor.length === 0, "the connection");
  sockets[0]!.destroy();
  await until(() => received.length === 2, "another connection");
  expect(received).toEqual(["gw1.inside.test", "gw1.inside.test"]);
});

test("what waits is bounded", () => {
  const backlog = new Backlog(2);
  const [a, b, c] = ["a", "b", "c"].map(fromAlice) as [SipMessage, SipMessage, SipMessage];
  expect([backlog.add(a), backlog.add(b), backlog.add(c)]).toEqual([undefined, undefined, c]);
  expect(backlog.take()).toEqual([a, b]);
  expect(backlog.take()).toEqual([]);
});
