import type { VerifiedPeer } from "@tombolo/sip";
import type { Direction } from "../edge-events.ts";
import type { NodeState } from "./node-state.ts";
import type { PartnerState } from "./partner-state.ts";

/** A partner on one connection: what its certificate lets it be. */
export interface Voice {
  readonly partner: PartnerState;
  readonly verified: VerifiedPeer;
}

/** One authenticated connection: to partners outside, or to one node inside. */
export interface Link {
  readonly id: string;
  readonly direction: Direction;
  readonly remote: { readonly host: string; readonly port: number };
  /** By domain: whom this connection may speak for, and who may be spoken to on it. Empty on a node's. */
  voices: ReadonlyMap<string, Voice>;
  /** The first of them, for counting what belongs to none. */
  label: string;
  /** The node at its other end; undefined on a partner's. */
  readonly node: NodeState | undefined;
  /** The name of the node whose public port took it, where that is not the main port. */
  readonly through: string | undefined;
  /** Set once something came in. */
  heard: boolean;
  readonly openedAt: number;
  open: boolean;
  /** Requests that we sent on it and that have no final answer. */
  pending: number;
  /** Requests of ours on it that ran out one after the other, with no answer to any between. */
  timeouts: number;
}
