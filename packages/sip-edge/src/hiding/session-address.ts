/** The addresses in session descriptions of inside nodes (RFC 4566 5.2, 5.7): outside they are our public host. */
import type { InsideNames } from "./inside-names.ts";

const ORIGIN = /^o=(\S+ \S+ \S+ IN) \S+ \S+/;
const CONNECTION = /^c=IN \S+ \S+/;

export function isSessionDescription(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*application\/sdp\s*(?:;|$)/i.test(contentType);
}

/** The body with `o=` and `c=` lines that name `publicHost`; one character per byte. */
export function publicSession(text: string, publicHost: string, names: InsideNames): string {
  const host = publicHost.replace(/^\[|\]$/g, "");
  const place = `${host.includes(":") ? "IP6" : "IP4"} ${host}`;
  return text
    .split("\n")
    .map((line) => {
      if (line.startsWith("o=")) return line.replace(ORIGIN, `o=$1 ${place}`);
      if (line.startsWith("c=")) return line.replace(CONNECTION, `c=IN ${place}`);
      return names.hidden(line);
    })
    .join("\n");
}
