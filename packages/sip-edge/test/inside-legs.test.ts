import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { connect } from "node:tls";
import { createAuthority } from "@tombolo/testkit";
import { afterEach, describe, expect, it } from "vitest";
import type { EdgeNode, EdgeSettings } from "../src/index.ts";
import { MAX_INSIDE_CONNECTIONS } from "../src/io/index.ts";
import { CONTOSO_CA, contoso, messageFromBob, PartnerServer, Peer, WireRig } from "./wire-rig.ts";

const INSIDE_CA = createAuthority({ name: "Inside CA" });
const issue = (name: string, authority = INSIDE_CA) => authority.issue({ commonName: name, dns: [name] });
const OURS = INSIDE_CA.issue({
  commonName: "edge.inside.test",
  dns: ["edge.inside.test"],
  ips: ["127.0.0.1"],
});

let rig: WireRig;
afterEach(() => rig.end());

interface Layout {
  readonly nodes: readonly EdgeNode[];
  readonly transport?: "tls" | "tcp";
  readonly healthMs?: number;
}

async function edgeWith({ nodes, transport = "tls", healthMs = 0 }: Layout): Promise<WireRig> {
  const settings: EdgeSettings = {
    advertise: { host: "sip.example.com", port: 5061 },
    ourDomains: ["example.com"],
    partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" }],
    nodes,
    inside: { host: "127.0.0.1", port: 5062, transport },
    limits: { healthMs },
  };
  const tls = { cert: OURS.cert, key: OURS.key, ca: INSIDE_CA.cert };
  const listen = { host: "127.0.0.1", port: 0, transport };
  rig = new WireRig({ settings, inside: { listen, tls } });
  return rig.start();
}

const tlsNode = (port: number, more: Partial<EdgeNode> = {}): EdgeNode => ({
  name: "gw1",
  target: { transport: "tls", host: "127.0.0.1", port },
  routing: true,
  names: ["gw1.inside.test"],
  ...more,
});
const tcpNode = (port: number, more: Partial<EdgeNode> = {}): EdgeNode => ({
  name: "cup2",
  target: { transport: "tcp", host: "127.0.0.1", port },
  routing: false,
  from: ["127.0.0.1"],
  ...more,
});

const OUT = [
  "MESSAGE sip:bob@contoso.example SIP/2.0",
  "Via: SIP/2.0/TCP 127.0.0.9;branch=z9hG4bKn1",
  "Max-Forwards: 70",
  "From: <sip:alice@example.com>;tag=a1",
  "To: <sip:bob@contoso.example>",
  "Call-ID: n1",
  "CSeq: 1 MESSAGE",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

function secure(name: string, authority = INSIDE_CA): Peer {
  const { cert, key } = issue(name, authority);
  const { port } = rig.driver.insideAddress!;
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: INSIDE_CA.cert,
    cert,
    key,
    servername: "edge.inside.test",
  });
  return new Peer(socket);
}

const handshakes = () =>
  rig.observed.flatMap((one) =>
    one.kind === "handshake" ? [`${one.side} ${one.direction} ${one.outcome}`] : [],
  );

