import type { CallPosition, Millis } from "@tombolo/sip";
import type { ConversationContext } from "./context.ts";

/** Answers to our INVITE that say "not this way": single messages may still be taken (C-01). */
const NO_SESSIONS: ReadonlySet<number> = new Set([405, 415, 488, 501, 606]);

/** Texts outside sessions (RFC 3428): whether they go that way, and which row of requests they belong to. */
export class PageMode {
  private readonly context: ConversationContext;
  /** The peer refused a session: page mode until then. */
  private fallbackUntil: Millis | undefined;
  /** The last text either way; undefined when that is so long ago that it is another conversation. */
  private lastUsed: Millis | undefined;
  private heard = false;
  /** The row of our requests, for one thread (RFC 7572 4, C-10). */
  private row:
    | { readonly thread: string | undefined; callId: string; fromTag: string; cseq: number }
    | undefined;

  constructor(context: ConversationContext) {
    this.context = context;
  }

  /** Texts go outside sessions. */
  get isOn(): boolean {
    return this.context.wire.isPaging || this.fallbackUntil !== undefined;
  }

  get isIdle(): boolean {
    return this.lastUsed === undefined && this.fallbackUntil === undefined;
  }

  /** The peer has written within this conversation: typing may be told (RFC 3994 7). */
  get isHeard(): boolean {
    return this.heard;
  }

  /** We have written within this conversation. */
  get hasSpoken(): boolean {
    return this.row !== undefined;
  }

  get nextDue(): Millis | undefined {
    const { conversationLasts } = this.context.settings;
    const over = this.lastUsed === undefined ? undefined : this.lastUsed + conversationLasts;
    if (this.fallbackUntil === undefined || over === undefined) return over ?? this.fallbackUntil;
    return Math.min(over, this.fallbackUntil);
  }

  /** A session was refused with that status: true when its texts go as single messages instead. */
  fallBack(status: number, isContentBlocked: boolean, now: Millis): boolean {
    if (!this.context.wire.mayFallBack || !NO_SESSIONS.has(status) || isContentBlocked) return false;
    this.fallbackUntil = now + this.context.settings.fallbackLasts;
    return true;
  }

  /** The peer wrote outside sessions: their Call-ID is the thread that an answer continues. */
  onHeard(now: Millis): void {
    if (!this.isOn) return;
    this.heard = true;
    this.lastUsed = now;
  }

  /** Where our next request stands. One From tag and rising numbers while the Call-ID is the same (RFC 3261 8.2.2.2). */
  next(thread: string | undefined, theirCallId: string | undefined, now: Millis): CallPosition {
    this.lastUsed = now;
    const { ids } = this.context;
    if (!this.row || this.row.thread !== thread) {
      const isTheirs = thread !== undefined && thread === theirCallId;
      this.row = { thread, callId: isTheirs ? theirCallId : ids(), fromTag: ids(), cseq: 0 };
    }
    this.row.cseq += 1;
    const { callId, fromTag, cseq } = this.row;
    return { callId, fromTag, cseq };
  }

  /** True when the conversation is over, so that what was remembered of it goes. */
  timeout(now: Millis): boolean {
    if (this.fallbackUntil !== undefined && now >= this.fallbackUntil) this.fallbackUntil = undefined;
    if (this.lastUsed === undefined || now < this.lastUsed + this.context.settings.conversationLasts)
      return false;
    this.lastUsed = undefined;
    this.heard = false;
    this.row = undefined;
    return true;
  }
}
