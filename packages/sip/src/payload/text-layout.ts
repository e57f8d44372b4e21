/** White space that HTML collapses; no-break spaces are none of it (HTML 2.1.4). */
const SPACES = /[ \t\n\r\f]+/g;

/** Puts a text together from running text and marks of structure: white space collapses, empty lines do not pile up. */
export class TextLayout {
  private readonly parts: string[] = [];
  /** Line feeds at the end of what there is, up to two; at the beginning as if two had been written. */
  private endFeeds = 2;
  /** A space that is written when a word follows on the same line. */
  private owesSpace = false;
  private endsInBlank = false;

  /** A place in the text, for `since`. */
  get position(): number {
    return this.parts.length;
  }

  /** What has been written from that place on. */
  since(position: number): string {
    return this.parts.slice(position).join("");
  }

  /** Running text: `decode` comes after the white space has collapsed, so that what it makes is kept. */
  flow(raw: string, decode: (text: string) => string): void {
    const text = raw.replace(SPACES, " ");
    if (text === "") return;
    const words = text.startsWith(" ") ? text.slice(1) : text;
    if (text !== words) this.oweSpace();
    const trimmed = words.endsWith(" ") ? words.slice(0, -1) : words;
    if (trimmed !== "") this.word(decode(trimmed).replaceAll("\u00a0", " "));
    if (trimmed !== words) this.oweSpace();
  }

  /** As it is, spaces and line feeds included. */
  verbatim(text: string): void {
    if (text !== "") this.word(text.replace(/\r\n?/g, "\n").replaceAll("\u00a0", " "));
  }

  /** Begins a line, unless one has just begun. */
  line(): void {
    this.owesSpace = false;
    if (this.endFeeds === 0) this.feed();
  }

  /** An empty line, unless there is one. */
  paragraph(): void {
    this.line();
    if (this.endFeeds === 1) this.feed();
  }

  /** Ends the line, even an empty one. */
  lineBreak(): void {
    this.owesSpace = false;
    this.feed();
  }

  rule(): void {
    this.line();
    this.word("---");
    this.line();
  }

  /** The next cell of a row. */
  cell(): void {
    this.owesSpace = false;
    if (this.endFeeds === 0) this.word("\t");
  }

  /** What stands before an item. */
  mark(text: string): void {
    this.word(text);
  }

  /** The text, without blanks at the ends of lines and empty lines around it. */
  finish(): string {
    return trimLineEnds(this.parts.join(""));
  }

  private oweSpace(): void {
    if (this.endFeeds === 0 && !this.endsInBlank) this.owesSpace = true;
  }

  private word(text: string): void {
    if (this.owesSpace) this.parts.push(" ");
    this.owesSpace = false;
    this.parts.push(text);
    this.endsInBlank = text.endsWith(" ") || text.endsWith("\t");
    this.endFeeds = text.endsWith("\n\n") ? 2 : text.endsWith("\n") ? 1 : 0;
  }

  private feed(): void {
    this.parts.push("\n");
    this.endFeeds = Math.min(2, this.endFeeds + 1);
  }
}

/** No blanks at the ends of lines, no empty lines at either end. */
export function trimLineEnds(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/^\n+/, "")
    .trimEnd();
}
