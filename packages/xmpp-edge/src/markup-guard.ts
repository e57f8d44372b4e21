/** Longest beginning of a markup that can be cut by a chunk's end: `<![CDATA[` less one. */
const CDATA_START = "<![CDATA[";
const CDATA_END = "]]>";

/**
 * Finds what RFC 6120 11.1 forbids in a stream: comments, processing instructions, document types. In well-formed XML
 * every `<` outside CDATA begins a markup, so looking at what follows it is enough. The XML declaration at the very
 * start is allowed.
 */
export class MarkupGuard {
  #inCdata = false;
  #carry = "";
  #atStart = true;

  /**
   * Looks at the next chunk of the stream. Gives the place in it where restricted markup begins (0 also when it began
   * in the chunk before), or undefined where there is none.
   */
  restrictedAt(chunk: string): number | undefined {
    const carried = this.#carry.length;
    const text = this.#carry + chunk;
    this.#carry = "";
    let at = 0;
    while (at < text.length) {
      if (this.#inCdata) {
        const end = text.indexOf(CDATA_END, at);
        if (end < 0) {
          this.#carry = text.slice(Math.max(at, text.length - (CDATA_END.length - 1)));
          return undefined;
        }
        this.#inCdata = false;
        at = end + CDATA_END.length;
      }
      const open = text.indexOf("<", at);
      if (open < 0) return undefined;
      const kind = text[open + 1];
      if (kind === undefined) {
        this.#carry = text.slice(open);
        return undefined;
      }
      if (kind === "?" && !(this.#atStart && open === 0)) return Math.max(0, open - carried);
      if (kind === "!") {
        const head = text.slice(open, open + CDATA_START.length);
        if (!CDATA_START.startsWith(head)) return Math.max(0, open - carried);
        if (head.length < CDATA_START.length) {
          this.#carry = text.slice(open);
          return undefined;
        }
        this.#inCdata = true;
        at = open + CDATA_START.length;
      } else {
        at = open + 2;
      }
      this.#atStart = false;
    }
    return undefined;
  }
}
