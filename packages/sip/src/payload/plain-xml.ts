import type { XmlElement } from "./xml-element.ts";

/** What a reader may not exceed. */
export interface PlainXmlBounds {
  readonly depth: number;
  readonly elements: number;
  /** On one element, namespace declarations included. */
  readonly attributes: number;
}

/** A namespace declaration and those around it. */
interface Scope {
  readonly prefix: string;
  readonly uri: string;
  readonly outer: Scope | undefined;
}

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

interface Level {
  readonly element: OpenElement;
  /** As written, with its prefix. */
  readonly tag: string;
  readonly scope: Scope | undefined;
}

const DECLARATION = /^<\?xml version=(["'])1\.0\1(?: encoding=(["'])[A-Za-z][\w.-]*\2)? *\?>/;
const STRANGE = /[^\t\n\r\x20-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]|\]\]>/u;
const OPEN = /<((?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*))/y;
const ATTRIBUTE =
  /[ \n]+(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)[ \n]*=[ \n]*(?:"([^"<&\n\t]*)"|'([^'<&\n\t]*)')/y;
const TAG_END = /[ \n]*(\/?)>/y;
const CLOSE = /<\/([A-Za-z_:][\w.:-]*)[ \n]*>/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads an XML document of the plain kind that presence documents nearly always are, several times as fast as a full
 * parser: ASCII names, no DOCTYPE, CDATA, comments or instructions, no references but the five named ones and those only
 * in text. Undefined where anything else stands in it, well-formed or not: that is for a full parser to judge. What it
 * reads is namespace-well-formed XML 1.0, and read as that parser would.
 */
export function readPlainXml(document: string, bounds: PlainXmlBounds): XmlElement | undefined {
  if (STRANGE.test(document)) return undefined;
  // XML 1.0 2.11.
  const text = document.includes("\r") ? document.replace(/\r\n?/g, "\n") : document;
  return new PlainReader(text, bounds).read();
}

class PlainReader {
  private readonly text: string;
  private readonly bounds: PlainXmlBounds;
  private at = 0;
  private elements = 0;
  private readonly open: Level[] = [];
  private root: OpenElement | undefined;

  constructor(text: string, bounds: PlainXmlBounds) {
    this.text = text;
    this.bounds = bounds;
  }

  read(): XmlElement | undefined {
    this.at = DECLARATION.exec(this.text)?.[0].length ?? 0;
    for (;;) {
      const next = this.text.indexOf("<", this.at);
      if (!this.takeText(next < 0 ? this.text.length : next)) return undefined;
      if (next < 0) break;
      const isSound = this.text.charCodeAt(next + 1) === 47 ? this.closeTag() : this.openTag();
      if (!isSound) return undefined;
    }
    return this.open.length === 0 ? this.root : undefined;
  }

  private takeText(end: number): boolean {
    if (end === this.at) return true;
    const text = this.text.slice(this.at, end);
    this.at = end;
    const level = this.open.at(-1);
    if (level === undefined) return /^[ \t\n]*$/.test(text);
    const plain = text.includes("&") ? unescaped(text) : text;
    if (plain === undefined) return false;
    level.element.text += plain;
    return true;
  }

  private openTag(): boolean {
    const match = this.match(OPEN);
    this.elements += 1;
    if (!match || this.elements > this.bounds.elements || this.open.length >= this.bounds.depth) return false;
    const [, tag = "", prefix = "", name = ""] = match;
    const outer = this.open.at(-1);
    if (outer === undefined && this.root !== undefined) return false;
    const written = this.attributes();
    if (written === undefined) return false;
    const scope = scopeOf(written, outer?.scope);
    const end = this.match(TAG_END);
    if (scope === false || !end) return false;
    const ns = namespaceOf(prefix, scope);
    const attrs = namedAttributes(written, scope);
    if (ns === undefined || attrs === undefined) return false;
    const element: OpenElement = { name, ns, attrs, children: [], text: "" };
    outer?.element.children.push(element);
    this.root ??= element;
    if (end[1] === "") this.open.push({ element, tag, scope });
    return true;
  }

  /** Prefix, local name and value, as they stand. */
  private attributes(): (readonly [prefix: string, local: string, value: string])[] | undefined {
    const found: [string, string, string][] = [];
    for (let match = this.match(ATTRIBUTE); match; match = this.match(ATTRIBUTE)) {
      if (found.length === this.bounds.attributes) return undefined;
      found.push([match[1] ?? "", match[2]!, match[3] ?? match[4]!]);
    }
    return found;
  }

  private closeTag(): boolean {
    const match = this.match(CLOSE);
    return match !== null && this.open.pop()?.tag === match[1];
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match;
  }
}

type Written = readonly (readonly [prefix: string, local: string, value: string])[];

/** The declarations of a tag before those around it; false where one is not of the plain kind. */
function scopeOf(written: Written, outer: Scope | undefined): Scope | undefined | false {
  let scope = outer;
  for (const [prefix, local, value] of written) {
    const isDefault = prefix === "" && local === "xmlns";
    if (!isDefault && prefix !== "xmlns") continue;
    // Taking a prefix back, the two reserved namespaces, and those with white space.
    if (value === "" || /[ \t]|^http:\/\/www\.w3\.org\/(?:XML\/1998|2000\/xmlns)/.test(value)) return false;
    if (!isDefault && (local === "xml" || local === "xmlns")) return false;
    scope = { prefix: isDefault ? "" : local, uri: value, outer: scope };
  }
  return scope;
}

/** Undefined for a prefix that is not declared. */
function namespaceOf(prefix: string, scope: Scope | undefined): string | undefined {
  for (let one = scope; one; one = one.outer) if (one.prefix === prefix) return one.uri;
  return prefix === "" ? "" : undefined;
}

/** Without declarations; undefined for a name that stands twice or a prefix that is not declared. */
function namedAttributes(written: Written, scope: Scope | undefined): Map<string, string> | undefined {
  const attrs = new Map<string, string>();
  const declared = new Set<string>();
  for (const [prefix, local, value] of written) {
    const isDeclaration = prefix === "xmlns" || (prefix === "" && local === "xmlns");
    const uri = isDeclaration || prefix === "" || prefix === "xml" ? "" : namespaceOf(prefix, scope);
    if (uri === undefined) return undefined;
    const key = prefix === "" ? local : uri === "" ? `${prefix}:${local}` : `{${uri}}${local}`;
    if (attrs.has(key) || declared.has(key)) return undefined;
    if (isDeclaration) declared.add(key);
    else attrs.set(key, value);
  }
  return attrs;
}

/** Undefined for a reference that is not one of the five. */
function unescaped(text: string): string | undefined {
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) return undefined;
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]!);
}
