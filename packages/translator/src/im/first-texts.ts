import type { DialogId, Millis, RequestRef } from "@tombolo/sip";

/**
 * How long the text of an INVITE waits for the MESSAGE that brings it again, ms after the ACK. We never say that we take
 * it from there, so nearly all clients send it again.
 */
export const FIRST_TEXT_WAITS: Millis = 5_000;
/** How long the same text in a MESSAGE is taken for that repetition after all, ms. */
export const FIRST_TEXT_REPEATS: Millis = 60_000;

/** Texts that came inside INVITEs: each is delivered once, by the MESSAGE that follows or, where none does, from here. */
export class FirstTexts {
  /** By INVITE until its dialog has a name, then by dialog. Bounded by the legs that a pair may have. */
  private readonly waiting = new Map<
    RequestRef | DialogId,
    { readonly text: string; due: Millis | undefined }
  >();
  private taken: { readonly text: string; readonly until: Millis } | undefined;

  /** When the next one is delivered from here. */
  get nextDue(): Millis | undefined {
    let next: Millis | undefined;
    for (const { due } of this.waiting.values()) if (due !== undefined && (next ?? due) >= due) next = due;
    return next;
  }

  offered(request: RequestRef, text: string): void {
    this.waiting.set(request, { text, due: undefined });
  }

  made(request: RequestRef, dialog: DialogId): void {
    const first = this.waiting.get(request);
    this.waiting.delete(request);
    if (first) this.waiting.set(dialog, first);
  }

  /** The session is up: from now on the MESSAGE may come. */
  confirmed(dialog: DialogId, now: Millis): void {
    const first = this.waiting.get(dialog);
    if (first) first.due ??= now + FIRST_TEXT_WAITS;
  }

  forget(key: RequestRef | DialogId): void {
    this.waiting.delete(key);
  }

  /** The session ends: the text that is still to be delivered, if it was ever up. */
  end(dialog: DialogId, now: Millis): string | undefined {
    const first = this.waiting.get(dialog);
    this.waiting.delete(dialog);
    return first?.due === undefined ? undefined : this.take(first.text, now);
  }

  /** Texts that no MESSAGE has brought. */
  takeDue(now: Millis): string[] {
    const texts: string[] = [];
    for (const [dialog, { text, due }] of this.waiting) {
      if (due === undefined || now < due) continue;
      this.waiting.delete(dialog);
      texts.push(this.take(text, now));
    }
    return texts;
  }

  /**
   * A MESSAGE brought this text: false when it was delivered from here before. Where both sides invite at once it may come
   * in the other session.
   */
  isNews(dialog: DialogId, text: string, now: Millis): boolean {
    for (const [key, first] of this.waiting)
      if (key === dialog || first.text.trim() === text.trim()) this.waiting.delete(key);
    const { taken } = this;
    if (!taken || now >= taken.until || taken.text !== text.trim()) return true;
    this.taken = undefined;
    return false;
  }

  private take(text: string, now: Millis): string {
    this.taken = { text: text.trim(), until: now + FIRST_TEXT_REPEATS };
    return text;
  }
}
