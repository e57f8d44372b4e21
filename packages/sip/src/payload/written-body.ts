import type { Body } from "../message/build.ts";
import { octets } from "../message/octets.ts";

const NOT_ASCII = /[^\0-\x7f]/;

/** A body of ASCII: its characters are its bytes, which are made where somebody wants them as such. */
class AsciiBody implements Body {
  readonly type: string;
  readonly chars: string;

  constructor(type: string, chars: string) {
    this.type = type;
    this.chars = chars;
  }

  get bytes(): Uint8Array {
    return octets(this.chars);
  }
}

/** A text as the body of a message, in UTF-8. @param type Content-Type value */
export function writtenBody(type: string, text: string): Body {
  return NOT_ASCII.test(text) ? { type, bytes: new TextEncoder().encode(text) } : new AsciiBody(type, text);
}
