/** What the measuring process tells the process of the two ends, and what it hears back. */
import type { Identity, SipPorts, Transport } from "../ends/sip-end.ts";

export interface ImRun {
  /** `echo`: from an XMPP user to a component that sends it back; there is no SIP in it. */
  readonly direction: "to-xmpp" | "to-sip" | "echo";
  /** `session`: INVITE, ten MESSAGEs one after the other, BYE, between each two users, again and again. */
  readonly mode: "session" | "page";
  /** The domain of the SIP users. */
  readonly domain: string;
  /** Texts to send. */
  readonly count: number;
  /** Sent in one second, arrived or not; left out: one under way between each two users, always. */
  readonly rate?: number | undefined;
}

export interface ImFigures {
  /** Texts that arrived, once each; to XMPP their MESSAGE also had its 2xx. */
  readonly messages: number;
  /** Refused, bounced or lost. */
  readonly failures: number;
  readonly seconds: number;
  /** ms from when it was due to be sent until it came out at the other end. */
  readonly p50: number;
  readonly p99: number;
  /** One of the refusals. */
  readonly example: string;
  /** CPU time of both ends, s. */
  readonly ends: number;
}

export type ImOrder =
  /** Listens for calls and components. */
  | { readonly kind: "open"; readonly identity: Identity }
  /** Logs users on to a real server; without, the XMPP end is the component server. */
  | { readonly kind: "log-on"; readonly port: number; readonly password: string }
  | { readonly kind: "connect"; readonly transport: Transport; readonly port: number }
  | ({ readonly kind: "run" } & ImRun);

export type ImReport =
  | { readonly kind: "open"; readonly sip: SipPorts; readonly component: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string }
  | ({ readonly kind: "figures" } & ImFigures);

/** Pairs of users: as many texts are under way at once. */
export const PAIRS = 64;