describe("a node's connection to the inside listener", () => {
  it("is known by its certificate, and may start requests on it (CLU-03)", async () => {
    await edgeWith({ nodes: [tlsNode(1)] });
    const partner = await rig.connect(contoso());
    const node = secure("gw1.inside.test");
    node.write(OUT);
    await rig.until(
      () => partner.received.includes("MESSAGE sip:bob@contoso.example"),
      "the request outside",
    );
    expect(partner.received).not.toContain("127.0.0.9");
    const [, branch] = /branch=(\S+)/.exec(partner.received)!;
    partner.write(
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS sip.example.com:5061;branch=${branch}\r\nFrom: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@contoso.example>;tag=b\r\nCall-ID: n1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n`,
    );
    await rig.until(() => node.received.includes("SIP/2.0 200 OK"), "the answer inside");
    expect(node.received).toContain("Via: SIP/2.0/TCP 127.0.0.9;branch=z9hG4bKn1");
  });

  it.each([
    ["a name that no node has", "inside in unknown-name", () => secure("other.inside.test")],
    ["a certificate of the outside", "inside in unknown-ca", () => secure("gw1.inside.test", CONTOSO_CA)],
  ])("is refused with %s", async (_, outcome, dial) => {
    await edgeWith({ nodes: [tlsNode(1)] });
    const node = dial();
    node.write(OUT);
    await node.ended;
    await rig.until(() => handshakes().includes(outcome), outcome);
    expect(node.received).toBe("");
  });

  it("may be plain TCP on the TLS listener where the node speaks nothing else", async () => {
    await edgeWith({ nodes: [tlsNode(1), tcpNode(1)] });
    const partner = await rig.connect(contoso());
    const plain = new Peer(connectTcp(rig.driver.insideAddress!.port, "127.0.0.1"));
    for (const piece of [OUT.slice(0, 1), OUT.slice(1)]) plain.write(piece);
    const encrypted = secure("gw1.inside.test");
    encrypted.write(OUT.replace("Call-ID: n1", "Call-ID: n2"));
    await rig.until(() => ["n1", "n2"].every((id) => partner.received.includes(`Call-ID: ${id}`)), "both");
  });

  it("is closed at once where there are too many, and there is room again when one goes", async () => {
    await edgeWith({ nodes: [tcpNode(1, { routing: true })], transport: "tcp" });
    const { port } = rig.driver.insideAddress!;
    const open = () => new Peer(connectTcp(port, "127.0.0.1"));
    const peers = Array.from({ length: MAX_INSIDE_CONNECTIONS }, open);
    const count = () => rig.driver.nodes[0]!.connections;
    await rig.until(() => count() === MAX_INSIDE_CONNECTIONS, "all of them");
    await open().ended;
    expect([count(), handshakes()]).toEqual([MAX_INSIDE_CONNECTIONS, ["inside in too-many"]]);
    peers[0]!.socket.destroy();
    await rig.until(() => count() === MAX_INSIDE_CONNECTIONS - 1, "one less");
    open();
    await rig.until(() => count() === MAX_INSIDE_CONNECTIONS, "room for one");
    for (const { socket } of peers) socket.destroy();
  });

  it("is not plain TCP where every node speaks TLS, nor from an address that no TCP node has", async () => {
    await edgeWith({ nodes: [tlsNode(1)] });
    const plain = new Peer(connectTcp(rig.driver.insideAddress!.port, "127.0.0.1"));
    plain.write(OUT);
    await plain.ended;
    await rig.end();
    await edgeWith({ nodes: [tlsNode(1), tcpNode(1, { from: ["127.0.0.2"] })] });
    const stranger = new Peer(connectTcp(rig.driver.insideAddress!.port, "127.0.0.1"));
    stranger.write(OUT);
    await stranger.ended;
    expect(handshakes()).toEqual(["inside in unknown-address"]);
  });
});

describe("our connection to a node", () => {
  async function node(name = "gw1.inside.test"): Promise<{ server: PartnerServer; port: number }> {
    const server = new PartnerServer(issue(name), INSIDE_CA.cert);
    return { server, port: await server.listen() };
  }

  it("shows our inside certificate, checks the node's name, and carries who was verified (HA-03)", async () => {
    const { server, port } = await node();
    await edgeWith({ nodes: [tlsNode(port)] });
    rig.track(server);
    const partner = await rig.connect(contoso());
    partner.write(messageFromBob("m1"));
    await rig.until(() => server.peers[0]?.received.includes("Call-ID: m1") === true, "the request inside");
    expect(server.peers[0]!.received).toContain(
      'X-Tombolo-Verified: contoso.example;name="sip.contoso.example"',
    );
    expect(server.subjects).toEqual(["edge.inside.test"]);
    expect(handshakes()).toContain("inside out ok");
  });

  it("is not kept where the node has another name; what waits is answered", async () => {
    const { server, port } = await node("stranger.inside.test");
    await edgeWith({ nodes: [tlsNode(port)] });
    rig.track(server);
    const partner = await rig.connect(contoso());
    partner.write(messageFromBob("m1"));
    await rig.until(() => partner.received.startsWith("SIP/2.0 504"), "the answer");
    expect(handshakes()).toContain("inside out name-mismatch");
    expect(server.peers[0]?.received ?? "").toBe("");
  });

  it("may be judged by the address in its certificate", async () => {
    const server = new PartnerServer(
      INSIDE_CA.issue({ commonName: "gw1", dns: ["gw1"], ips: ["127.0.0.1"] }),
      INSIDE_CA.cert,
    );
    const port = await server.listen();
    await edgeWith({ nodes: [tlsNode(port, { names: ["127.0.0.1"] })] });
    rig.track(server);
    const partner = await rig.connect(contoso());
    partner.write(messageFromBob("m1"));
    await rig.until(() => server.peers[0]?.received.includes("Call-ID: m1") === true, "the request inside");
  });

  it("is asked for at once, and the node counts as up when it answers", async () => {
    const server = createServer((socket) => {
      socket.on("data", (bytes) => {
        const lines = bytes.toString("latin1").split("\r\n");
        const kept = lines.filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
        socket.write(["SIP/2.0 405 No", ...kept, "Content-Length: 0", "", ""].join("\r\n"));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    await edgeWith({
      nodes: [tcpNode((server.address() as AddressInfo).port, { routing: true })],
      healthMs: 50,
    });
    rig.track(server);
    await rig.until(() => rig.driver.nodes[0]?.health === "up", "the node up");
  });
});

describe("a node's public port", () => {
  it("leads to that node, with the same trust as the main one", async () => {
    const inner = new PartnerServer(issue("cup2.inside.test"), INSIDE_CA.cert);
    const main = new PartnerServer(issue("gw1.inside.test"), INSIDE_CA.cert);
    const [innerPort, mainPort] = [await inner.listen(), await main.listen()];
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port: publicPort } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, "close");
    const cup2 = tlsNode(innerPort, {
      name: "cup2",
      routing: false,
      names: ["cup2.inside.test"],
      publicPort,
    });
    await edgeWith({ nodes: [tlsNode(mainPort), cup2] });
    rig.track(inner);
    rig.track(main);
    const { cert, key } = contoso();
    const options = {
      host: "127.0.0.1",
      port: publicPort,
      ca: CONTOSO_CA.cert,
      servername: "sip.example.com",
    };
    const peer = new Peer(connect({ ...options, cert, key }));
    peer.write(messageFromBob("m1"));
    await rig.until(() => inner.peers[0]?.received.includes("Call-ID: m1") === true, "the request at cup2");
    expect(main.peers).toEqual([]);
    const nobody = new Peer(connect(options));
    await nobody.ended;
    await rig.handshake("no-certificate");
  });
});
