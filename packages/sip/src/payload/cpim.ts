/** Media type of RFC 3862 messages. */
export const CPIM_TYPE = "message/cpim";
/** Longest head read, UTF-16 units: message headers and those of the content. */
export const MAX_CPIM_HEAD = 16_384;
/** Message headers read; a message with more is not read. */
export const MAX_CPIM_HEADERS = 64;

const IMDN_NAMESPACE = "urn:ietf:params:imdn";

/** What a sender wants to be told of (RFC 5438 6.2). */
export type Disposition = "positive-delivery" | "negative-delivery" | "display" | "processing";
const DISPOSITIONS: readonly string[] = ["positive-delivery", "negative-delivery", "display", "processing"];

export interface CpimMessage {
  /** As written: display name and URI in angle brackets. It proves nothing about the sender. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** RFC 3339, as written. */
  readonly dateTime: string | undefined;
  readonly subject: string | undefined;
  /** RFC 5438 6.3: what notifications name. */
  readonly messageId: string | undefined;
  readonly dispositions: readonly Disposition[];
  readonly contentType: string | undefined;
  readonly content: Uint8Array;
}

/**
 * Reads a message/cpim body (RFC 3862 2): message headers, an empty line, the content's headers, an empty line, content.
 * Lines may end in CRLF or LF. Undefined when it has not that form or passes a bound. Never throws.
 */
export function readCpim(body: Uint8Array): CpimMessage | undefined {
  const outer = splitHead(body, 0);
  const inner = outer && splitHead(body, outer.end);
  if (!outer || !inner) return undefined;
  const prefix = imdnPrefix(outer.headers);
  const wanted = headerOf(outer.headers, `${prefix}.Disposition-Notification`) ?? "";
  return {
    from: headerOf(outer.headers, "From"),
    to: headerOf(outer.headers, "To"),
    dateTime: headerOf(outer.headers, "DateTime"),
    subject: headerOf(outer.headers, "Subject"),
    messageId: headerOf(outer.headers, `${prefix}.Message-ID`),
    dispositions: wanted
      .split(",")
      .map((word) => word.split(";")[0]!.trim().toLowerCase())
      .filter((word): word is Disposition => DISPOSITIONS.includes(word)),
    contentType: headerOf(inner.headers, "Content-Type"),
    content: body.subarray(inner.end),
  };
}

/** A message to be wrapped. */
export interface CpimToWrite {
  /** URIs. */
  readonly from: string;
  readonly to: string;
  /** RFC 3339. */
  readonly dateTime: string;
  readonly messageId: string;
  /** What we want to be told of. */
  readonly dispositions?: readonly Disposition[];
  readonly contentType: string;
  /** It is itself a notification (RFC 5438 7.1.1.2). */
  readonly isNotification?: boolean;
  readonly content: Uint8Array;
}

export function writeCpim(message: CpimToWrite): Uint8Array {
  const { from, to, dateTime, messageId, dispositions = [], contentType, isNotification, content } = message;
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `NS: imdn <${IMDN_NAMESPACE}>`,
    `imdn.Message-ID: ${messageId}`,
    `DateTime: ${dateTime}`,
    ...(dispositions.length > 0 ? [`imdn.Disposition-Notification: ${dispositions.join(", ")}`] : []),
    "",
    `Content-Type: ${contentType}`,
    ...(isNotification ? ["Content-Disposition: notification"] : []),
    `Content-Length: ${content.length}`,
  ].map((line) => line.replace(/[\r\n\0]+/g, " "));
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const body = new Uint8Array(head.length + content.length);
  body.set(head);
  body.set(content, head.length);
  return body;
}

type Header = readonly [name: string, value: string];

/** Header lines from `start` to the next empty line. */
function splitHead(body: Uint8Array, start: number): { headers: readonly Header[]; end: number } | undefined {
  const headers: Header[] = [];
  let at = start;
  while (at - start <= MAX_CPIM_HEAD) {
    const lf = body.indexOf(10, at);
    if (lf < 0) return undefined;
    const line = new TextDecoder("utf-8").decode(body.subarray(at, lf)).replace(/\r$/, "");
    at = lf + 1;
    if (line === "") return { headers, end: at };
    const colon = line.indexOf(":");
    if (colon <= 0 || headers.length === MAX_CPIM_HEADERS) return undefined;
    headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return undefined;
}

/** The prefix that stands for notifications here; `imdn` where none is declared. */
function imdnPrefix(headers: readonly Header[]): string {
  for (const [name, value] of headers) {
    const match = name === "NS" ? /^(\S{1,32})\s+<(.*)>$/.exec(value) : null;
    if (match?.[2] === IMDN_NAMESPACE) return match[1]!;
  }
  return "imdn";
}

/** Names are case-sensitive by the book (RFC 3862 3.2); senders do not know. */
function headerOf(headers: readonly Header[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find(([own]) => own.toLowerCase() === wanted)?.[1];
}
