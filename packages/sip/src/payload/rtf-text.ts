import { decodeCharset } from "./charset.ts";
import { labelOfCodePage, labelOfFontCharset } from "./rtf-charsets.ts";
import { trimLineEnds } from "./text-layout.ts";

/** Longest RTF read, bytes. */
export const MAX_RTF_BYTES = 262_144;
/** Deepest group read. */
export const MAX_RTF_DEPTH = 256;
/** Fonts whose character set is remembered. */
export const MAX_RTF_FONTS = 256;
/** Longest control word and parameter (RTF 1.9.1, control words). */
const CONTROL_WORD = /([a-zA-Z]{1,32})(-?\d{1,10})? ?/y;

/** Groups that hold no text of the message. Those marked with \* are skipped too unless they are read here. */
const SKIPPED: ReadonlySet<string> = new Set(
  (
    "stylesheet colortbl info pict object header headerl headerr headerf footer footerl footerr footerf footnote " +
    "annotation atnid atnauthor listtable listoverridetable rsidtbl generator themedata colorschememapping datastore " +
    "latentstyles filetbl revtbl xmlnstbl mmathpr template private bkmkstart bkmkend nonshppict tc xe ftnsep"
  ).split(" "),
);

/** Control words that stand for text. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ["par", "\n"],
  ["line", "\n"],
  ["sect", "\n"],
  ["page", "\n"],
  ["row", "\n"],
  ["softline", "\n"],
  ["tab", "\t"],
  ["cell", "\t"],
  ["emdash", "\u2014"],
  ["endash", "\u2013"],
  ["emspace", " "],
  ["enspace", " "],
  ["qmspace", " "],
  ["bullet", "\u2022"],
  ["lquote", "\u2018"],
  ["rquote", "\u2019"],
  ["ldblquote", "\u201c"],
  ["rdblquote", "\u201d"],
  ["zwj", "\u200d"],
  ["zwnj", "\u200c"],
  ["ltrmark", "\u200e"],
  ["rtlmark", "\u200f"],
]);

/** Control symbols that stand for text: no-break space, optional and no-break hyphen, escapes. */
const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ["~", " "],
  ["-", ""],
  ["_", "-"],
  ["\\", "\\"],
  ["{", "{"],
  ["}", "}"],
  ["\n", "\n"],
  ["\r", "\n"],
]);

/** What a group inherits and its end takes back. */
interface Group {
  readonly skips: boolean;
  /** Where text goes: the message, or the instruction of a field. */
  readonly into: "text" | "field" | "fonts";
  /** Characters after a \u that stand for it in readers without Unicode. */
  readonly fallback: number;
  readonly charset: string | undefined;
  /** The target of the hyperlink whose shown text this group is; written at its end. */
  readonly link: string | undefined;
}

/**
 * The text of an RTF document (1.9.1): paragraphs, tabs, Unicode and code page characters, hyperlinks as `text (url)`;
 * fonts, colours, pictures and other destinations are left out. One pass; undefined when the bytes are no RTF or over a
 * bound. Never throws.
 */
export function rtfToText(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_RTF_BYTES) return undefined;
  const rtf = latin1(bytes);
  return /^\s{0,16}\{\\rtf/.test(rtf) ? new RtfReader(rtf).read() : undefined;
}

class RtfReader {
  private readonly rtf: string;
  private at = 0;
  private readonly outer: Group[] = [];
  private group: Group = { skips: false, into: "text", fallback: 1, charset: undefined, link: undefined };
  private readonly out: string[] = [];
  /** Bytes of a code page that wait for the rest of their character. */
  private bytes: number[] = [];
  private charset = "windows-1252";
  private readonly fonts = new Map<number, string>();
  private font = 0;
  /** A \* has been seen: a group that is not known is to be skipped. */
  private isOptional = false;
  /** Characters still to be left out after a \u. */
  private toSkip = 0;
  /** Instruction of the field that is being read. */
  private instruction = "";

  constructor(rtf: string) {
    this.rtf = rtf;
  }

  read(): string | undefined {
    const { rtf } = this;
    while (this.at < rtf.length) {
      const char = rtf[this.at]!;
      this.at += 1;
      if (char === "{") {
        if (!this.open()) return undefined;
      } else if (char === "}") {
        if (!this.close()) break;
      } else if (char === "\\") this.control();
      else if (char !== "\r" && char !== "\n" && char !== "\0") this.byte(char.charCodeAt(0));
    }
    this.flush();
    return trimLineEnds(this.out.join(""));
  }

