/** What outlives a run: plain data, each with the version of its shape. Times are wall-clock times. */
import type { DialogSnapshot } from "@tombolo/sip";
import type { Availability, KeptText, Pair, XmppPresence } from "@tombolo/translator";
import type { WallMillis } from "./wall-clock.ts";

/** Version of all shapes in this file. A record of another version is left on disk and not loaded. */
export const RECORD_VERSION = 1;

/** What a pair is made again from; addresses as in `Pair`. */
export type PairParts = Readonly<Pick<Pair, "xmppUser" | "sipUser" | "partner" | "sipUri">>;

/** Who of a pair watches the other: `xmpp`, we are subscriber (D2); `sip`, we are notifier (D3). */
export type WatcherSide = "xmpp" | "sip";

interface Versioned {
  readonly v: typeof RECORD_VERSION;
}

/** What a user's page or an administrator has decided about a peer. */
export interface RuleRecord extends Versioned {
  readonly kind: "rule";
  /** Bare JID of the XMPP user. */
  readonly user: string;
  /** Bare JID of a SIP user, or a partner's domain for everybody there. */
  readonly peer: string;
  readonly action: "allow" | "block";
  readonly at: WallMillis;
  /** Who set it, for a person: `admin api`. */
  readonly source: string;
}

/** How far the permission of one user to see another has come, or the refusal. */
export interface AuthorizationRecord extends Versioned {
  readonly kind: "authorization";
  readonly pair: PairParts;
  readonly watcher: WatcherSide;
  /** `suspended`: permitted, without a dialog by choice. */
  readonly state: "asked" | "active" | "denied" | "suspended";
  readonly since: WallMillis;
  /** Before this the same question is not asked again, or until then a refusal is remembered. */
  readonly quietUntil?: WallMillis;
  /** Id of the `subscribe` that waits for `subscribed` or an error. */
  readonly askId?: string;
  /** Last SIP answer or Subscription-State reason: `403`, `rejected`. */
  readonly verdict?: string;
}

/** A subscription dialog. `snapshot.localCSeq` is a high-water mark: no number above it was used before the next put. */
export interface DialogRecord extends Versioned {
  readonly kind: "dialog";
  readonly pair: PairParts;
  readonly watcher: WatcherSide;
  readonly snapshot: DialogSnapshot;
  /** With `expiresAt`, what `Subscriber` and `Notifier` take as `resume`. */
  readonly state: "pending" | "active";
  readonly expiresAt: WallMillis;
  /** The watcher's Accept, as it came; where we are notifier. */
  readonly accept?: string;
  /** Learnt from a 423, seconds; where we are subscriber. */
  readonly minExpires?: number;
  readonly lastNotifyAt?: WallMillis;
}

/** What one resource of an XMPP user last said to one watcher. */
export interface StoredResource {
  readonly resource: string;
  readonly state: Availability;
  readonly status?: string;
  readonly priority: number;
}

/** The last known state within a pair. Only for that watcher (design law 2). */
export interface PresenceRecord extends Versioned {
  readonly kind: "presence";
  readonly pair: PairParts;
  readonly watcher: WatcherSide;
  readonly at: WallMillis;
  /** What the XMPP watcher was told last. */
  readonly shown?: XmppPresence;
  /** What the XMPP user shows the SIP watcher. */
  readonly resources?: readonly StoredResource[];
}

/** A publication (RFC 3903): a SIP user's that is held here, or an XMPP user's at a partner's server. */
export interface PublicationRecord extends Versioned {
  readonly kind: "publication";
  readonly by: "partner" | "us";
  /** Domain as configured. */
  readonly partner: string;
  /** Bare JID of who it is about. */
  readonly user: string;
  /** Tells several of one user apart. */
  readonly id: string;
  readonly etag: string;
  readonly expiresAt: WallMillis;
  /** When it began to say what it says; of a partner's publication. */
  readonly since?: WallMillis;
  readonly shown?: XmppPresence & { readonly mappedBy: string };
}

/** A SIP user as their own side writes them (case, escapes), by the bare JID that stands for them. */
export interface AddressRecord extends Versioned {
  readonly kind: "address";
  readonly jid: string;
  readonly uri: string;
  readonly display?: string;
  readonly at: WallMillis;
}

/** An instant message of an XMPP user whose fate is open, or whose sender has still to be told (design law 1). */
export interface MessageRecord extends Versioned, Omit<KeptText, "acceptedAt"> {
  readonly kind: "message";
  /** Ours, unique over all runs. */
  readonly id: string;
  readonly pair: PairParts;
  readonly acceptedAt: WallMillis;
}

/** A named value of this installation. */
export interface MetaRecord extends Versioned {
  readonly kind: "meta";
  readonly name: "install-key";
  readonly value: string;
}

export type StoreRecord =
  | RuleRecord
  | AuthorizationRecord
  | DialogRecord
  | PresenceRecord
  | PublicationRecord
  | AddressRecord
  | MessageRecord
  | MetaRecord;

export type RecordKind = StoreRecord["kind"];

export type RecordOf<K extends RecordKind> = Extract<StoreRecord, { readonly kind: K }>;
