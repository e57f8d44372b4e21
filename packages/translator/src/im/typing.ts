import type { Deadline, Millis } from "@tombolo/sip";

/** How long one `composing` is repeated to the SIP side when nothing more is heard of it, ms. */
export const MAX_TYPING: Millis = 120_000;

/** What the SIP side was told about the XMPP user's typing. Clients there forget it unless told again. */
export class TypingTold {
  private readonly refreshMs: Millis;
  private since: Millis | undefined;
  private toldAt: Millis = 0;
  /** The peer does not take such bodies (RFC 3994 4). */
  private isRefused = false;

  /** @param refreshMs told again after this, ms. */
  constructor(refreshMs: Millis) {
    this.refreshMs = refreshMs;
  }

  /** A chat state came: true when the SIP side is to be told. */
  take(typing: boolean, now: Millis): boolean {
    if (this.isRefused) return false;
    const isNews = typing !== (this.since !== undefined);
    this.since = typing ? now : undefined;
    if (isNews) this.toldAt = now;
    return isNews;
  }

  /** A text or the end of the session says that nobody types any more. */
  clear(): void {
    this.since = undefined;
  }

  refuse(): void {
    this.isRefused = true;
    this.since = undefined;
  }

  nextDeadline(): Deadline | undefined {
    return this.since === undefined
      ? undefined
      : { at: this.toldAt + this.refreshMs, reason: "typing told again" };
  }

  /** What to tell the SIP side now: typing still, stopped, or nothing. */
  timeout(now: Millis): boolean | undefined {
    if (this.since === undefined || now < this.toldAt + this.refreshMs) return undefined;
    this.toldAt = now;
    if (now < this.since + MAX_TYPING) return true;
    this.since = undefined;
    return false;
  }
}
