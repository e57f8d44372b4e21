import type { Millis } from "@tombolo/sip";
import type { Imbalance } from "./im/ledger.ts";

export const DIRECTIONS = ["sip_to_xmpp", "xmpp_to_sip"] as const;

export type Direction = (typeof DIRECTIONS)[number];

/** Facts for metrics and logs. They carry addresses only where a debug log may want them, and never texts. */
export type Observation =
  | {
      readonly what: "im";
      readonly event: "accepted" | "delivered" | "bounced" | "expired" | "returned";
      readonly direction: Direction;
      readonly partner: string;
      /** Why, for bounced and expired: a row id of the error tables or a local reason. */
      readonly reason?: string;
      /** From accepted to delivered. */
      readonly took?: Millis;
    }
  /** The books do not balance: a text was lost, or had two fates. Told when it begins and when it changes. */
  | ({ readonly what: "imbalance" } & Imbalance)
  | {
      readonly what: "presence";
      readonly direction: Direction;
      readonly partner: string;
      /** Row of the availability tables that made the state. */
      readonly row: string;
      /** From the change's arrival to its hand-over. */
      readonly age: Millis;
    }
  | {
      readonly what: "subscription";
      readonly direction: Direction;
      readonly partner: string;
      readonly from: string | undefined;
      readonly to: string | undefined;
    }
  | { readonly what: "session"; readonly partner: string; readonly change: 1 | -1 }
  | {
      readonly what: "decision";
      readonly gate: "gateway" | "user";
      readonly decision: "allow" | "deny";
      readonly reason: string;
    }
  /** Something an operator should be able to find again. */
  | {
      readonly what: "note";
      readonly event: string;
      readonly partner: string;
      readonly detail: string;
      readonly watcher?: string;
      readonly presentity?: string;
    };
