import type { DialogId, Millis } from "@tombolo/sip";
import type { KeptResource } from "../kept.ts";
import type { Availability } from "../tables/system.ts";
import type { XmppPresence } from "../tables/xmpp-presence.ts";

/** A subscription dialog, for a person who asks. */
export interface DialogView {
  readonly dialog: DialogId;
  readonly state: string;
  readonly expiresAt: Millis | undefined;
  /** The last document in it: sent by us or received. */
  readonly documentAt: Millis | undefined;
}

/** Why a SIP watcher sees what they see. */
export interface SipWatchView {
  /** What the XMPP user has said about this watcher. */
  readonly authorization: "none" | "asked" | "granted" | "refused";
  /** When the XMPP user was asked last. */
  readonly askedAt: Millis | undefined;
  /** A rule, or the default, shuts the watcher out before anybody is asked. */
  readonly isDenied: boolean;
  /** The XMPP server is out of reach for too long. */
  readonly isOut: boolean;
  /** What is known is from before an outage or a restart. */
  readonly isStale: boolean;
  /** The XMPP resources, and what the user publishes at SIP devices. */
  readonly resources: readonly KeptResource[];
  /** What the documents say, and the row of the availability tables. */
  readonly sees: { readonly state: Availability; readonly note?: string; readonly row?: string };
  readonly dialogs: readonly DialogView[];
}

/** Why an XMPP watcher sees what they see. */
export interface XmppWatchView {
  /** `pending`, `active`, `backoff`, `denied`, `ending` or `none`. */
  readonly state: string;
  /** The SIP side has let the watcher in. */
  readonly isAuthorized: boolean;
  readonly dialogs: readonly DialogView[];
  /** When the SIP side is asked again. */
  readonly retryAt: Millis | undefined;
  /** The SIP side's refusal is remembered until then. */
  readonly deniedUntil: Millis | undefined;
  /** What is shown is withdrawn then, unless the SIP side answers. */
  readonly withdrawnAt: Millis | undefined;
  /** What the SIP user publishes for all who may watch them (RFC 3903); undefined where nothing. */
  readonly published: XmppPresence | undefined;
  /** What the watcher was told last; undefined where nothing. */
  readonly sees: (XmppPresence & { readonly row?: string }) | undefined;
  /** The SIP side's last failure: a status, or what went wrong. */
  readonly lastFailure: string | undefined;
}
