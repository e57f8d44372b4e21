/** One element. Comments, processing instructions and the order of text between children are not kept. */
export interface XmlElement {
  /** Local name. */
  readonly name: string;
  /** Namespace name, "" for none. */
  readonly ns: string;
  /** Keys: `name` without prefix, `xml:lang` as it stands, others as `{namespace}name`. No xmlns declarations. */
  readonly attrs: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside this element, joined, not trimmed. */
  readonly text: string;
}
