import type { IdSource, Millis } from "../machine.ts";
import type { PublicationEvent, PublicationState, PublicationStatus } from "./tables/compositor.ts";

export interface CompositorSettings {
  /** Makes entity tags. */
  readonly ids: IdSource;
  /** Shortest lifetime granted, s; default `MIN_PUBLICATION_S`. */
  readonly minExpires?: number;
  /** Longest lifetime granted, and that of a request that names none, s; default `MAX_PUBLICATION_S`. */
  readonly maxExpires?: number;
  /** Publications at once; default `MAX_PUBLICATIONS`. */
  readonly maxPublications?: number;
  /** Told every table cell that was used, for explanations and coverage. */
  readonly trace?: (state: PublicationState, event: PublicationEvent, row: string) => void;
}

/** What the body of a PUBLISH says, as its reader understood it. */
export type PublishedBody<Meaning> =
  | { readonly kind: "none" }
  /** Of a type that is not taken, or broken. */
  | { readonly kind: "unreadable" }
  | { readonly kind: "state"; readonly state: Meaning };

/** A PUBLISH for this presentity, its event package and sender already checked. */
export interface Publish<Meaning> {
  readonly kind: "publish";
  /** The caller's name for the request; comes back with the answer. */
  readonly request: string;
  /** SIP-If-Match. */
  readonly ifMatch?: string | undefined;
  /** Expires, s. */
  readonly expires?: number | undefined;
  readonly body: PublishedBody<Meaning>;
}

export type CompositorOutput =
  | {
      readonly kind: "answer";
      readonly request: string;
      readonly status: PublicationStatus;
      /** SIP-ETag, with every 200. */
      readonly etag?: string;
      /** Expires, s, with every 200. */
      readonly expires?: number;
      /** Min-Expires, s, with a 423. */
      readonly minExpires?: number;
    }
  /** The publications, or what they say, are others than before. A refresh is told of, too: the tag is another. */
  | { readonly kind: "changed" }
  /** A publication is no more: removed, lapsed or displaced. */
  | { readonly kind: "gone"; readonly id: string };

/** One publication: the state of one source. */
export interface Publication<Meaning> {
  /** Stays the same while the entity tag changes: the first one. */
  readonly id: string;
  readonly etag: string;
  readonly state: Meaning;
  /** When it was created or modified; a refresh does not count. */
  readonly changedAt: Millis;
  readonly expiresAt: Millis;
}
