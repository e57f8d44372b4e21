import { childrenNamed, readXml } from "./xml.ts";
import { escapeXmlText } from "./xml-text.ts";

/** Media type of notifications (RFC 5438 11). */
export const IMDN_TYPE = "message/imdn+xml";

const NS = "urn:ietf:params:xml:ns:imdn";
const KINDS = ["delivery", "display", "processing"] as const;

/** What became of a message (RFC 5438 7). */
export interface Imdn {
  readonly messageId: string;
  readonly kind: (typeof KINDS)[number];
  /** `delivered`, `failed`, `forbidden`, `error`, `displayed`, `processed`, `stored`. */
  readonly status: string;
}

/** Reads a message/imdn+xml document; undefined when it is none. Never throws. */
export function readImdn(bytes: Uint8Array): Imdn | undefined {
  const xml = readXml(bytes);
  if (!xml.ok || xml.root.name !== "imdn" || xml.root.ns !== NS) return undefined;
  const messageId = childrenNamed(xml.root, "message-id")[0]?.text.trim();
  if (!messageId) return undefined;
  for (const kind of KINDS) {
    const notification = childrenNamed(xml.root, `${kind}-notification`)[0];
    const status = notification && childrenNamed(notification, "status")[0]?.children[0]?.name;
    if (status !== undefined) return { messageId, kind, status };
  }
  return undefined;
}

/** @param dateTime of the message that it is about, RFC 3339. */
export function writeImdn({ messageId, kind, status }: Imdn, dateTime: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn xmlns="${NS}"><message-id>${escapeXmlText(messageId)}</message-id>` +
    `<datetime>${escapeXmlText(dateTime)}</datetime>` +
    `<${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`
  );
}