  private open(): boolean {
    if (this.outer.length >= MAX_RTF_DEPTH) return false;
    this.flush();
    this.toSkip = 0;
    this.outer.push(this.group);
    this.group = { ...this.group, link: undefined };
    return true;
  }

  /** False after the outermost group: the document is over. */
  private close(): boolean {
    this.flush();
    this.toSkip = 0;
    this.isOptional = false;
    const { link } = this.group;
    if (link !== undefined) this.write(` (${link})`);
    this.group = this.outer.pop() ?? this.group;
    return this.outer.length > 0;
  }

  private control(): void {
    CONTROL_WORD.lastIndex = this.at;
    const match = CONTROL_WORD.exec(this.rtf);
    if (match === null) {
      this.symbol();
      return;
    }
    this.at = CONTROL_WORD.lastIndex;
    const number = match[2] === undefined ? undefined : Number(match[2]);
    // \bin is followed by as many bytes of anything.
    if (match[1] === "bin") this.at += Math.max(0, number ?? 0);
    else this.word(match[1]!, number);
  }

  private symbol(): void {
    const symbol = this.rtf[this.at] ?? "";
    this.at += 1;
    if (symbol === "*") this.isOptional = true;
    else if (symbol === "'") {
      const hex = this.rtf.slice(this.at, this.at + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) return;
      this.at += 2;
      this.byte(Number.parseInt(hex, 16));
    } else this.character(SYMBOLS.get(symbol) ?? "");
  }

  private word(name: string, number: number | undefined): void {
    const isOptional = this.isOptional;
    this.isOptional = false;
    const text = TEXTS.get(name);
    if (text !== undefined) this.character(text);
    else if (name === "u") this.unicode(number ?? 0);
    else if (SKIPPED.has(name)) this.group = { ...this.group, skips: true };
    else if (!this.setting(name, number ?? 0) && isOptional) this.group = { ...this.group, skips: true };
  }

  /** False when the word is not known. */
  private setting(name: string, number: number): boolean {
    switch (name) {
      case "uc":
        this.group = { ...this.group, fallback: Math.min(Math.max(0, number), 16) };
        return true;
      case "ansicpg":
        this.charset = labelOfCodePage(number);
        return true;
      case "mac":
        this.charset = "macintosh";
        return true;
      case "fonttbl":
        this.group = { ...this.group, into: "fonts" };
        return true;
      case "f":
        this.flush();
        this.font = number;
        if (this.group.into !== "fonts") this.group = { ...this.group, charset: this.fonts.get(number) };
        return true;
      case "plain":
        this.flush();
        this.group = { ...this.group, charset: undefined };
        return true;
      case "fcharset":
        this.fontCharset(number);
        return true;
      case "field":
        this.instruction = "";
        return true;
      case "fldinst":
        this.group = { ...this.group, into: "field" };
        return true;
      case "fldrslt":
        this.group = { ...this.group, into: "text", link: this.linkToShow() };
        return true;
      default:
        return false;
    }
  }

  private fontCharset(number: number): void {
    const label = labelOfFontCharset(number);
    if (label !== undefined && this.fonts.size < MAX_RTF_FONTS) this.fonts.set(this.font, label);
  }

  private linkToShow(): string | undefined {
    const match = /HYPERLINK\s{1,8}(?:\\l\s{0,8})?(?:"([^"]*)"|(\S+))/i.exec(this.instruction);
    return match?.[1] || match?.[2] || undefined;
  }

  /** A byte of the code page, or what stands for a \u in readers without Unicode. */
  private byte(value: number): void {
    if (this.toSkip > 0) this.toSkip -= 1;
    else this.bytes.push(value);
  }

  private character(text: string): void {
    this.flush();
    if (this.toSkip > 0) this.toSkip -= 1;
    else this.write(text);
  }

  /** \uN: a UTF-16 unit, negative above 32767. */
  private unicode(number: number): void {
    this.flush();
    this.write(String.fromCharCode(number & 0xffff));
    this.toSkip = this.group.fallback;
  }

  private flush(): void {
    if (this.bytes.length === 0) return;
    const bytes = Uint8Array.from(this.bytes);
    this.bytes = [];
    this.write(decodeCharset(bytes, this.group.charset ?? this.charset) ?? latin1(bytes));
  }

  private write(text: string): void {
    const { skips, into } = this.group;
    if (skips || into === "fonts") return;
    if (into === "field") this.instruction += text;
    else this.out.push(text);
  }
}

/** One character per byte. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
