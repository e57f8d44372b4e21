/**
 * CPU of the edge for one MESSAGE in and its answer out over mutual TLS, beside a bare TLS server that answers the same
 * bytes without reading them. Run: node bench/wire-throughput.ts [requests in flight]
 */
import { fork } from "node:child_process";
import { connect, createServer } from "node:tls";
import { buildResponse } from "@tombolo/sip";
import { createAuthority } from "@tombolo/testkit";
import { EdgeDriver } from "../src/io/index.ts";

const MESSAGES = 60_000;
const BODY = "x".repeat(100);
const HEAD = [
  "MESSAGE sip:alice@example.com SIP/2.0",
  'Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKF00D.1;branched=FALSE;ms-internal-info="abAAA"',
  "Max-Forwards: 66",
  'From: "Bob" <sip:bob@contoso.example>;tag=5c2b1a0f9e;epid=01ab23cd45',
  "To: <sip:alice@example.com>;tag=4711",
  "Call-ID: 0b1cfe2adc0b4e5b8d1f4c7d2a6f9e31",
  "CSeq: 2 MESSAGE",
  "Route: <sip:sip.example.com:5061;transport=tls;lr>",
  "Content-Type: text/plain; charset=UTF-8",
  "Content-Length: 100",
].join("\r\n");
const REQUEST = `${HEAD}\r\n\r\n${BODY}`;
const ANSWER = `${HEAD.replace("MESSAGE sip:alice@example.com SIP/2.0", "SIP/2.0 200 OK").replace("100", "0")}\r\n\r\n`;

interface Keys {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** The process whose CPU is measured. */
async function serve(kind: string, keys: Keys): Promise<number> {
  if (kind === "bare") {
    const server = createServer({ ...keys, requestCert: true, noDelay: true }, (socket) => {
      let bytes = 0;
      let out = "";
      socket.on("data", (chunk) => {
        bytes += chunk.length;
        while (bytes >= REQUEST.length) {
          bytes -= REQUEST.length;
          out += ANSWER;
        }
        socket.write(out, "latin1");
        out = "";
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as { port: number }).port;
  }
  let ids = 0;
  const driver: EdgeDriver = new EdgeDriver({
    settings: {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" }],
    },
    tls: keys,
    listen: { host: "127.0.0.1", port: 0 },
    now: () => performance.now(),
    ids: () => `${(ids++).toString(36)}abcdefghij`,
    onToNode: (message) => driver.fromNode(buildResponse(message, 200)),
    onObserve: () => {},
  });
  await driver.start();
  return driver.address.port;
}

async function load(port: number, keys: Keys, flight: number): Promise<void> {
  const socket = connect({ ...keys, host: "127.0.0.1", port, servername: "sip.example.com" });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  let sent = 0;
  let received = 0;
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      let heads = 0;
      for (let at = chunk.indexOf("SIP/2.0 2"); at >= 0; at = chunk.indexOf("SIP/2.0 2", at + 9)) heads++;
      received += heads;
      const more = Math.min(heads, MESSAGES - sent);
      sent += more;
      if (more > 0) socket.write(REQUEST.repeat(more), "latin1");
      // A status line may lie across two chunks: a few answers go uncounted.
      if (received >= MESSAGES - flight) resolve();
    });
    sent = flight;
    socket.write(REQUEST.repeat(flight), "latin1");
  });
  socket.destroy();
}

async function measure(kind: string, flight: number): Promise<void> {
  const authority = createAuthority({ name: "bench" });
  const ours = authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });
  const theirs = authority.issue({ commonName: "sip.contoso.example", dns: ["sip.contoso.example"] });
  const child = fork(new URL(import.meta.url), ["serve", kind], { stdio: "inherit" });
  const next = <T>() => new Promise<T>((resolve) => child.once("message", (value) => resolve(value as T)));
  child.send({ ...ours, ca: authority.cert });
  const port = await next<number>();
  for (let turn = 0; turn < 2; turn++) {
    child.send("cpu");
    const before = await next<number>();
    const start = performance.now();
    await load(port, { ...theirs, ca: authority.cert }, flight);
    const seconds = (performance.now() - start) / 1000;
    child.send("cpu");
    const us = ((await next<number>()) - before) / MESSAGES;
    console.log(
      `${kind}: ${us.toFixed(1)} us CPU a pair, ${Math.round(MESSAGES / seconds)} pairs/s, ${flight} in flight`,
    );
  }
  child.kill();
}

if (process.argv[2] === "serve") {
  process.once("message", (keys) => {
    void serve(process.argv[3] ?? "", keys as Keys).then((port) => process.send?.(port));
    process.on("message", () => {
      const { user, system } = process.cpuUsage();
      process.send?.(user + system);
    });
  });
} else {
  const flight = Number(process.argv[2] ?? 64);
  await measure("bare", flight);
  await measure("edge", flight);
}
