import type { Millis } from "@tombolo/sip";

export interface PublicationSettings {
  /** SIP users who publish here, at once; more are answered 480. */
  readonly maxPublishingUsers: number;
  /** XMPP users published to partners, at once; more are not published. */
  readonly maxPublishedUsers: number;
  /** Lifetime that our publications ask for, s. */
  readonly expires: number;
  /** Changes of one user go out no closer together, ms. */
  readonly pace: Millis;
  /** First pause before another try when a partner's server fails, ms; doubles up to `retryCap`. */
  readonly retryBase: Millis;
  readonly retryCap: Millis;
  /** How long a publication stands while the XMPP server is out of reach, ms; those of many users end within `spread`. */
  readonly grace: Millis;
  readonly spread: Millis;
  /** How long the XMPP server may take to say what a user shows, ms: after that they show nothing. */
  readonly settle: Millis;
}

export const DEFAULT_PUBLICATION_SETTINGS: PublicationSettings = {
  maxPublishingUsers: 100_000,
  maxPublishedUsers: 100_000,
  expires: 3_600,
  pace: 5_000,
  retryBase: 30_000,
  retryCap: 3_600_000,
  grace: 60_000,
  spread: 10_000,
  settle: 10_000,
};
