import type { ErrorSwitches } from "../error/stanza-to-sip.ts";
import type { PidfDialect } from "../tables/pidf-activity.ts";
import type { SystemKey } from "../tables/system.ts";

/** The profiles that a configuration can name. */
export type ProfileName =
  | "ocs"
  | "lync"
  | "aol"
  | "simple"
  | "cup-7"
  | "sametime"
  | "webex-connect"
  | "googletalk"
  | "cup-8"
  | "xmpp";

/** How presence is asked for and shown. */
export interface PresenceProfile {
  /** Media types for Accept in SUBSCRIBE; the notifier chooses among them. */
  readonly accept: readonly string[];
  readonly pidf: PidfDialect;
  /** Scheme of `entity` in the documents that we write (RFC 3863 4.1.1 wants `pres`). */
  readonly entityScheme: "pres" | "sip";
  /** A tuple for each resource of an XMPP user (RFC 8048 6.2, C-12), or one that stands for all of them (C-24). */
  readonly tuples: "per-resource" | "one";
  /** Subscription length that we ask for, s. */
  readonly expiresSeconds: number;
  /** The XMPP resource that stands for the SIP user (C-24). */
  readonly resource: string;
  /** Whether a refresh that no NOTIFY follows within timer N ends the subscription (RFC 6665 4.1.2.2, C-31). */
  readonly strictTimerN: boolean;
  /** Whether its users may publish their presence here (RFC 3903). */
  readonly takesPublications: boolean;
}

/** How instant messages go. */
export interface ImDialect {
  /** MESSAGEs inside an INVITE dialog, or each on its own (C-01). */
  readonly mode: "page" | "session";
  /** Whether page mode is tried after the peer refused our session (C-01). */
  readonly pageFallback: boolean;
  /** Media of the message line in the descriptions that we write; both are read. */
  readonly sdpMedia: "message" | "x-ms-message";
  /** How long our INVITE may ring, ms. */
  readonly inviteTimeoutMs: number;
  /** Status for a MESSAGE outside dialogs whose text was taken (C-03). In a dialog it is 200. */
  readonly pageStatus: 200 | 202;
  /** Longest MESSAGE outside dialogs, bytes of the whole request (RFC 3428 8, C-22). */
  readonly maxPageBytes: number;
  /** Longest text in one MESSAGE, bytes of UTF-8. */
  readonly maxTextBytes: number;
  /** Typing by INFO with KeyboardActivity, or by MESSAGE with isComposing (RFC 3994). */
  readonly typing: "info" | "message";
  /** Typing is told again after this, ms: watchers forget it. */
  readonly typingRefreshMs: number;
  /** Header of our INVITE that names the conversation; its value is new each time. */
  readonly conversationIdHeader?: string;
  /** Whether a 200 to a MESSAGE may become a delivery receipt (C-25). */
  readonly receiptFrom200: boolean;
  /** Header of an INVITE that may hold the first text, which is not taken from there if a MESSAGE brings it. */
  readonly firstTextHeader?: string;
  /** Whether texts are wrapped to ask for notifications where the XMPP user asks for a receipt (RFC 5438). */
  readonly asksForNotifications?: boolean;
}

/** How our SIP looks to the peer, and how the peer is found. */
export interface SipDialect {
  /** Whether our URIs carry `transport=tls` (C-19). */
  readonly transportParameter: boolean;
  /** Contact of our dialogs: the edge's host, or the user with a `gr` (C-28). */
  readonly contact: "edge" | "user";
  /** Records that lead to the peer where no route is configured (C-20). */
  readonly lookup: "federation-srv" | "rfc3263";
  /**
   * Whether users may have another provider's e-mail address as their name, written `user(mail.example)` (AOL-06). What
   * becomes of them is for the configuration of the partner to say.
   */
  readonly hasEmailScreenNames: boolean;
  /** Whether the sender's resource goes into From as `gr` (C-08). */
  readonly gruuInFrom: boolean;
  /** Whether requests in a dialog follow Record-Route. Where they don't, dialogs are found by Call-ID and tags (AOL-08). */
  readonly followsRecordRoute: boolean;
}

/** What the XMPP server needs to know to federate with the peer; Tombolo documents it and can't enforce it. */
export interface ServerLink {
  readonly tls: "none" | "optional" | "required";
  readonly saslExternal: boolean;
  /** Whether the peer shows a certificate as client. */
  readonly clientCertificate: boolean;
  /** Whether the peer looks at the first SRV record only. */
  readonly firstSrvOnly: boolean;
}

/** One deviation from the standards or from the baseline, and how it is known. */
export interface Compat {
  readonly id: string;
  readonly what: string;
  readonly why: string;
  readonly evidence: string;
}

/** Everything that differs between peers, as values. */
export interface PeerProfile {
  readonly name: ProfileName;
  readonly label: string;
  readonly speaks: "sip" | "xmpp";
  /** The peer's users in the availability tables. */
  readonly system: SystemKey;
  readonly presence: PresenceProfile;
  readonly im: ImDialect;
  readonly sip: SipDialect;
  readonly errors: ErrorSwitches;
  /** Only for peers that speak XMPP. */
  readonly server?: ServerLink;
  readonly compat: readonly Compat[];
}
