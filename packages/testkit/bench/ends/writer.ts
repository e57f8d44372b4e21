import type { Writable } from "node:stream";

/** What is written to one stream in one turn of the event loop leaves in one write. */
export class Writer {
  readonly #stream: Writable;
  readonly #encoding: "latin1" | "utf8";
  #out = "";

  constructor(stream: Writable, encoding: "latin1" | "utf8") {
    this.#stream = stream;
    this.#encoding = encoding;
  }

  get isOpen(): boolean {
    return this.#stream.writable;
  }

  write(text: string): void {
    if (this.#out === "") queueMicrotask(this.#flush);
    this.#out += text;
  }

  readonly #flush = (): void => {
    if (this.#stream.writable) this.#stream.write(this.#out, this.#encoding);
    this.#out = "";
  };
}
