/** Asks a partner's edge one OPTIONS over an open connection: whatever it answers, it speaks SIP with us. */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { buildRequest, reasonPhrase, StreamFramer, wireText } from "@tombolo/sip";
import { latin1 } from "@tombolo/sip/io";

/** How long an answer may take, ms. */
const ANSWER_MS = 5_000;

export interface OptionsQuestion {
  readonly ourDomain: string;
  readonly theirDomain: string;
  /** `host:port` that is advertised outside. */
  readonly advertise: string;
}

export type OptionsAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly reason: string }
  | { readonly kind: "hung-up" }
  | { readonly kind: "silent" };

/** Ends the connection in any case. */
export function askOptions(socket: Socket, question: OptionsQuestion): Promise<OptionsAnswer> {
  const framer = new StreamFramer(latin1);
  return new Promise((resolve) => {
    const end = (answer: OptionsAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ kind: "silent" }), ANSWER_MS);
    socket.on("error", () => end({ kind: "hung-up" }));
    socket.once("close", () => end({ kind: "hung-up" }));
    socket.on("data", (chunk: Buffer) => {
      framer.push(chunk);
      for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
        if (frame.kind !== "message" || frame.message.isRequest || frame.message.status < 200) continue;
        end({ kind: "answered", status: frame.message.status, reason: reasonPhrase(frame.message.status) });
        return;
      }
    });
    socket.write(wireText(optionsRequest(question)), "latin1");
  });
}

/** RFC 3261 11.1, with no user on either side: the edge itself is asked. */
function optionsRequest({ ourDomain, theirDomain, advertise }: OptionsQuestion) {
  const id = randomBytes(9).toString("hex");
  return buildRequest("OPTIONS", `sip:${theirDomain}`, [
    ["Via", `SIP/2.0/TLS ${advertise};branch=z9hG4bK${id}`],
    ["Max-Forwards", "70"],
    ["From", `<sip:${ourDomain}>;tag=${id.slice(0, 8)}`],
    ["To", `<sip:${theirDomain}>`],
    ["Call-ID", id],
    ["CSeq", "1 OPTIONS"],
    ["Contact", `<sip:${advertise};transport=tls>`],
    ["Accept", "application/sdp"],
  ]);
}
