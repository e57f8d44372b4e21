/** What `GET /api/v1/status` and the console show of one process. */

export interface MessageCounts {
  readonly accepted: number;
  readonly delivered: number;
  readonly bounced: number;
  readonly expired: number;
  readonly inFlight: number;
  /** False where `accepted` is not the sum of the others: a fault of ours, named in the log. */
  readonly balanced: boolean;
}

export interface PartnerStatus {
  readonly domain: string;
  readonly profile: string;
  /** Open SIP connections. */
  readonly connections: number;
  readonly xmppLink: "up" | "down" | "none";
  /** Open IM sessions. */
  readonly sessions: number;
  /** Subscriptions by who watches and their state: `sip_to_xmpp active`. */
  readonly subscriptions: Readonly<Record<string, number>>;
  readonly sipToXmpp: MessageCounts;
  readonly xmppToSip: MessageCounts;
}

/** A SIP node behind the edge, the gateway of this process among them. */
export interface NodeStatus {
  readonly name: string;
  readonly health: "unknown" | "up" | "down";
  /** Open connections to and from it. */
  readonly connections: number;
}

/** The edge in another process, as its gateway has it. */
export interface EdgeStatus {
  /** `host:port` */
  readonly at: string;
  readonly connections: number;
}

export interface Status {
  readonly node: string;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly waitingFor: readonly string[];
  /** What runs here: only an edge knows SIP connections of partners, only a gateway the rest of their figures. */
  readonly roles: readonly ("edge" | "gateway")[];
  /** Left out where it is in this process. */
  readonly edge?: EdgeStatus;
  /** Empty on a gateway without an edge. */
  readonly nodes: readonly NodeStatus[];
  readonly partners: readonly PartnerStatus[];
}
