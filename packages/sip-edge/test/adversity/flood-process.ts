/** A partner that sends as much as it can over several connections, and reads its answers. */
import { connect } from "node:tls";
import type { FloodOrder } from "./rig.ts";

/** Requests written in one piece. */
const BURST = 64;

function request(domain: string, serial: number): string {
  const body = "x".repeat(300);
  return [
    "MESSAGE sip:alice@example.com SIP/2.0",
    `Via: SIP/2.0/TLS sip.${domain}:5061;branch=z9hG4bKflood${serial}`,
    "Max-Forwards: 70",
    `From: <sip:eve@${domain}>;tag=e1`,
    "To: <sip:alice@example.com>",
    `Call-ID: flood${serial}`,
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}

process.once("message", ({ port, domain, credentials, ca, connections }: FloodOrder) => {
  let serial = 0;
  let answers = 0;
  for (let i = 0; i < connections; i++) {
    const socket = connect({ ...credentials, ca, port, host: "127.0.0.1", servername: "sip.example.com" });
    const burst = () => {
      let text = "";
      for (let one = 0; one < BURST; one++) text += request(domain, serial++);
      return text;
    };
    const write = () => {
      while (socket.write(burst(), "latin1"));
    };
    socket.on("secureConnect", write);
    socket.on("drain", write);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      for (let at = chunk.indexOf("SIP/2.0 200"); at >= 0; at = chunk.indexOf("SIP/2.0 200", at + 1))
        answers++;
    });
  }
  process.on("message", () => process.send!({ sent: serial, answers }));
});
process.once("disconnect", () => process.exit(0));
