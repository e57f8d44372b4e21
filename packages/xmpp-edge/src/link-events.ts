import type { Element } from "ltx";
import type { Millis } from "./machine.ts";

/** What happens to a link. */
export type LinkInput =
  /** Connect, and stay connected. */
  | { readonly kind: "start" }
  /** The gateway has a stanza for the server; `track` asks for its fate. */
  | { readonly kind: "send"; readonly stanza: Element; readonly track?: string | undefined }
  /** The server accepted the handshake. */
  | { readonly kind: "opened" }
  /** The connection failed or ended. `condition` is the stream error's (RFC 6120 4.9.3), where there was one. */
  | { readonly kind: "closed"; readonly reason: string; readonly condition?: string | undefined }
  | { readonly kind: "received"; readonly stanza: Element }
  /** The socket's buffer is full: nothing but pings is written until `drained`. */
  | { readonly kind: "congested" }
  | { readonly kind: "drained" }
  /** Hang up, and stay so. */
  | { readonly kind: "stop" };

/**
 * Why a tracked stanza is lost. `queue-full`: never written. `link-down`: it waited too long for the link, or was
 * written and the connection ended before the server's answer, so it may have arrived. `barrier-timeout`: written, and
 * the server has stopped answering. `too-large`: never written, because servers end the stream over such a stanza.
 */
export type LossReason = "link-down" | "barrier-timeout" | "queue-full" | "too-large";

/**
 * What the driver has to do. After `hangup` it reports no end of that connection any more; where it is `wedged`, what the
 * server still says on it is reported as received: the server has counted it as sent.
 */
export type LinkOutput =
  | { readonly kind: "dial" }
  | { readonly kind: "write"; readonly stanza: Element }
  /** `abrupt`: the peer no longer listens, so do not wait for its closing tag. */
  | { readonly kind: "hangup"; readonly abrupt: boolean; readonly wedged?: true }
  /** For the translator. */
  | { readonly kind: "stanza"; readonly stanza: Element }
  /** The server has taken the tracked stanza. */
  | { readonly kind: "taken"; readonly track: string }
  | { readonly kind: "lost"; readonly track: string; readonly why: LossReason }
  | { readonly kind: "up" }
  /** `tries` failures in a row so far; the next try comes after `retryInMs`, or never when the link was stopped. */
  | {
      readonly kind: "down";
      readonly reason: string;
      readonly tries: number;
      readonly retryInMs: Millis | undefined;
    };

/** What an operator should see of stanzas that no `lost` speaks of. */
export interface LinkCounters {
  /** Untracked stanzas that were too large, that the queue refused or that waited too long. */
  readonly dropped: number;
  /** Received stanzas that were not for this component or had no sender. */
  readonly misrouted: number;
}
