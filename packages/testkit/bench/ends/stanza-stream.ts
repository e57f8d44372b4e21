/**
 * Cuts an XMPP stream into its stanzas with as little work as will do; for the ends of a measurement. Stanzas are taken
 * to hold no element of their own name, and attributes no `>`.
 */
export class StanzaStream {
  #rest = "";

  /** Calls `take` with each whole stanza, or with the stream's opening tag. */
  push(chunk: string, take: (name: string, stanza: string) => void): void {
    const text = this.#rest + chunk;
    let at = 0;
    for (;;) {
      const start = text.indexOf("<", at);
      if (start < 0) break;
      const tagEnd = text.indexOf(">", start);
      if (tagEnd < 0) break;
      const name = /^[^\s/>]+/.exec(text.slice(start + 1, Math.min(tagEnd, start + 40)))?.[0] ?? "";
      const end = isWhole(text, start, tagEnd, name) ? tagEnd + 1 : endOf(text, tagEnd, name);
      if (end < 0) break;
      at = end;
      if (name !== "" && name !== "?xml") take(name, text.slice(start, end));
    }
    this.#rest = at === 0 ? text : text.slice(at);
  }
}

/** The tag is all there is: empty, a declaration, or the opening or closing tag of the stream. */
function isWhole(text: string, start: number, tagEnd: number, name: string): boolean {
  const last = text.charCodeAt(tagEnd - 1);
  return last === 47 || last === 63 || name === "stream:stream" || text.charCodeAt(start + 1) === 47;
}

function endOf(text: string, from: number, name: string): number {
  const close = `</${name}>`;
  const at = text.indexOf(close, from);
  return at < 0 ? -1 : at + close.length;
}

/** The value of an attribute of the stanza's own tag; "" where there is none. */
export function attributeOf(stanza: string, name: string): string {
  const tag = stanza.slice(0, stanza.indexOf(">"));
  const at = tag.indexOf(` ${name}=`);
  if (at < 0) return "";
  const start = at + name.length + 3;
  return tag.slice(start, tag.indexOf(tag[start - 1]!, start));
}
