import { detach } from "@tombolo/sip";

/** Results remembered at a time, by one function. */
export const MAX_REMEMBERED = 8_192;
/** Longest text whose result is remembered, in characters; longer ones are worked out each time. */
export const MAX_REMEMBERED_LENGTH = 256;

/**
 * Remembers what a pure function made of the texts it saw last: the same few thousand addresses come again and again. Two
 * generations, so that nothing is counted or moved for a text that is known: when the young one is full it becomes the
 * old one, and what the old one held is forgotten unless it was asked for since.
 */
export function remembering<Result extends object>(
  make: (text: string) => Result | undefined,
): (text: string) => Result | undefined {
  let young = new Map<string, Result>();
  let old = new Map<string, Result>();
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    if (text.length > MAX_REMEMBERED_LENGTH) return make(text);
    // The result may hold parts of the text.
    const own = detach(text);
    const result = old.get(own) ?? make(own);
    if (result === undefined) return undefined;
    if (young.size >= MAX_REMEMBERED / 2) {
      old = young;
      young = new Map();
    }
    young.set(own, result);
    return result;
  };
}
