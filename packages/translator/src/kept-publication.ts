import type { Millis } from "@tombolo/sip";
import type { ShownPresence } from "./presence/documents.ts";

/** A publication (RFC 3903) as it stands at its server. */
export interface KeptPublication {
  readonly etag: string;
  readonly expiresAt: Millis;
  /** When it began to say what it says; of a partner's publication. */
  readonly since?: Millis;
  /** What it says, of a partner's publication; undefined where it says nothing. */
  readonly shown?: ShownPresence;
}

/** One publication that has to outlive the process. */
export interface KeptPublicationOf {
  readonly what: "publication";
  /** `partner`: a SIP user's, held here. `us`: an XMPP user's, at the partner's server. */
  readonly by: "partner" | "us";
  /** Domain as configured. */
  readonly partner: string;
  /** Bare JID of who it is about. */
  readonly user: string;
  /** Tells several of one user apart; empty where there is only one. */
  readonly id: string;
  readonly value: KeptPublication | undefined;
}
