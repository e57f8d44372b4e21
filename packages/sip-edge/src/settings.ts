/** What the edge is told: its own name outside, whom it federates with, the nodes behind it, and its bounds. */

export interface EdgePartner {
  /** The SIP domain, small letters. */
  readonly domain: string;
  /** Certificate names that may speak for it, small letters; compared exactly. */
  readonly names: readonly string[];
  /** `server-auth-as-client` also takes a client certificate that may only be shown by servers. */
  readonly purpose: "strict" | "server-auth-as-client";
  /** Where its edge is; left out: found by DNS. */
  readonly route?: { readonly host: string; readonly port: number } | undefined;
  /** `names` is a default, which the targets of the partner's service records join. */
  readonly namesFromDns?: boolean | undefined;
  /** Floor of TLS with this partner; default 1.2. */
  readonly tlsMin?: "1.2" | "1.3" | undefined;
  /** It may use the listener for old versions of TLS, and is dialled with them. */
  readonly legacy?: boolean | undefined;
}

/** A SIP node behind the edge. */
export interface EdgeNode {
  readonly name: string;
  /** `local`: the gateway in this process. */
  readonly target: "local";
  /** New dialogs from outside go to the routing node; exactly one node is it. */
  readonly routing: boolean;
}

export interface EdgeLimits {
  /** Transactions that may be pending; above, new requests are answered 480. */
  readonly maxTransactions: number;
  /** Requests that may wait for a connection to one partner; above, they are answered 504. */
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
  readonly limits?: Partial<EdgeLimits> | undefined;
}

export const LOCAL_NODE: EdgeNode = { name: "local", target: "local", routing: true };
