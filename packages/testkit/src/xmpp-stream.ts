import { Element } from "ltx";
import SaxLtx from "ltx/src/parsers/ltx.js";

export interface StreamListener {
  /** The stream header, with its attributes only. */
  readonly opened: (root: Element) => void;
  readonly stanza: (stanza: Element) => void;
  readonly closed: () => void;
  readonly failed: (error: Error) => void;
}

/** Reads one XMPP stream (RFC 6120 4): the header, then each child of it once it is complete. */
export class XmppStreamReader {
  readonly #sax = new SaxLtx();
  readonly #decoder = new TextDecoder();

  constructor(listener: StreamListener) {
    let root: Element | undefined;
    let open: Element | undefined;
    this.#sax.on("startElement", (name, attrs) => {
      const element = new Element(name, attrs);
      if (root === undefined) {
        root = element;
        listener.opened(element);
      } else if (open === undefined) {
        // The stanza keeps the namespaces of the stream although it is no longer part of it.
        element.parent = root;
        open = element;
      } else {
        open = open.cnode(element);
      }
    });
    this.#sax.on("endElement", () => {
      if (open === undefined) {
        listener.closed();
        return;
      }
      const done = open;
      open = done.parent === root ? undefined : (done.parent ?? undefined);
      if (open === undefined) listener.stanza(done);
    });
    this.#sax.on("text", (text) => {
      open?.t(text);
    });
    this.#sax.on("error", listener.failed);
  }

  write(bytes: Uint8Array): void {
    this.#sax.write(this.#decoder.decode(bytes, { stream: true }));
  }
}
