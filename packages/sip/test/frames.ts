import { type Frame, StreamFramer } from "../src/message/framing.ts";
import type { MessageLimits } from "../src/message/limits.ts";
import type { SipMessage } from "../src/message/message.ts";

/** One character per byte, line ends as CRLF. */
export function wire(text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\r?\n/g, "\r\n"), (c) => c.charCodeAt(0));
}

export interface Reading {
  readonly frames: readonly Frame[];
  readonly framer: StreamFramer;
}

/** All frames of a stream that arrives in these chunks. */
export function readChunks(chunks: Iterable<Uint8Array>, limits?: MessageLimits): Reading {
  const framer = new StreamFramer(undefined, limits);
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame; frame = framer.next()) frames.push(frame);
  }
  return { frames, framer };
}

/** The stream cut in two at `at`. */
export function cutAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [bytes.slice(0, at), bytes.slice(at)];
}

/** The stream byte by byte. */
export function dribble(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.slice(i, i + 1));
}

/** The only message of a text; fails where it is anything else. */
export function readOne(text: string | Uint8Array): SipMessage {
  const { frames, framer } = readChunks([typeof text === "string" ? wire(text) : text]);
  const [frame] = frames;
  if (frames.length !== 1 || frame?.kind !== "message" || framer.isPartial) {
    throw new Error(`not one message: ${frame ? JSON.stringify(frame) : "nothing"}`);
  }
  return frame.message;
}

/** What two readings must agree on. */
export function picture(frames: readonly Frame[]): unknown {
  return frames.map((frame) =>
    frame.kind === "keepalive" ? frame : { ...frame, message: look(frame.message) },
  );
}

export function look(message: SipMessage | undefined): unknown {
  if (!message) return undefined;
  const { start, headerNames, headerValues, body, fault } = message;
  return { start, headerNames, headerValues, body: [...body], fault };
}
