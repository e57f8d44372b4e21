/** The part of ltx that Tombolo uses; the package ships no types. */
declare module "ltx" {
  export type Node = Element | string;
  export type Attributes = Record<string, string | undefined>;
  export class Element {
    constructor(name: string, attrs?: Attributes | string | null);
    name: string;
    parent: Element | null;
    attrs: Record<string, string>;
    children: Node[];
    is(name: string, xmlns?: string): boolean;
    getName(): string;
    getNS(): string | undefined;
    getAttr(name: string, xmlns?: string): string | undefined;
    getChild(name: string, xmlns?: string): Element | undefined;
    getChildren(name: string, xmlns?: string): Element[];
    getChildText(name: string, xmlns?: string): string | null;
    getChildElements(): Element[];
    getText(): string;
    text(): string;
    c(name: string, attrs?: Attributes): Element;
    cnode<T extends Node>(child: T): T;
    t(text: string): this;
    up(): Element;
    root(): Element;
    remove(child: Node | string, xmlns?: string): this;
    append(...nodes: Node[]): void;
    toString(): string;
  }
  export function createElement(name: string, attrs?: Attributes | null, ...children: Node[]): Element;
  export function parse(data: string): Element;
  export function escapeXML(text: string): string;
  export function escapeXMLText(text: string): string;
  export class Parser {
    on(
      event: "startElement" | "endElement" | "element" | "start" | "end",
      listener: (element: Element) => void,
    ): this;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "text", listener: (text: string) => void): this;
    write(data: string): void;
    end(data?: string): void;
  }
}
