import { EventEmitter } from "node:events";
import { Element } from "ltx";
import SaxLtx from "ltx/src/parsers/ltx.js";
import { MarkupGuard } from "../markup-guard.ts";

/** Characters one stanza may have: twice what servers let through as shipped. */
export const MAX_STANZA_CHARS = 1024 * 1024;
/** Elements one stanza may nest. */
export const MAX_STANZA_DEPTH = 256;

/** Characters the tokenizer gets at once: in text without a tag it looks ahead to the end from every character. */
const SLICE_CHARS = 4096;

/** Why a stream cannot be read any further; `condition` is the stream error to answer (RFC 6120 4.9.3). */
export class UnreadableStream extends Error {
  readonly condition: "not-well-formed" | "policy-violation" | "restricted-xml";

  constructor(condition: UnreadableStream["condition"], message: string) {
    super(message);
    this.name = "UnreadableStream";
    this.condition = condition;
  }
}

/**
 * Cuts an XMPP stream into its stanzas: emits `start` with the opened root, `element` per complete child of the root,
 * `end` at the root's closing tag. It stands in for the parser of @xmpp/component, which keeps all whitespace between
 * stanzas for ever, has no limits, accepts comments and document types, and builds elements of ltx's CommonJS half,
 * which `getChildElements` of the module half does not see.
 */
export class StreamParser extends EventEmitter {
  readonly #sax = new SaxLtx();
  readonly #guard = new MarkupGuard();
  #root: Element | undefined;
  /** The open element inside the current stanza; undefined between stanzas. */
  #open: Element | undefined;
  #depth = 0;
  #pendingChars = 0;

  constructor() {
    super();
    this.#sax.on("startElement", (name, attrs) => this.#onStart(name, attrs));
    this.#sax.on("endElement", (name) => this.#onEnd(name));
    this.#sax.on("text", (text) => this.#onText(text));
  }

  /** @throws UnreadableStream after which the parser must not be used again */
  write(data: string): void {
    const restricted = this.#guard.restrictedAt(data);
    const sound = restricted ?? data.length;
    for (let at = 0; at < sound; at += SLICE_CHARS)
      this.#writeSlice(data.slice(at, Math.min(sound, at + SLICE_CHARS)));
    if (restricted !== undefined) {
      throw new UnreadableStream("restricted-xml", "the stream has a comment, instruction or document type");
    }
  }

  #writeSlice(slice: string): void {
    this.#pendingChars += slice.length;
    try {
      this.#sax.write(slice);
    } catch (error) {
      if (error instanceof UnreadableStream) throw error;
      throw new UnreadableStream("not-well-formed", "the stream has an illegal character or entity");
    }
    if (this.#pendingChars > MAX_STANZA_CHARS) {
      throw new UnreadableStream(
        "policy-violation",
        `a stanza is longer than ${MAX_STANZA_CHARS} characters`,
      );
    }
  }

  end(data?: string): void {
    if (data !== undefined) this.write(data);
  }

  #onStart(name: string, attrs: Record<string, string>): void {
    const element = new Element(name, attrs);
    if (this.#root === undefined) {
      this.#root = element;
      this.#pendingChars = 0;
      this.emit("start", element);
      return;
    }
    if (++this.#depth > MAX_STANZA_DEPTH) {
      throw new UnreadableStream("policy-violation", `a stanza nests more than ${MAX_STANZA_DEPTH} elements`);
    }
    if (this.#open !== undefined) this.#open.cnode(element);
    // Namespaces are inherited from the root, which itself keeps no children.
    else element.parent = this.#root;
    this.#open = element;
  }

  #onEnd(name: string): void {
    const ending = this.#open ?? this.#root;
    if (ending === undefined || ending.name !== name) {
      throw new UnreadableStream("not-well-formed", "a closing tag does not fit its element");
    }
    if (ending === this.#root) {
      this.emit("end", ending);
      return;
    }
    this.#depth--;
    if (this.#depth > 0) {
      this.#open = ending.parent as Element;
      return;
    }
    this.#open = undefined;
    this.#pendingChars = 0;
    this.emit("element", ending);
  }

  #onText(text: string): void {
    if (this.#open !== undefined) this.#open.t(text);
    else if (this.#root !== undefined) this.#pendingChars = 0;
  }
}
