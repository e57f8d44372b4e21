/** The far end of the measurement: a UAS that answers everything with 200, over TLS and TCP. A process of its own. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { SipStream } from "./sip-stream.ts";

export interface SinkOrder {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface SinkPorts {
  readonly tls: number;
  readonly tcp: number;
}

const CONTACT = "Contact: <sip:alice@example.com;transport=tls>\r\n";
const SDP = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=session",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=message 5060 sip null",
  "a=accept-types:text/plain",
  "",
].join("\r\n");
const WITH_SDP = `Content-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`;
/** Headers that an answer repeats (RFC 3261 8.2.6.2, 12.1.1). */
const REPEATED = ["via:", "record-route:", "from:", "to:", "call-id:", "cseq:"];

function answerTo(head: string): string {
  const method = head.slice(0, head.indexOf(" "));
  if (method === "ACK") return "";
  let answer = "SIP/2.0 200 OK\r\n";
  for (const line of head.split("\r\n")) {
    const name = line.slice(0, line.indexOf(":") + 1).toLowerCase();
    if (!REPEATED.includes(name)) continue;
    answer += name === "to:" && !line.includes(";tag=") ? `${line};tag=sink\r\n` : `${line}\r\n`;
  }
  if (method === "INVITE") return `${answer}${CONTACT}${WITH_SDP}`;
  if (method === "SUBSCRIBE") answer += `${CONTACT}Expires: 3600\r\n`;
  return `${answer}Content-Length: 0\r\n\r\n`;
}

function serve(socket: Socket): void {
  const stream = new SipStream();
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    let out = "";
    stream.push(chunk, (head) => {
      out += head.startsWith("SIP/2.0") ? "" : answerTo(head);
    });
    if (out !== "") socket.write(out, "latin1");
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

process.once("message", (order: SinkOrder) => {
  const tls = createTlsServer({ ...order, requestCert: true, rejectUnauthorized: true }, serve);
  const tcp = createServer(serve);
  void Promise.all([listen(tls), listen(tcp)]).then(([tlsPort, tcpPort]) =>
    process.send?.({ tls: tlsPort, tcp: tcpPort } satisfies SinkPorts),
  );
});
process.once("disconnect", () => process.exit(0));
