/** The addresses in session descriptions of inside nodes (RFC 4566 5.2, 5.7): outside they are our public host. */
import type { InsideNames } from "./inside-names.ts";

const ORIGIN = /^o=(\S+ \S+ \S+ IN) \S+ \S+/;
const CONNECTION = /^c=IN \S+ \S+/;

export function isSessionDescription(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*application\/sdp\s*(?:;|$)/i.test(contentType);
}

/** The body with `o=` and `c=` lines that name `publicHost`; the very same bytes where nothing changes. */
export function publicSession(body: Uint8Array, publicHost: string, names: InsideNames): Uint8Array {
  let text = "";
  for (let i = 0; i < body.length; i++) text += String.fromCharCode(body[i]!);
  const host = publicHost.replace(/^\[|\]$/g, "");
  const place = `${host.includes(":") ? "IP6" : "IP4"} ${host}`;
  const changed = text
    .split("\n")
    .map((line) => {
      if (line.startsWith("o=")) return line.replace(ORIGIN, `o=$1 ${place}`);
      if (line.startsWith("c=")) return line.replace(CONNECTION, `c=IN ${place}`);
      return names.hidden(line);
    })
    .join("\n");
  if (changed === text) return body;
  const bytes = new Uint8Array(changed.length);
  for (let i = 0; i < changed.length; i++) bytes[i] = changed.charCodeAt(i) & 0xff;
  return bytes;
}
