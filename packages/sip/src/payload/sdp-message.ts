/** Longest session description read, in bytes. */
export const MAX_SDP_BYTES = 32_768;
/** Media lines read; a description with more is not answered. */
export const MAX_SDP_MEDIA = 16;
/** Types kept from all `a=accept-types` of the message line. */
export const MAX_ACCEPT_TYPES = 64;

export interface SdpMedia {
  readonly media: string;
  /** 0: refused or switched off (RFC 3264 6). */
  readonly port: number;
  readonly proto: string;
  readonly formats: readonly string[];
}

/** A session description that carries instant messages as SIP MESSAGE inside the dialog. */
export interface MessageDescription {
  /** The m-line's own word; an answer repeats it. */
  readonly media: "message" | "x-ms-message";
  /** Its place among the m-lines, from 0. */
  readonly index: number;
  /** What follows `sip`: `null` in an offer, the answerer's URI in an answer. */
  readonly target: string;
  /** Lower case, in order; `*` is everything. Empty: not stated. */
  readonly acceptTypes: readonly string[];
  /** All m-lines in order, the message line among them. */
  readonly mediaLines: readonly SdpMedia[];
  /** The `t=` value, which an answer repeats (RFC 3264 6). */
  readonly timing: string;
  /** Session id and version of `o=`: equal ones mean an unchanged description (RFC 3264 8). */
  readonly origin: string;
}

/** What we say about ourselves in a description. The same values give the same text, so the version is kept with them. */
export interface MessageSide {
  /** IPv4 or IPv6 literal, or host name. It carries no meaning for this medium. */
  readonly address: string;
  /** Carries no meaning either; 5060 is what all write. */
  readonly port?: number;
  readonly sessionId?: number;
  /** Counts up by one when the description changes. */
  readonly version?: number;
  readonly acceptTypes: readonly string[];
}

const DEFAULT_TIMING = "0 0";
const DEFAULT_PORT = 5060;

/**
 * Finds the first m-line of media `message` or `x-ms-message` with protocol `sip` and a port other than 0. Lines may end
 * in CRLF or LF and in blanks; missing v=, o=, s=, t= are tolerated. Undefined when there is no such line (a 488 then) or
 * a bound is passed. Never throws.
 */
export function readMessageDescription(bytes: Uint8Array): MessageDescription | undefined {
  if (bytes.length > MAX_SDP_BYTES) return undefined;
  const lines = new TextDecoder("utf-8").decode(bytes).split(/\r\n|\r|\n/);
  const mediaLines: SdpMedia[] = [];
  let timing: string | undefined;
  let origin = "";
  let index = -1;
  const acceptTypes: string[] = [];
  for (const line of lines) {
    const value = line.slice(2).trim();
    if (line.startsWith("m=")) {
      if (mediaLines.length === MAX_SDP_MEDIA) return undefined;
      const media = parseMedia(value);
      if (media === undefined) return undefined;
      if (index < 0 && isMessageLine(media)) index = mediaLines.length;
      mediaLines.push(media);
    } else if (line.startsWith("t=")) timing ??= value;
    else if (line.startsWith("o=") && mediaLines.length === 0) origin = originKey(value);
    else if (mediaLines.length === 0 || index === mediaLines.length - 1) takeAcceptTypes(line, acceptTypes);
  }
  const chosen = mediaLines[index];
  if (chosen === undefined) return undefined;
  return {
    media: chosen.media.toLowerCase() === "message" ? "message" : "x-ms-message",
    index,
    target: chosen.formats[0] ?? "null",
    acceptTypes,
    mediaLines,
    timing: timing !== undefined && /^\d+ \d+$/.test(timing) ? timing : DEFAULT_TIMING,
    origin,
  };
}

/** Whether a side with this description takes bodies of `type` (`text/plain`). Nothing stated: only plain text. */
export function acceptsType(description: MessageDescription, type: string): boolean {
  const wanted = type.toLowerCase();
  const family = wanted.replace(/\/.*$/s, "/*");
  const types = description.acceptTypes;
  if (types.length === 0) return wanted === "text/plain";
  return types.includes(wanted) || types.includes(family) || types.includes("*") || types.includes("*/*");
}

/** Our offer: one message line with format `null`. */
export function writeMessageOffer(
  side: MessageSide & { readonly media?: MessageDescription["media"] },
): string {
  const media = side.media ?? "message";
  return writeSession(side, DEFAULT_TIMING, [messageLines(media, side, "null")]);
}

/**
 * Our answer: the offer's m-lines in order, the message line ours with `userUri` (`sip:user@domain`), every other
 * refused with port 0 and its formats repeated (RFC 3264 6).
 */
export function writeMessageAnswer(offer: MessageDescription, side: MessageSide, userUri: string): string {
  const media = offer.mediaLines.map((line, index) =>
    index === offer.index
      ? messageLines(line.media, side, userUri)
      : `m=${[line.media, "0", line.proto, ...line.formats].map(word).join(" ")}\r\n`,
  );
  return writeSession(side, offer.timing, media);
}

function writeSession(side: MessageSide, timing: string, media: readonly string[]): string {
  const address = `IN ${side.address.includes(":") ? "IP6" : "IP4"} ${word(side.address)}`;
  return [
    "v=0\r\n",
    `o=- ${side.sessionId ?? 0} ${side.version ?? 0} ${address}\r\n`,
    "s=session\r\n",
    `c=${address}\r\n`,
    `t=${timing}\r\n`,
    ...media,
  ].join("");
}

function messageLines(media: string, side: MessageSide, target: string): string {
  const types = side.acceptTypes.map(word).join(" ");
  return `m=${word(media)} ${side.port ?? DEFAULT_PORT} sip ${word(target)}\r\na=accept-types:${types}\r\n`;
}

/** One SDP word: nothing in it may end the word or the line. */
function word(text: string): string {
  return text.replace(/[\u0000-\u0020\u007f]/g, "");
}

function parseMedia(value: string): SdpMedia | undefined {
  const [media, port, proto, ...formats] = value.split(/[ \t]+/);
  const digits = /^(\d{1,5})(?:\/\d+)?$/.exec(port ?? "")?.[1];
  if (!media || digits === undefined || !proto) return undefined;
  return { media, port: Number(digits), proto, formats };
}

function isMessageLine(line: SdpMedia): boolean {
  const media = line.media.toLowerCase();
  return (
    (media === "message" || media === "x-ms-message") && line.proto.toLowerCase() === "sip" && line.port !== 0
  );
}

/** Session id and version, second and third word of o=. */
function originKey(value: string): string {
  const [, id = "", version = ""] = value.split(/[ \t]+/);
  return `${id} ${version}`;
}

function takeAcceptTypes(line: string, into: string[]): void {
  const match = /^a=accept-types:(.*)$/is.exec(line);
  if (match === null) return;
  for (const type of match[1]!
    .trim()
    .toLowerCase()
    .split(/[ \t]+/)) {
    if (type !== "" && into.length < MAX_ACCEPT_TYPES) into.push(type);
  }
}
