/** What the measuring process tells the process of the two ends, and what it hears back. */
import type { Identity, SipPorts, Transport } from "../ends/sip-end.ts";

/**
 * Who watches whom. `xmpp`: XMPP users watch SIP users, so NOTIFYs become presence. `sip`: SIP users watch XMPP users, so
 * presence becomes NOTIFYs. `server`: SIP users watch users of a presence server, which learns their state by PUBLISH.
 */
export type Watchers = "xmpp" | "sip" | "server";

export interface WatchRun {
  readonly watchers: Watchers;
  /** The domain of the SIP users; with `server` that of all. */
  readonly domain: string;
  /** First and number of the dialogs that are opened or updated. */
  readonly first: number;
  readonly count: number;
  /** As many under way at once. */
  readonly window: number;
}

export interface WatchFigures {
  /** Dialogs opened, or updates that came out at the other end. */
  readonly done: number;
  readonly failures: number;
  readonly seconds: number;
  /** ms from going in to coming out. */
  readonly p50: number;
  readonly p99: number;
  readonly example: string;
}

export type WatchOrder =
  | { readonly kind: "open"; readonly identity: Identity }
  | { readonly kind: "connect"; readonly transport: Transport; readonly port: number }
  /** Opens dialogs. */
  | ({ readonly kind: "watch" } & WatchRun)
  /** Changes the state behind each dialog once. */
  | ({ readonly kind: "change" } & WatchRun)
  /** Waits until the subject has asked anew about so many dialogs, as it does after its restart. */
  | { readonly kind: "await-questions"; readonly count: number };

export type WatchReport =
  | { readonly kind: "open"; readonly sip: SipPorts; readonly component: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string }
  | ({ readonly kind: "figures" } & WatchFigures);

/** Contacts that each user watches. */
export const CONTACTS = 10;
/** Watchers of each user of a presence server. */
export const AUDIENCE = 100;
