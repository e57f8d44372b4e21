/** What the admin API says of the edge: partners as configured and as they are, open connections, refusals. */
import type { ConnectionRow, DecisionRow, Unreachable } from "../federation/recollection.ts";
import { json, type Route } from "./reply.ts";

/** One partner object, with its defaults, and how it is. */
export interface PartnerRow {
  readonly domain: string;
  readonly protocol: "sip" | "xmpp";
  readonly profile: string;
  /** `host:port`, or `dns`. */
  readonly route?: string;
  readonly names?: readonly string[];
  readonly purpose?: string;
  readonly tlsMin?: string;
  readonly messagesPerSecond?: number;
  readonly discovered?: boolean;
  readonly xmppLink?: "up" | "down" | "none";
  readonly connections?: number;
  /** Left out while it can be reached, or nobody has tried. */
  readonly unreachable?: Unreachable;
}

export interface EdgeViews {
  readonly partners: () => readonly PartnerRow[];
  readonly connections: () => readonly ConnectionRow[];
  /** Newest first. */
  readonly decisions: () => readonly DecisionRow[];
}

/** `/api/v1/partners`, `.../connections`, `.../decisions`. */
export function edgeRoutes({ partners, connections, decisions }: EdgeViews): readonly Route[] {
  return [
    { path: "/api/v1/partners", methods: { GET: () => json(200, { partners: partners() }) } },
    { path: "/api/v1/connections", methods: { GET: () => json(200, { connections: connections() }) } },
    { path: "/api/v1/decisions", methods: { GET: () => json(200, { decisions: decisions() }) } },
  ];
}
