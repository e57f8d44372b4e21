import type { DialogId, Millis } from "@tombolo/sip";
import type { StanzaError } from "./error/index.ts";
import type { Origin } from "./im/queue.ts";
import type { KeptPublicationOf } from "./kept-publication.ts";
import type { Pair } from "./pair.ts";
import type { RuleAction } from "./policy/rules.ts";
import type { Availability } from "./tables/system.ts";
import type { XmppPresence } from "./tables/xmpp-presence.ts";

/** Who of a pair watches the other: `xmpp`, we are subscriber (D2); `sip`, we are notifier (D3). */
export type WatcherSide = "xmpp" | "sip";

/** What a pair is made again from. */
export type PairParts = Readonly<Pick<Pair, "xmppUser" | "sipUser" | "partner" | "sipUri">>;

/** How far the permission of one user to see another has come, or the refusal. */
export interface KeptAuthorization {
  readonly state: "asked" | "active" | "denied";
  readonly since: Millis;
  /** Before this the same question is not asked again; until then a refusal is remembered. */
  readonly quietUntil?: Millis;
  /** Id of the `subscribe` whose answer the user's server does not have yet; empty where it had none, or was our own. */
  readonly askId?: string;
}

/** A subscription dialog, besides what the engine knows of it. */
export interface KeptDialog {
  readonly state: "pending" | "active";
  readonly expiresAt: Millis;
  /** Lifetime to ask for, s: longer than the profile's once a 423 has taught us. Where we are subscriber. */
  readonly expires?: number;
}

export interface KeptResource {
  readonly resource: string;
  readonly state: Availability;
  readonly status?: string;
  readonly priority: number;
}

/** The last known state within a pair, only for that watcher (design law 2). */
export interface KeptPresence {
  readonly at: Millis;
  /** What the XMPP watcher was told last. */
  readonly shown?: XmppPresence;
  /** What the XMPP user shows the SIP watcher. */
  readonly resources?: readonly KeptResource[];
}

/** What the sender of a text is told of its end. */
export interface TextFailure {
  readonly event: "bounced" | "expired";
  /** Row of the error tables, or a local reason. */
  readonly reason: string;
  readonly error: StanzaError & { readonly address?: string | undefined };
}

/** A text of the XMPP user that was accepted and whose fate is open, or whose sender has not been told yet (design law 1). */
export interface KeptText {
  /** waiting: not sent. sent: it may have arrived. failed: its sender has to be told. */
  readonly state: "waiting" | "sent" | "failed";
  readonly acceptedAt: Millis;
  /** Empty where it has failed: nobody needs it any more. */
  readonly text: string;
  readonly subject?: string;
  readonly language?: string;
  /** Ms since 1970, where it was written long before it came. */
  readonly sentAt?: number;
  readonly thread?: string;
  readonly key?: string;
  readonly origin: Origin;
  readonly failure?: TextFailure;
}

interface OfPair {
  readonly pair: PairParts;
  readonly watcher: WatcherSide;
}

/**
 * Something that has to outlive the process, as it is from now on: `value` undefined means that it is no more. Fed back
 * with a value as `restore` after a start, the permission of a pair before its dialogs before its presence, texts in the
 * order in which they were first kept.
 */
export type Kept =
  | (OfPair & { readonly what: "authorization"; readonly value: KeptAuthorization | undefined })
  | (OfPair & {
      readonly what: "dialog";
      readonly dialog: DialogId;
      readonly value: KeptDialog | undefined;
    })
  | (OfPair & {
      readonly what: "presence";
      readonly value: KeptPresence | undefined;
      /** It was handed on or restored before, and not taken back since. Left out: perhaps not. */
      readonly again?: boolean;
    })
  | {
      readonly what: "text";
      readonly pair: PairParts;
      /** Unique over all runs. */
      readonly id: string;
      readonly value: KeptText | undefined;
    }
  | KeptPublicationOf
  | {
      readonly what: "rule";
      /** Bare JID of the XMPP user. */
      readonly user: string;
      /** Bare JID of a SIP user, or a domain. */
      readonly peer: string;
      readonly value: { readonly action: RuleAction; readonly source: string } | undefined;
    };

/** Takes what changed. */
export type Keep = (kept: Kept) => void;

/**
 * Requests of ours in a dialog after which it is kept anew: well under the engine's `SNAPSHOT_CSEQ_STEP`, so that after a
 * crash no CSeq number is used twice.
 */
export const KEEP_AFTER_REQUESTS = 24;

/** Remembers under which text something was kept last, so that only changes are handed on. */
export class KeptMark {
  private last: string | undefined;

  /** @returns whether `text` is another than last time; undefined stands for nothing kept. */
  moves(text: string | undefined): boolean {
    if (text === this.last) return false;
    this.last = text;
    return true;
  }
}
