import { SaxesParser } from "saxes";
import { type PlainXmlBounds, readPlainXml } from "./plain-xml.ts";
import type { XmlElement } from "./xml-element.ts";

/** Longest document read, in bytes. A presence document with 50 devices has about 20 KiB. */
export const MAX_XML_BYTES = 65_536;
/** Deepest nesting read; the root is 1. */
export const MAX_XML_DEPTH = 32;
export const MAX_XML_ELEMENTS = 2_048;
/** Attributes on one element, namespace declarations included. */
export const MAX_XML_ATTRIBUTES = 32;
const BOUNDS: PlainXmlBounds = {
  depth: MAX_XML_DEPTH,
  elements: MAX_XML_ELEMENTS,
  attributes: MAX_XML_ATTRIBUTES,
};

export type XmlReading = { readonly ok: true; readonly root: XmlElement } | XmlFault;

export interface XmlFault {
  readonly ok: false;
  /** For a log line or a counter: no content of the document in it. */
  readonly why: string;
}

export interface XmlOptions {
  /** `refuse` (default), or `skip`: read over a DOCTYPE. Nothing in one is ever fetched, declared or expanded. */
  readonly doctype?: "refuse" | "skip";
}

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

class Refusal extends Error {}

const XMLNS = "http://www.w3.org/2000/xmlns/";

/**
 * Reads a namespace-well-formed XML 1.0 document. UTF-8, or UTF-16 with a byte order mark; the declared encoding is not
 * looked at, because partners declare utf-16 over UTF-8 bytes. Never throws.
 */
export function readXml(bytes: Uint8Array, options: XmlOptions = {}): XmlReading {
  if (bytes.length > MAX_XML_BYTES) return fault(`longer than ${MAX_XML_BYTES} bytes`);
  const text = decodeXml(bytes);
  if (text === undefined) return fault("not UTF-8");
  const plain = readPlainXml(text, BOUNDS);
  if (plain !== undefined) return { ok: true, root: plain };
  return readAnyXml(text, options);
}

/** As `readXml`, of a decoded document and by the full parser. */
export function readAnyXml(text: string, options: XmlOptions = {}): XmlReading {
  const builder = new TreeBuilder(options.doctype === "skip");
  try {
    return { ok: true, root: builder.parse(text) };
  } catch (error) {
    // saxes words its errors with names from the document: only our own words go out.
    return fault(error instanceof Refusal ? error.message : "not well-formed");
  }
}

/** The direct children with this local name, whatever their namespace. */
export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The elements at the end of a path of local names below `element`. */
export function descend(element: XmlElement, ...path: readonly string[]): readonly XmlElement[] {
  return path.reduce<readonly XmlElement[]>(
    (found, name) => found.flatMap((parent) => childrenNamed(parent, name)),
    [element],
  );
}

/** A whole number of up to nine digits in `text`, white space around it aside; undefined when it is none. */
export function numberIn(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? "";
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

function fault(why: string): XmlFault {
  return { ok: false, why };
}

function decodeXml(bytes: Uint8Array): string | undefined {
  const label =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

class TreeBuilder {
  readonly #skipDoctype: boolean;
  readonly #open: OpenElement[] = [];
  #root: OpenElement | undefined;
  #elements = 0;
  #attributes = 0;

  constructor(skipDoctype: boolean) {
    this.#skipDoctype = skipDoctype;
  }

  parse(text: string): XmlElement {
    const parser = new SaxesParser({
      xmlns: true,
      position: false,
      defaultXMLVersion: "1.0",
      forceXMLVersion: true,
    });
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("doctype", () => {
      if (!this.#skipDoctype) throw new Refusal("a DOCTYPE");
    });
    // Counted while the tag is still being read, before saxes has looked at the attributes together.
    parser.on("opentagstart", () => this.#begin());
    parser.on("attribute", () => {
      if (++this.#attributes > MAX_XML_ATTRIBUTES) {
        throw new Refusal(`more than ${MAX_XML_ATTRIBUTES} attributes on an element`);
      }
    });
    parser.on("opentag", (tag) => this.#push(tag.local, tag.uri, Object.values(tag.attributes)));
    parser.on("closetag", () => this.#open.pop());
    parser.on("text", (data) => this.#append(data));
    parser.on("cdata", (data) => this.#append(data));
    parser.write(text).close();
    if (this.#root === undefined) throw new Refusal("no element");
    return this.#root;
  }

  #begin(): void {
    this.#attributes = 0;
    if (++this.#elements > MAX_XML_ELEMENTS) throw new Refusal(`more than ${MAX_XML_ELEMENTS} elements`);
    if (this.#open.length >= MAX_XML_DEPTH) throw new Refusal(`nested deeper than ${MAX_XML_DEPTH}`);
  }

  #push(
    name: string,
    ns: string,
    attributes: readonly { prefix: string; local: string; uri: string; value: string }[],
  ) {
    const attrs = new Map<string, string>();
    for (const { prefix, local, uri, value } of attributes) {
      if (uri === XMLNS) continue;
      attrs.set(prefix === "" ? local : prefix === "xml" ? `xml:${local}` : `{${uri}}${local}`, value);
    }
    const element: OpenElement = { name, ns, attrs, children: [], text: "" };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  #append(data: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) element.text += data;
  }
}
