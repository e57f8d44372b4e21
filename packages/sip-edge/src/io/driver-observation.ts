import type { HandshakeOutcome } from "@tombolo/sip/io";
import type { Direction, EdgeObservation } from "../edge-events.ts";

/** What the driver of an edge may tell, besides what the edge itself does. */
export type DriverObservation =
  | EdgeObservation
  /** One TLS handshake, for tls_handshakes_total; `cure` says in a sentence what to do where it failed. */
  | {
      readonly kind: "handshake";
      readonly side: "outside" | "inside";
      readonly direction: Direction;
      readonly outcome: HandshakeOutcome | "name-mismatch";
      /** Address of the other end. */
      readonly remote: string;
      /** The partner's domain, or on the inside the node's name, where it is known, else "". */
      readonly partner: string;
      readonly detail: string;
      readonly cure: string;
    }
  | {
      readonly kind: "connection";
      readonly side: "outside" | "inside";
      readonly state: "opened" | "closed";
      /** The partner's domain, or on the inside the node's name. */
      readonly partner: string;
      readonly direction: Direction;
      readonly remote: string;
      /** Why it was closed, else "". */
      readonly why: string;
      /** `TLSv1.3`, ... */
      readonly protocol: string;
      /** TLS older than 1.2 (RFC 8996). */
      readonly legacy: boolean;
    }
  /** A port that a reload asked for could not be opened. */
  | { readonly kind: "listener-failed"; readonly port: number; readonly detail: string };
