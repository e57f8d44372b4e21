import type { Body, HeaderFields } from "../message/build.ts";
import type { SipMessage } from "../message/message.ts";

/**
 * The user-agent port: everything the translator knows of SIP. A SIP engine takes commands and gives events; it owns
 * Via, tags, Call-ID, CSeq, route sets, retransmission and ACK. The translator owns what a dialog is for: the life of
 * a subscription or session, and its polite end.
 *
 * Rules every engine keeps:
 * - each `open`, `request` and `dialog-request` gets exactly one `outcome`, whatever happens;
 * - each `request` event may be answered with one final answer; further ones are ignored;
 * - identity is `verified`, what the edge proved, and nothing else.
 */

/** Opaque and stable: one per dialog, also over a restore. */
export type DialogId = string;
/** The translator's name for something it asked for; unique among what is pending. */
export type CommandRef = string;
/** The engine's name for a request that waits for its answer. */
export type RequestRef = string;

/** Whom the edge's trust check proved the sender to be (design law 3). */
export interface VerifiedPeer {
  /** The partner's domain, as configured. */
  readonly partner: string;
  /** The certificate name that stood for it, for logs. */
  readonly name: string;
}

export interface Party {
  /** sip: address of record. */
  readonly uri: string;
  /** Display name, plain Unicode text. */
  readonly display?: string | undefined;
}

/** Where a request outside dialogs stands in a row of them (RFC 3261 8.1.1.3 to 8.1.1.5). */
export interface CallPosition {
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
}

/** `why` of an outcome: the request is over its `maxBytes`. */
export const TOO_LARGE = "too large";

export type EngineCommand =
  /** A request that makes a dialog. A 2xx to an INVITE is acknowledged by the engine at once, on every copy. */
  | {
      readonly kind: "open";
      readonly ref: CommandRef;
      readonly method: "INVITE" | "SUBSCRIBE";
      readonly from: Party;
      readonly to: Party;
      readonly headers?: HeaderFields | undefined;
      readonly body?: Body | undefined;
    }
  /** A request outside dialogs that makes none: MESSAGE, OPTIONS, PUBLISH. */
  | {
      readonly kind: "request";
      readonly ref: CommandRef;
      readonly method: string;
      readonly from: Party;
      readonly to: Party;
      /** Continues a call: its Call-ID and our tag, and a number above the last one. Else all are new. */
      readonly call?: CallPosition | undefined;
      /** A request that would be longer, as written by us, is not sent: unreachable, because it is `TOO_LARGE`. */
      readonly maxBytes?: number | undefined;
      readonly headers?: HeaderFields | undefined;
      readonly body?: Body | undefined;
    }
  | {
      readonly kind: "dialog-request";
      readonly ref: CommandRef;
      readonly dialog: DialogId;
      readonly method: string;
      readonly headers?: HeaderFields | undefined;
      readonly body?: Body | undefined;
    }
  /** Gives up a pending INVITE (RFC 3261 9.1). Its outcome still comes: usually 487, or a 2xx that won the race. */
  | { readonly kind: "cancel"; readonly ref: CommandRef }
  /** Answers a request. A 2xx to INVITE or SUBSCRIBE outside a dialog makes one: `dialog-made` tells its id. */
  | {
      readonly kind: "answer";
      readonly request: RequestRef;
      readonly status: number;
      readonly reason?: string | undefined;
      readonly headers?: HeaderFields | undefined;
      readonly body?: Body | undefined;
    }
  /** Forgets a dialog and sends nothing; ending it politely is a `dialog-request` before this. */
  | { readonly kind: "drop"; readonly dialog: DialogId };

export type Outcome =
  /** `dialog` is set when a 2xx made one. */
  | {
      readonly kind: "final";
      readonly status: number;
      readonly message: SipMessage;
      readonly dialog?: DialogId | undefined;
    }
  /** Nobody answered within 64*T1 (timers B and F): the other side may have seen it. */
  | { readonly kind: "timeout" }
  | { readonly kind: "unreachable"; readonly why: string; readonly mayHaveBeenSent: boolean };

export type EngineEvent =
  | {
      readonly kind: "request";
      readonly request: RequestRef;
      readonly message: SipMessage;
      readonly verified: VerifiedPeer;
      /** The dialog it belongs to; undefined outside dialogs. */
      readonly dialog?: DialogId | undefined;
      /** Set on a NOTIFY that made the dialog of a pending SUBSCRIBE before its answer came (RFC 6665 4.1.2.4). */
      readonly opening?: CommandRef | undefined;
    }
  /** The peer gave up an INVITE that waits for our answer; the engine has sent 487. */
  | { readonly kind: "cancelled"; readonly request: RequestRef }
  | { readonly kind: "dialog-made"; readonly request: RequestRef; readonly dialog: DialogId }
  /** The ACK to our 2xx has come. */
  | { readonly kind: "confirmed"; readonly dialog: DialogId }
  /** No ACK came in 64*T1; the engine has sent BYE and dropped the dialog (RFC 3261 13.3.1.4). */
  | { readonly kind: "unconfirmed"; readonly dialog: DialogId }
  | { readonly kind: "provisional"; readonly ref: CommandRef; readonly status: number }
  | { readonly kind: "outcome"; readonly ref: CommandRef; readonly outcome: Outcome }
  /** Dialogs an engine could not keep (its link to a SIP server broke): open new ones. */
  | { readonly kind: "dialogs-lost"; readonly dialogs: readonly DialogId[] };

/** What engines differ in, as data: read once at start, turned into configuration findings, never into branches. */
export interface EngineTraits {
  readonly name: string;
  /** Largest message out, bytes. */
  readonly maxMessageOut: number;
  readonly methods: "any" | readonly string[];
  /** False where only valid UTF-8 bodies survive. */
  readonly opaqueBodies: boolean;
  readonly restoresDialogs: boolean;
}
