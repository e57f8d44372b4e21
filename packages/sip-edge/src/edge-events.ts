import type { SipMessage, VerifiedPeer } from "@tombolo/sip";
import type { Lane } from "./pacing/lane.ts";
import type { PacingRefusal } from "./pacing/shaper.ts";
import type { PartnerBack } from "./routing/partner-back.ts";
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
      /** The node whose public port accepted it; left out for the main port and for connections of ours. */
      readonly through?: string | undefined;
    }
  /** An authenticated connection to an inside node is there. */
  | {
      readonly kind: "node-opened";
      readonly connection: string;
      readonly direction: "in" | "out";
      readonly node: string;
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
  | {
      readonly kind: "node-dial-failed";
      readonly node: string;
      readonly why: DialFailure;
      readonly detail: string;
    }
  /** A message of the gateway in this process; other nodes' messages come as `message`. */
  | { readonly kind: "from-node"; readonly node: string; readonly message: SipMessage }
  /** A partner may have lost its memory: for gateways in other processes. */
  | ({ readonly kind: "partner-back" } & PartnerBack)
  | { readonly kind: "settings"; readonly settings: EdgeSettings }
  /** No new dialogs from now on; what is pending goes on. */
  | { readonly kind: "stop" };

export type EdgeOutput =
  | { readonly kind: "send"; readonly connection: string; readonly message: SipMessage }
  /** To be answered by `opened` with direction `out`, or `dial-failed`; one at a time for each partner. */
  | { readonly kind: "dial"; readonly partner: string }
  /** Likewise, to be answered by `node-opened` or `node-dial-failed`. */
  | { readonly kind: "dial-node"; readonly node: string }
  /** After what was sent. `closed` need not follow. */
  | { readonly kind: "close"; readonly connection: string; readonly why: string }
  /** A message for the gateway in this process. */
  | {
      readonly kind: "to-node";
      readonly node: string;
      readonly message: SipMessage;
      /** Who sent it; undefined where the edge itself answers. */
      readonly verified: VerifiedPeer | undefined;
    }
  | { readonly kind: "observe"; readonly observation: ToldObservation };

export type Direction = "in" | "out";

/** What metrics and logs may know. `partner` is a configured domain or "", `method` of a fixed set. */
export type EdgeObservation = CountedObservation | ToldObservation;

/** What each message may show: it does not come out one by one, the edge counts it (`Edge.tell`). */
export type CountedObservation =
  | {
      readonly kind: "request";
      /** `inside` where it passed a connection of a node; `in` is then what came from the node. */
      readonly side: "outside" | "inside";
      readonly partner: string;
      readonly direction: Direction;
      readonly method: string;
    }
  | {
      readonly kind: "response";
      readonly side: "outside" | "inside";
      readonly partner: string;
      readonly direction: Direction;
      /** Of the request. */
      readonly method: string;
      readonly status: number;
    }
  /** A request was let through. */
  | (Decision & { readonly decision: "allow" })
  /** A request from outside was sent on to a node; only where there are several, or one that is not local. */
  | { readonly kind: "node-request"; readonly node: string; readonly found: Found };

interface Decision {
  readonly kind: "decision";
  readonly gate: "edge" | "tls";
  readonly decision: "allow" | "deny";
  readonly reason: string;
  readonly partner: string;
  readonly direction: Direction;
}

/** What is told as it happens. */
export type ToldObservation =
  | Decision
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
    }
  /** How a paced partner stands: when it changes, once a second at most. */
  | {
      readonly kind: "pacing";
      readonly partner: string;
      /** Requests that may go at once; below 0 after some that do not wait; undefined = it is not paced any more. */
      readonly budget: number | undefined;
      readonly waiting: Readonly<Record<Lane, number>>;
      /** Users that may be addressed besides those that were; undefined = any number. */
      readonly targetsLeft: number | undefined;
    }
  /** A request to a paced partner was not sent, and its sender told so. */
  | { readonly kind: "pacing-refused"; readonly partner: string; readonly reason: PacingRefusal }
  /** A node could not be connected to. */
  | {
      readonly kind: "node-unreachable";
      readonly node: string;
      readonly why: DialFailure;
      readonly detail: string;
      readonly pauseMs: number;
    }
  /** A node went down or came back. */
  | {
      readonly kind: "node";
      readonly node: string;
      readonly state: "up" | "down";
      /** What was missed last. */
      readonly why: string;
    };

/** How the node for a request was found. */
export type Found =
  /** It begins something: a routing node, or the node of the public port it came to. */
  | "new"
  /** By the dialog, on the node's own port. */
  | "dialog"
  /** By the dialog, though it came to a port of others . */
  | "dialog-elsewhere"
  /** An unknown dialog: by Route. */
  | "route"
  /** An unknown dialog: by the port it came to, or given to a routing node. */
  | "port";

/** How an inside node is. */
export type NodeHealth = "unknown" | "up" | "down";

export interface NodeView {
  readonly name: string;
  readonly local: boolean;
  /** A local node is always up; without health checks a node stays `unknown` until it can't be reached. */
  readonly health: NodeHealth;
  readonly connections: number;
}

export type DropReason =
  /** A response that belongs to no pending request (RFC 6026 7.2). */
  | "stray-response"
  /** An ACK or CANCEL for a transaction that the edge itself has answered. */
  | "absorbed"
  | "repeated-request"
  /** The partner has no connection for our response to go. */
  | "no-connection"
  | "malformed-response";
