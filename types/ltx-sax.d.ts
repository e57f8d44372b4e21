/** ltx's tokenizer, without its tree builder. */
declare module "ltx/src/parsers/ltx.js" {
  export default class SaxLtx {
    on(event: "startElement", listener: (name: string, attrs: Record<string, string>) => void): this;
    on(event: "endElement", listener: (name: string) => void): this;
    on(event: "text", listener: (text: string) => void): this;
    /** Throws on an illegal character reference or entity. */
    write(data: string): void;
  }
}
