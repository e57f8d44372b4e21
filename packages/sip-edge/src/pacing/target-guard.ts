import { type Millis, parseSipUri, type SipMessage } from "@tombolo/sip";

/** How long a user that was addressed counts, ms. */
export const TARGET_MEMORY_MS: Millis = 24 * 3_600_000;

/**
 * Keeps us from looking like somebody who tries out names: counts the different users that we address, and lets no
 * more than `max` be new within a day. Requests in dialogs go on: the partner knows whom they are with.
 */
export class TargetGuard {
  private readonly max: number;
  /** When each was addressed last, the longest ago first. */
  private readonly seen = new Map<string, Millis>();

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.seen.size;
  }

  admits(request: SipMessage, now: Millis): boolean {
    const inDialog = request.toTag !== undefined;
    const target = targetOf(inDialog ? (request.to?.uri ?? "") : request.uri);
    if (this.seen.delete(target)) {
      this.seen.set(target, now);
      return true;
    }
    if (inDialog) return true;
    for (const [oldest, at] of this.seen) {
      if (now - at < TARGET_MEMORY_MS) break;
      this.seen.delete(oldest);
    }
    if (this.seen.size >= this.max) return false;
    this.seen.set(target, now);
    return true;
  }
}

function targetOf(uri: string): string {
  const parsed = parseSipUri(uri);
  return (parsed ? `${parsed.user ?? ""}@${parsed.host}` : uri).toLowerCase();
}
