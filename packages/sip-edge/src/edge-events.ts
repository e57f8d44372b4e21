import type { SipMessage, VerifiedPeer } from "@tombolo/sip";
import type { EdgeSettings } from "./settings.ts";

/** Why a partner could not be reached. */
export type DialFailure =
  | "refused"
  | "unreachable"
  | "timeout"
  | "dns"
  | "reset"
  | "tls"
  | "refused-ours"
  | "certificate"
  | "name-mismatch";

export type EdgeInput =
  /** An authenticated connection is there, or an open one was judged anew (same `connection`). */
  | {
      readonly kind: "opened";
      readonly connection: string;
      readonly direction: "in" | "out";
      /**
       * The domains its certificate may speak for. On a connection of ours the first is the one that was dialled, and
       * requests for others are not sent on it: their route may lead elsewhere.
       */
      readonly partners: readonly string[];
      /** The certificate name that stood for them. */
      readonly name: string;
      readonly remote: { readonly host: string; readonly port: number };
    }
  | { readonly kind: "message"; readonly connection: string; readonly message: SipMessage }
  /** The stream can't be followed; `message` is what can be answered. */
  | {
      readonly kind: "broken";
      readonly connection: string;
      readonly why: string;
      readonly status: number;
      readonly message?: SipMessage | undefined;
    }
  | { readonly kind: "closed"; readonly connection: string; readonly why: string }
  | {
      readonly kind: "dial-failed";
      readonly partner: string;
      readonly why: DialFailure;
      readonly detail: string;
    }
  | { readonly kind: "from-node"; readonly node: string; readonly message: SipMessage }
  | { readonly kind: "settings"; readonly settings: EdgeSettings }
  /** No new dialogs from now on; what is pending goes on. */
  | { readonly kind: "stop" };

export type EdgeOutput =
  | { readonly kind: "send"; readonly connection: string; readonly message: SipMessage }
  /** To be answered by `opened` with direction `out`, or `dial-failed`; one at a time for each partner. */
  | { readonly kind: "dial"; readonly partner: string }
  /** After what was sent. `closed` need not follow. */
  | { readonly kind: "close"; readonly connection: string; readonly why: string }
  | {
      readonly kind: "to-node";
      readonly node: string;
      readonly message: SipMessage;
      /** Who sent it; undefined where the edge itself answers. */
      readonly verified: VerifiedPeer | undefined;
    }
  | { readonly kind: "observe"; readonly observation: EdgeObservation };

export type Direction = "in" | "out";

/** What metrics and logs may know. `partner` is a configured domain or "", `method` of a fixed set. */
export type EdgeObservation =
  | {
      readonly kind: "request";
      readonly side: "outside";
      readonly partner: string;
      readonly direction: Direction;
      readonly method: string;
    }
  | {
      readonly kind: "response";
      readonly side: "outside";
      readonly partner: string;
      readonly direction: Direction;
      /** Of the request. */
      readonly method: string;
      readonly status: number;
    }
  | {
      readonly kind: "decision";
      readonly gate: "edge" | "tls";
      readonly decision: "allow" | "deny";
      readonly reason: string;
      readonly partner: string;
      readonly direction: Direction;
    }
  /** A message that leads nowhere. */
  | {
      readonly kind: "dropped";
      readonly reason: DropReason;
      readonly partner: string;
      readonly direction: Direction;
    }
  | {
      readonly kind: "breaker";
      readonly partner: string;
      readonly state: "open" | "closed";
      readonly why: string;
      readonly detail: string;
      /** How long nothing is tried, ms. */
      readonly pauseMs: number;
    };

export type DropReason =
  /** A response that belongs to no pending request (RFC 6026 7.2). */
  | "stray-response"
  /** An ACK or CANCEL for a transaction that the edge itself has answered. */
  | "absorbed"
  | "repeated-request"
  /** The partner has no connection for our response to go. */
  | "no-connection"
  | "malformed-response";
