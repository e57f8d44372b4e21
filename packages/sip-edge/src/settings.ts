/** What the edge is told: its own name outside, whom it federates with, the nodes behind it, and its bounds. */
import type { PacingLimits } from "./pacing/limits.ts";

export interface EdgePartner {
  /** The SIP domain, small letters. */
  readonly domain: string;
  /** Certificate names that may speak for it, small letters; compared exactly. */
  readonly names: readonly string[];
  /** `server-auth-as-client` also takes a client certificate that may only be shown by servers. */
  readonly purpose: "strict" | "server-auth-as-client";
  /** Where its edge is; left out: found by DNS. */
  readonly route?: { readonly host: string; readonly port: number } | undefined;
  /**
   * A domain that leads to it where it has neither a route nor service records of its own: that one's route, else its
   * service records.
   */
  readonly routedBy?: RoutingDomain | undefined;
  /** `names` is a default, which the targets of the partner's service records join. */
  readonly namesFromDns?: boolean | undefined;
  /** Floor of TLS with this partner; default 1.2. */
  readonly tlsMin?: "1.2" | "1.3" | undefined;
  /** It may use the listener for old versions of TLS, and is dialled with them. */
  readonly legacy?: boolean | undefined;
  /** Its users may publish their own presence here (RFC 3903); others' PUBLISH is answered 405. */
  readonly mayPublish?: boolean | undefined;
  /** Our users' presence may be published at its server: by Route, because the Request-URI is theirs. */
  readonly takesPublications?: boolean | undefined;
  /** How fast it lets us talk; left out: requests to it are not held back. */
  readonly pacing?: PacingLimits | undefined;
}

/** A domain that others are reached by. */
export interface RoutingDomain {
  /** Small letters. */
  readonly domain: string;
  readonly route?: { readonly host: string; readonly port: number } | undefined;
}

/** Where an inside node is reached. */
export interface NodeTarget {
  readonly transport: "tls" | "tcp";
  readonly host: string;
  readonly port: number;
}

/** A SIP node behind the edge. */
export interface EdgeNode {
  readonly name: string;
  /** `local`: the gateway in this process. */
  readonly target: "local" | NodeTarget;
  /** New dialogs from outside go to the routing nodes; at least one node is one. */
  readonly routing: boolean;
  /** The partners that it has to do with, small letters; left out: all. */
  readonly partners?: readonly string[] | undefined;
  /** Its own port on the public host (static PAT); left out: the main port shows for it. */
  readonly publicPort?: number | undefined;
  /** Certificate names by which a TLS node is known, small letters; compared exactly. */
  readonly names?: readonly string[] | undefined;
  /** Source addresses by which a TCP node is known. */
  readonly from?: readonly string[] | undefined;
}

/** The side of the edge that inside nodes see. */
export interface InsideFace {
  readonly host: string;
  readonly port: number;
  /** Of the listener there. */
  readonly transport: "tls" | "tcp";
}

/** Which of several routing nodes a new dialog goes to: all that are alive by Call-ID, or the first that is. */
export type NewDialogs = "spread" | "standby";

export interface EdgeLimits {
  /** Requests that may wait for their answers; above, new requests are answered 480. */
  readonly maxTransactions: number;
  /** Answered INVITEs that are kept for what may still come of them (32 s); above, the oldest are forgotten. */
  readonly maxAnswered: number;
  /** Dialogs of inside nodes that are kept in mind; above, new ones are answered 480. Unused with one local node. */
  readonly maxDialogs: number;
  /** How long a session or unknown dialog is kept in mind after its last request, ms. */
  readonly dialogIdleMs: number;
  /** Pause between two health checks of a node, ms; 0 = none. One must be answered before the next is due. */
  readonly healthMs: number;
  /** Health checks in a row without answer that make a node down. */
  readonly healthMisses: number;
  /** How long a node may be down before its dialogs are over (481 instead of 504), ms. */
  readonly nodeGraceMs: number;
  /** Requests that may wait for a connection to one partner or node; above, they are answered 504. */
  readonly maxWaiting: number;
  /** First pause after a dial that failed, ms; it doubles up to `maxPauseMs`, each time by half more or less. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** So many requests without an answer, one after the other, end the connection they went out on. */
  readonly maxTimeouts: number;
  /** What a refused sender is told to wait where the refusal is for want of room, s. */
  readonly retryAfter: number;
}

export const DEFAULT_EDGE_LIMITS: EdgeLimits = {
  maxTransactions: 100_000,
  maxAnswered: 5_000,
  maxDialogs: 200_000,
  dialogIdleMs: 12 * 3_600_000,
  healthMs: 10_000,
  healthMisses: 3,
  nodeGraceMs: 60_000,
  maxWaiting: 1_000,
  pauseMs: 2_000,
  maxPauseMs: 30_000,
  maxTimeouts: 3,
  retryAfter: 10,
};

export interface EdgeSettings {
  /** What Via and Record-Route show outside; a name that our certificate has (RFC 5922 7.5). */
  readonly advertise: { readonly host: string; readonly port: number };
  /** The domains behind the edge, small letters. */
  readonly ourDomains: readonly string[];
  readonly partners: readonly EdgePartner[];
  /** Left out: one local node called `local`. */
  readonly nodes?: readonly EdgeNode[] | undefined;
  /** Left out where no node is to connect to us: what nodes see is then the public address. */
  readonly inside?: InsideFace | undefined;
  /** Default `spread`. */
  readonly newDialogs?: NewDialogs | undefined;
  readonly limits?: Partial<EdgeLimits> | undefined;
}

export const LOCAL_NODE: EdgeNode = { name: "local", target: "local", routing: true };
