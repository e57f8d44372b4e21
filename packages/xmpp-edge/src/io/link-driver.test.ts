import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DriverRig } from "../../test/driver-rig.ts";
import { message } from "../../test/link-rig.ts";

const SECRET = "gr\u00fc\u00dfe";
const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='s&amp;1'>`;

/** A server that keeps what it was sent and answers what a test tells it to. */
let server: Server;
let port: number;
let heard: string;
let peers: Socket[];
let onHeard: (socket: Socket, chunk: string) => void;
let rig: DriverRig;

beforeEach(async () => {
  heard = "";
  peers = [];
  onHeard = (socket, chunk) => {
    if (chunk.includes("<stream:stream")) socket.write(HEADER);
    if (chunk.includes("<handshake")) socket.write("<handshake/>");
    for (const [, id] of chunk.matchAll(/<iq [^>]*id="(\w+)"/g)) {
      socket.write(`<iq from="example.com" to="contoso.example" id="${id}" type="result"/>`);
    }
    if (chunk.includes("</stream:stream>")) socket.end("</stream:stream>");
  };
  // As XMPP servers do: what is written still goes out after the other side's end.
  server = createServer({ allowHalfOpen: true }, (socket) => {
    peers.push(socket);
    socket.on("error", () => {});
    socket.setEncoding("utf8").on("data", (chunk) => {
      heard += chunk;
      onHeard(socket, String(chunk));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
  rig = new DriverRig(port, SECRET);
});

afterEach(async () => {
  await rig.driver.stop();
  for (const peer of peers) peer.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("the stream is XEP-0114's: header without version, handshake of the UTF-8 bytes, closing tag at the end", async () => {
  rig.driver.start();
  await rig.until("up");
  await rig.driver.stop();
  expect(heard).toBe(
    `<?xml version='1.0'?><stream:stream xmlns="jabber:component:accept" xmlns:stream="http://etherx.jabber.org/streams" to="contoso.example">` +
      `<handshake>${createHash("sha1").update(`s&1${SECRET}`, "utf8").digest("hex")}</handshake></stream:stream>`,
  );
  expect(rig.lines).toEqual(["up", "down: stopped"]);
});

test("the stanzas of one turn leave with one ping behind them", async () => {
  rig.driver.start();
  await rig.until("up");
  for (const id of ["a", "b", "c"]) rig.driver.send(message(id), id);
  await rig.until("taken c");
  expect(heard.match(/urn:xmpp:ping/g)).toHaveLength(1);
  expect(rig.lines).toEqual(["up", "taken a", "taken b", "taken c"]);
});

test("a character cut by a chunk's end arrives whole", async () => {
  rig.driver.start();
  await rig.until("up");
  const bytes = Buffer.from(
    `<message from="a@example.com" to="b@contoso.example"><body>\u{1f600}</body></message>`,
  );
  const cut = bytes.indexOf(0xf0) + 2;
  peers[0]?.setNoDelay(true).write(bytes.subarray(0, cut));
  setImmediate(() => peers[0]?.write(bytes.subarray(cut)));
  expect(await rig.until("<")).toContain("<body>\u{1f600}</body>");
});

test.each([
  ["an illegal entity", "<message>&bogus;</message>", "illegal character or entity", "not-well-formed"],
  ["tags that do not fit", "<message></body>", "closing tag", "not-well-formed"],
  ["a comment", "<!-- hi -->", "comment", "restricted-xml"],
])("%s ends the connection with a stream error, not the process", async (_name, bytes, reason, condition) => {
  rig.driver.start();
  await rig.until("up");
  peers[0]?.write(`<message from="a@example.com" to="b@contoso.example"/>${bytes}`);
  expect(await rig.until("down")).toContain(reason);
  await rig.until("up", 2);
  expect(heard).toContain(
    `<stream:error><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></stream:error>`,
  );
  expect(rig.lines[1]).toContain("< <message");
});

test("a redirect is not followed", async () => {
  rig.driver.start();
  await rig.until("up");
  const elsewhere =
    "<see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>127.0.0.2:1</see-other-host>";
  peers[0]?.end(`<stream:error>${elsewhere}</stream:error></stream:stream>`);
  expect(await rig.until("down")).toBe("down: the XMPP server ended the stream: see-other-host");
  await rig.until("up", 2);
  expect(peers).toHaveLength(2);
});

test("a server that stops reading makes stanzas wait, refuses those past the bound, and loses none silently", async () => {
  rig = new DriverRig(port, SECRET, { queueLimit: 10, barrierTimeoutMs: 2_000, holdMs: 60_000 });
  rig.driver.start();
  await rig.until("up");
  peers[0]?.pause();
  const big = "x".repeat(100_000);
  const count = 400;
  for (let n = 0; n < count; n++) {
    const stanza = message(`${n}`);
    stanza.getChild("body")?.t(big);
    rig.driver.send(stanza, `${n}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await rig.until("down");
  const fates = rig.lines.filter((line) => line.startsWith("lost"));
  expect(fates.filter((line) => line.endsWith("barrier-timeout")).length).toBeGreaterThan(10);
  expect(fates.filter((line) => line.endsWith("queue-full")).length).toBeGreaterThan(100);
  await rig.until(`taken`);
  await rig.driver.stop();
  const settled = rig.lines.filter((line) => /^(lost|taken) /.test(line)).map((line) => line.split(" ")[1]);
  expect(new Set(settled).size).toBe(count);
  expect(settled).toHaveLength(count);
});

test("what a server that hung still writes to the connection that was given up is taken, each stanza once", async () => {
  const slow = new DriverRig(port, SECRET, { barrierTimeoutMs: 100 });
  const answer = onHeard;
  onHeard = (socket, chunk) => answer(socket, peers[0] === socket ? chunk.replace(/<iq.*/s, "") : chunk);
  slow.driver.start();
  await slow.until("up");
  slow.driver.send(message("a"), "a");
  await slow.until("lost a barrier-timeout");
  peers[0]!.write(
    `<message from="alice@example.com/x" to="bob@contoso.example" type="chat"><body>still here</body></message>`,
  );
  await slow.until("< <message");
  const from = slow.lines.findIndex((line) => line.startsWith("down"));
  await slow.until("up", from);
  peers[0]!.end(
    `<message from="alice@example.com/x" to="bob@contoso.example" type="chat"><body>the last</body></message></stream:stream>`,
  );
  await slow.until(/the last/);
  slow.driver.send(message("b"), "b");
  await slow.until("taken b");
  expect(slow.lines.filter((line) => line.startsWith("< "))).toHaveLength(2);
  expect(slow.lines.filter((line) => line.startsWith("down"))).toHaveLength(1);
  await slow.driver.stop();
});

test("no server at all: the link says so and tries again", async () => {
  await new Promise((resolve) => server.close(resolve));
  rig.driver.start();
  expect(await rig.until("down")).toContain("ECONNREFUSED");
  await rig.until("down", 1);
  server.listen(port, "127.0.0.1");
  await rig.until("up");
});
