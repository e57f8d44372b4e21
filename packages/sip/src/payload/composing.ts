import { childrenNamed, readXml } from "./xml.ts";
import type { XmlElement } from "./xml-element.ts";

/** Media type of RFC 3994 documents. */
export const IS_COMPOSING_TYPE = "application/im-iscomposing+xml";
/** Media type under which KeyboardActivity travels in INFO. */
export const KEYBOARD_ACTIVITY_TYPE = "application/xml";
/** RFC 3994 3.3: how long `active` lasts when the document does not say, in seconds. */
export const DEFAULT_COMPOSING_REFRESH_S = 120;
/** A longer refresh reads as this, in seconds: a forgotten one must not leave a typing mark for a day. */
export const MAX_COMPOSING_REFRESH_S = 600;

const NS = "urn:ietf:params:xml:ns:im-iscomposing";

export interface Composing {
  readonly state: "active" | "idle";
  /** Seconds after which `active` lapses without another; only in RFC 3994 documents that are active. */
  readonly refresh?: number;
}

/**
 * Reads a typing indication in either form, told apart by the root element: isComposing (RFC 3994) or KeyboardActivity.
 * An unknown state is idle. Undefined when the body is neither. Never throws.
 */
export function readComposing(bytes: Uint8Array): Composing | undefined {
  const xml = readXml(bytes);
  if (!xml.ok) return undefined;
  if (xml.root.name === "isComposing") return readIsComposing(xml.root);
  if (xml.root.name !== "KeyboardActivity") return undefined;
  const status = childrenNamed(xml.root, "status")[0]?.attrs.get("status")?.trim().toLowerCase();
  return { state: status === "type" ? "active" : "idle" };
}

function readIsComposing(root: XmlElement): Composing {
  if (childrenNamed(root, "state")[0]?.text.trim() !== "active") return { state: "idle" };
  const written = childrenNamed(root, "refresh")[0]?.text.trim() ?? "";
  const refresh = /^[1-9]\d*$/.test(written) ? Number(written) : DEFAULT_COMPOSING_REFRESH_S;
  return { state: "active", refresh: Math.min(refresh, MAX_COMPOSING_REFRESH_S) };
}

/** An RFC 3994 document about text/plain. `refresh` is in seconds. */
export function writeIsComposing(composing: Composing): string {
  const refresh = composing.refresh === undefined ? "" : `<refresh>${composing.refresh}</refresh>`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<isComposing xmlns="${NS}"><state>${composing.state}</state>` +
    `<contenttype>text/plain</contenttype>${refresh}</isComposing>`
  );
}

/** The INFO body that says "typing" or "stopped". */
export function writeKeyboardActivity(state: Composing["state"]): string {
  const status = state === "active" ? "type" : "idle";
  return `<?xml version="1.0"?>\r\n<KeyboardActivity>\r\n  <status status="${status}" />\r\n</KeyboardActivity>`;
}
