import type { Millis } from "@tombolo/sip";
import type { SipConnection, TlsPeer } from "@tombolo/sip/io";
import type { Direction } from "../edge-events.ts";

/** Connections that one partner may have open. */
export interface PartnerLimits {
  /** Opened by it; above, they are refused. */
  readonly inbound: number;
  /** Opened by us; above, the oldest, which is closing, is dropped. */
  readonly outbound: number;
}

export const DEFAULT_PARTNER_LIMITS: PartnerLimits = { inbound: 32, outbound: 2 };

/** A connection on which nothing came for so long is closed, ms; pongs count as something. */
export const EDGE_IDLE_MS: Millis = 1_800_000;

/** An open connection. */
export interface Entry {
  readonly connection: SipConnection;
  readonly peer: TlsPeer;
  readonly direction: Direction;
  /** The first partner it speaks for, for counting. */
  readonly partner: string;
  /** It came over the listener for old versions of TLS, or was dialled so. */
  readonly legacy: boolean;
}

/** What `connections` shows. */
export interface ConnectionView {
  readonly id: string;
  readonly partner: string;
  readonly direction: Direction;
  readonly remote: string;
  readonly protocol: string;
  readonly subject: string;
}

/** The open connections by their ids, oldest first; those that are closing are still among them. */
export class Roster extends Map<string, Entry> {
  readonly limits: PartnerLimits;

  constructor(limits: Partial<PartnerLimits> = {}) {
    super();
    this.limits = { ...DEFAULT_PARTNER_LIMITS, ...limits };
  }

  /** Whether a partner has opened as many as it may. */
  isFull(partner: string): boolean {
    return this.of(partner, "in").length >= this.limits.inbound;
  }

  /** Those of ours to a partner that must go before another is opened. */
  tooMany(partner: string): Entry[] {
    const ours = this.of(partner, "out");
    return ours.slice(0, Math.max(0, ours.length - this.limits.outbound + 1));
  }

  get views(): ConnectionView[] {
    const views: ConnectionView[] = [];
    for (const [id, { connection, peer, direction, partner }] of this) {
      const { protocol, subject } = peer;
      views.push({ id, partner, direction, remote: connection.remote.host, protocol, subject });
    }
    return views;
  }

  private of(partner: string, direction: Direction): Entry[] {
    return [...this.values()].filter((entry) => entry.partner === partner && entry.direction === direction);
  }
}
