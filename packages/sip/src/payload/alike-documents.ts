import type { PresenceBodySummary, StatementReading } from "./presence-statement.ts";

/** Documents remembered at a time; those that are alike count once. */
export const MAX_ALIKE_DOCUMENTS = 512;
/** Longest document that is remembered, in characters. */
export const MAX_ALIKE_CHARS = 4_096;

const ENTITY = ' entity="';
const NAME_TAG = "display-name>";
/** Text that means itself as an attribute's value. */
const PLAIN_VALUE = /^[ !#-%(-;=?-~]*$/;
/** The same between tags, with the letters of most alphabets as UTF-8. */
const PLAIN_TEXT = /^(?:[ !#-%(-;=?-~]|[\xc2-\xdf][\x80-\xbf]|[\xe1-\xec][\x80-\xbf]{2})*$/;
const OPENING = /^<(?:[A-Za-z_][\w.-]*:)?$/;

/** A document without its user. */
interface Outline {
  readonly text: string;
  readonly entity: string;
}

/**
 * Remembers what PIDF documents say. A presence server writes few of them, again and again: only whom they are about
 * differs, and what that user is called. With both taken out, a document that was read before is known at sight, and need
 * not be read once more. Two generations, as for addresses: what was not asked for while the young one filled is forgotten.
 */
export class AlikeDocuments {
  private young = new Map<string, PresenceBodySummary>();
  private old = new Map<string, PresenceBodySummary>();

  /** @param text one character for each byte. @param read reads it where it is not known. */
  read(text: string, read: () => StatementReading): StatementReading {
    const outline = outlineOf(text);
    if (outline === undefined) return read();
    const { entity } = outline;
    const known = this.young.get(outline.text);
    if (known !== undefined) return { ok: true, entity, summary: known };
    const older = this.old.get(outline.text);
    const reading: StatementReading = older === undefined ? read() : { ok: true, entity, summary: older };
    if (reading.ok && reading.entity === entity) this.remember(outline.text, reading.summary);
    return reading;
  }

  /** Documents remembered. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  private remember(outline: string, summary: PresenceBodySummary): void {
    if (this.young.size >= MAX_ALIKE_DOCUMENTS / 2) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(outline, summary);
  }
}

/**
 * Takes the root's `entity`, and the text of a display-name where there is one, out of a document. What takes their place
 * occurs in no XML. Undefined where it is not certain that nothing but that differs: without comments and CDATA each `<`
 * begins a tag, so the two are what they look like wherever the document is well-formed.
 */
function outlineOf(text: string): Outline | undefined {
  if (text.length > MAX_ALIKE_CHARS || text.includes("<!") || text.includes("\0")) return undefined;
  const root = text.startsWith("<?xml ") ? text.indexOf("<", 1) : 0;
  if (!text.startsWith("<presence", root)) return undefined;
  const start = text.indexOf(ENTITY, root) + ENTITY.length;
  const end = text.indexOf('"', start);
  const tagEnd = text.indexOf(">", root);
  if (start < ENTITY.length || end < 0 || end > tagEnd) return undefined;
  // Between single quotes it would be part of another value.
  const quote = text.indexOf("'", root);
  if (quote >= 0 && quote < tagEnd) return undefined;
  const entity = text.slice(start, end);
  if (!PLAIN_VALUE.test(entity)) return undefined;
  return { text: `${text.slice(0, start)}\0${withoutName(text, end)}`, entity: entity.trim() };
}

/** The document from `from` on, without the text of its first display-name. */
function withoutName(text: string, from: number): string {
  const name = text.indexOf(NAME_TAG, from);
  if (name < 0) return text.slice(from);
  const start = name + NAME_TAG.length;
  const end = text.indexOf("<", start);
  const isElement = OPENING.test(text.slice(text.lastIndexOf("<", name), name));
  if (!isElement || end < 0 || !PLAIN_TEXT.test(text.slice(start, end))) return text.slice(from);
  return `${text.slice(from, start)}\0${text.slice(end)}`;
}
