/** The addresses in session descriptions of inside nodes (RFC 4566 5.2, 5.7): outside they are our public host. */
import type { InsideNames } from "./inside-names.ts";

const SESSION_TYPE = /^\s*application\/sdp\s*(?:;|$)/i;
const MULTIPART_TYPE = /^\s*multipart\/.*;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const PART_TYPE = /^content-type\s*:(.*(?:\r\n[ \t].*)*)/im;
const PART_LENGTH = /^content-length\s*:\s*\d+\s*$/im;
/** Multiparts within multiparts that are looked into. */
const MAX_DEPTH = 3;

const ORIGIN = /^o=(\S+ \S+ \S+ IN) \S+ \S+/;
const CONNECTION = /^c=IN \S+ \S+/;

/**
 * A body of that type as the outside may see it, one character per byte: with our public host in every session
 * description, also where that is one of several parts (RFC 5621 3.1). Other bodies come back as they are.
 */
export function publicBody(
  body: string,
  contentType: string | undefined,
  publicHost: string,
  names: InsideNames,
  depth = 0,
): string {
  if (contentType === undefined) return body;
  if (SESSION_TYPE.test(contentType)) return publicSession(body, publicHost, names);
  const match = depth < MAX_DEPTH ? MULTIPART_TYPE.exec(contentType) : null;
  if (!match) return body;
  const delimiter = `--${match[1] ?? match[2]}`;
  return body
    .split(delimiter)
    .map((part, at) => (at === 0 ? part : publicPart(part, publicHost, names, depth)))
    .join(delimiter);
}

/** What stands behind a delimiter: headers, an empty line, and a body with the line end of the next delimiter. */
function publicPart(part: string, publicHost: string, names: InsideNames, depth: number): string {
  const end = part.indexOf("\r\n\r\n");
  if (end < 0) return part;
  const head = part.slice(0, end);
  const body = part.slice(end + 4);
  const shown = publicBody(body, PART_TYPE.exec(head)?.[1], publicHost, names, depth + 1);
  if (shown === body) return part;
  const length = shown.length - (shown.endsWith("\r\n") ? 2 : 0);
  return `${head.replace(PART_LENGTH, `Content-Length: ${length}`)}\r\n\r\n${shown}`;
}

/** `o=` and `c=` lines that name `publicHost`, and no name of the inside in the others. */
function publicSession(text: string, publicHost: string, names: InsideNames): string {
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
