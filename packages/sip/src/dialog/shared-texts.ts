import { detach } from "./detach.ts";

/** Texts that are shared at once; the oldest are forgotten. */
export const MAX_SHARED_TEXTS = 4096;

/**
 * Texts that are the same in very many dialogs, such as the routes through one partner's edge: each dialog gets the one
 * copy there is. One that was forgotten is shared anew from then on.
 */
export class SharedTexts {
  private readonly texts = new Map<string, string>();
  private readonly lists = new Map<string, readonly string[]>();

  /** @returns the same text, detached from what it was cut out of. */
  share(text: string): string {
    return remember(this.texts, text, detach);
  }

  /** @returns a list of the same texts. */
  shareAll(texts: readonly string[]): readonly string[] {
    return remember(this.lists, texts.join("\n"), () => texts.map((text) => this.share(text)));
  }
}

function remember<T>(known: Map<string, T>, text: string, make: (text: string) => T): T {
  const old = known.get(text);
  if (old !== undefined) return old;
  if (known.size >= MAX_SHARED_TEXTS) known.delete(known.keys().next().value!);
  const own = make(text);
  known.set(detach(text), own);
  return own;
}
