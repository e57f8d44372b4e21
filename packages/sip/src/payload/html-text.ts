import { decodeEntities } from "./html-entities.ts";
import { TextLayout } from "./text-layout.ts";

/** Longest HTML read, in UTF-16 units. A formatted chat message has a few hundred. */
export const MAX_HTML_CHARS = 262_144;
/** Lists and links open at once; what is nested deeper is laid out as if it stood at this depth. */
export const MAX_HTML_DEPTH = 16;

/** Elements that begin and end a line. */
const LINES: ReadonlySet<string> = new Set(
  "address article aside body center dd div dl dt figure footer form header li main nav ol section table tr ul".split(
    " ",
  ),
);
/** Elements with an empty line before and after. */
const PARAGRAPHS: ReadonlySet<string> = new Set("blockquote h1 h2 h3 h4 h5 h6 p pre".split(" "));
/** Elements whose content is no text for the reader. */
const UNREAD: ReadonlySet<string> = new Set(
  "script style title template xml noscript object select textarea".split(" "),
);

interface Link {
  readonly url: string;
  /** Where its text begins in the layout. */
  readonly start: number;
}

/**
 * The text of an HTML document or fragment, as a person would write it by hand: line breaks, paragraphs and lists kept,
 * a link as `text (url)`, images as their alternative text, scripts and styles left out. White space collapses as in a
 * browser, so stray line breaks of old clients do no harm. Reads anything, in one pass; undefined over
 * `MAX_HTML_CHARS`. Never throws.
 */
export function htmlToText(html: string): string | undefined {
  return html.length > MAX_HTML_CHARS ? undefined : new HtmlReader(html).read();
}

class HtmlReader {
  private readonly html: string;
  private readonly lower: string;
  private readonly out = new TextLayout();
  private readonly links: Link[] = [];
  /** For each open list the number of its next item; undefined where items have bullets. */
  private readonly lists: (number | undefined)[] = [];
  private preformatted = 0;
  /** Quotes that do not pair up are not looked at any more: else each tag would be read to the end. */
  private readsQuotes = true;
  /** Elements that are never closed from here on. */
  private readonly unclosed = new Set<string>();
  private readonly lastTagEnd: number;
  private readonly lastCommentEnd: number;

  constructor(html: string) {
    this.html = html;
    this.lastTagEnd = html.lastIndexOf(">");
    this.lastCommentEnd = html.lastIndexOf("-->");
    this.lower = html.toLowerCase();
    // A lower case of another length would shift all places.
    if (this.lower.length !== html.length) this.lower = asciiLower(html);
  }

  read(): string {
    const { html } = this;
    let at = 0;
    while (at < html.length) {
      const open = html.indexOf("<", at);
      if (open < 0) {
        this.text(html.slice(at));
        break;
      }
      if (open > at) this.text(html.slice(at, open));
      at = this.markup(open);
    }
    while (this.links.length > 0) this.endLink();
    return this.out.finish();
  }

  /** What begins with `<` at `open`. Returns where it ends. What never ends is text: nothing may be lost. */
  private markup(open: number): number {
    const { html } = this;
    const next = html.charCodeAt(open + 1);
    const isComment = html.startsWith("<!--", open);
    if (isComment && open + 4 <= this.lastCommentEnd) return html.indexOf("-->", open + 4) + 3;
    // <!doctype>, <![if]>, <?xml?>
    if ((next === 0x21 || next === 0x3f) && !isComment && open < this.lastTagEnd)
      return html.indexOf(">", open) + 1;
    const isClosing = next === 0x2f;
    const nameAt = open + (isClosing ? 2 : 1);
    const nameEnd = this.nameEnd(nameAt);
    const close = nameEnd > nameAt ? this.tagEnd(nameEnd) : -1;
    if (close < 0) {
      this.text("<");
      return open + 1;
    }
    const name = this.lower.slice(nameAt, nameEnd);
    if (isClosing) this.end(name);
    else if (UNREAD.has(name)) return this.skip(name, close + 1);
    else this.start(name, html.slice(nameEnd, close));
    return close + 1;
  }

  private nameEnd(from: number): number {
    let at = from;
    while (at < this.lower.length) {
      const code = this.lower.charCodeAt(at);
      const isLetter = code >= 0x61 && code <= 0x7a;
      const isLater = at > from && ((code >= 0x30 && code <= 0x3a) || code === 0x2d);
      if (!isLetter && !isLater) break;
      at++;
    }
    return at;
  }

