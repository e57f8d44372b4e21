import { describeMessage } from "./faults.ts";
import type { WireMessage } from "./wire.ts";

/** A SIP message on the wire of the simulated edge. */
export interface Seen {
  /** ms since the edge was started. */
  readonly at: number;
  /** "received" came from the program under test. */
  readonly direction: "received" | "sent";
  /** Number of the connection, from 1. */
  readonly link: number;
  readonly message: WireMessage;
}

/** One line of a transcript. */
export function describeSeen({ at, direction, link, message }: Seen): string {
  return `${at.toFixed(0)} ms ${direction === "sent" ? "<<" : ">>"} ${link} ${describeMessage(message)}`;
}
