/** Cuts a stream into SIP messages with as little work as will do; for the ends of a measurement, not for real peers. */
export class SipStream {
  #rest = "";

  /** Calls `take` with each whole head (without its empty line) and its body, one character per byte. */
  push(chunk: Buffer, take: (head: string, body: string) => void): void {
    const text = this.#rest === "" ? chunk.toString("latin1") : this.#rest + chunk.toString("latin1");
    let at = 0;
    for (;;) {
      // Keep-alives between messages (RFC 5626 4.4.1).
      while (text.charCodeAt(at) === 13 || text.charCodeAt(at) === 10) at++;
      const end = text.indexOf("\r\n\r\n", at);
      if (end < 0) break;
      const head = text.slice(at, end);
      const next = end + 4 + lengthOf(head);
      if (next > text.length) break;
      take(head, text.slice(end + 4, next));
      at = next;
    }
    this.#rest = at === 0 ? text : text.slice(at);
  }
}

function lengthOf(head: string): number {
  let at = head.lastIndexOf("\r\nContent-Length:");
  if (at < 0) at = head.toLowerCase().lastIndexOf("\r\ncontent-length:");
  return at < 0 ? 0 : Number.parseInt(head.slice(at + 17, at + 28), 10);
}

/** The value of the first header of that name as we, and those we measure, write it; "" where there is none. */
export function headerIn(head: string, name: string): string {
  const at = head.indexOf(`\r\n${name}: `);
  if (at < 0) return "";
  const start = at + name.length + 4;
  const end = head.indexOf("\r\n", start);
  return end < 0 ? head.slice(start) : head.slice(start, end);
}