  /** The `>` that ends a tag, not one inside quotes; -1 when there is none. */
  private tagEnd(from: number): number {
    const { html } = this;
    if (from > this.lastTagEnd) return -1;
    if (!this.readsQuotes) return html.indexOf(">", from);
    for (let at = from; at < html.length; at++) {
      const char = html[at];
      if (char === ">") return at;
      if ((char === '"' || char === "'") && html[at - 1] === "=") {
        const end = html.indexOf(char, at + 1);
        if (end < 0) break;
        at = end;
      }
    }
    this.readsQuotes = false;
    return html.indexOf(">", from);
  }

  /** Over the content of an element that is not read; one that is never closed hides nothing. */
  private skip(name: string, from: number): number {
    if (this.unclosed.has(name)) return from;
    const end = this.lower.indexOf(`</${name}`, from);
    if (end >= 0 && end < this.lastTagEnd) return this.html.indexOf(">", end) + 1;
    this.unclosed.add(name);
    return from;
  }

  private text(raw: string): void {
    if (this.preformatted > 0) this.out.verbatim(decodeEntities(raw));
    else this.out.flow(raw, decodeEntities);
  }

  private start(name: string, attributes: string): void {
    const { out } = this;
    if (PARAGRAPHS.has(name)) {
      out.paragraph();
      if (name === "pre") this.preformatted += 1;
    } else if (LINES.has(name)) this.startLine(name);
    else if (name === "br") out.lineBreak();
    else if (name === "hr") out.rule();
    else if (name === "td" || name === "th") out.cell();
    else if (name === "img") out.verbatim(attribute(attributes, "alt") ?? "");
    else if (name === "a") this.startLink(attributes);
  }

  private startLine(name: string): void {
    const { out, lists } = this;
    out.line();
    if (name === "ul" || name === "ol") {
      if (lists.length < MAX_HTML_DEPTH) lists.push(name === "ol" ? 1 : undefined);
    } else if (name === "li") {
      const number = lists.at(-1);
      if (number !== undefined) lists[lists.length - 1] = number + 1;
      const indent = "  ".repeat(Math.max(0, lists.length - 1));
      out.mark(`${indent}${number === undefined ? "-" : `${number}.`} `);
    }
  }

  private end(name: string): void {
    if (PARAGRAPHS.has(name)) {
      this.out.paragraph();
      if (name === "pre") this.preformatted = Math.max(0, this.preformatted - 1);
    } else if (LINES.has(name)) {
      this.out.line();
      if (name === "ul" || name === "ol") this.lists.pop();
    } else if (name === "a") this.endLink();
  }

  private startLink(attributes: string): void {
    const url = (attribute(attributes, "href") ?? "").trim();
    if (this.links.length < MAX_HTML_DEPTH) this.links.push({ url, start: this.out.position });
  }

  private endLink(): void {
    const link = this.links.pop();
    if (!link || !isWorthShowing(link.url)) return;
    const text = this.out.since(link.start).trim();
    if (text === "") this.out.verbatim(link.url);
    else if (!isSameAddress(text, link.url)) this.out.verbatim(` (${link.url})`);
  }
}

/** The value of an attribute, character references replaced. */
function attribute(attributes: string, name: "alt" | "href"): string | undefined {
  const match = ATTRIBUTES[name].exec(attributes);
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? undefined : decodeEntities(value).replace(/[\t\n\r\f]+/g, " ");
}

const ATTRIBUTES = {
  alt: /[\s"'/]alt\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i,
  href: /[\s"'/]href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i,
} as const;

/** An anchor inside the message or a script is nothing that the reader could follow. */
function isWorthShowing(url: string): boolean {
  return url !== "" && !url.startsWith("#") && !/^(?:javascript|vbscript|data|about):/i.test(url);
}

/** The text says the address already, perhaps without its scheme or its last slash. */
function isSameAddress(text: string, url: string): boolean {
  const plain = (address: string) =>
    address
      .toLowerCase()
      .replace(/^(?:https?:\/\/|ftp:\/\/|mailto:|tel:|sips?:|xmpp:)/, "")
      .replace(/\/$/, "");
  return plain(text) === plain(url);
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
