import { type CSeq, parseCSeq } from "../header/cseq.ts";
import { splitFirst, splitList } from "../header/list.ts";
import { digits, trimBlanks } from "../header/scan.ts";
import { parseVia, type Via } from "../header/via.ts";
import { type NameAddr, parseNameAddr, tagIn } from "../uri/name-addr.ts";
import {
  canonicalHeader,
  type HeaderName,
  isKnownHeader,
  type KnownHeader,
  sameHeader,
} from "./header-names.ts";
import { type Latin1, latin1Plain, octets } from "./octets.ts";
import type { StartLine } from "./start-line.ts";

export const NO_BODY = new Uint8Array(0);

/**
 * Where the headers of a parsed message stand in its head. Lines that are forwarded as they came are then taken over
 * in runs and not written one by one; what is written is the same either way.
 */
export interface HeadSource {
  readonly head: string;
  /** Index of each header's line in `head`; -1 for one that is not there as `Name: value`. */
  readonly lines: readonly number[];
}

/**
 * One SIP message, parsed or built. Header values are kept as text (one character per byte of the wire) and given
 * structure only when asked; every structure is parsed once. Instances never change: `draft.ts` makes changed copies.
 *
 * Content-Length is not among the headers of a message: it belongs to the wire and is written by `serialize`.
 */
export class SipMessage {
  readonly start: StartLine;
  private readonly names: readonly string[];
  private readonly values: readonly string[];
  /** The first defect the parser met, or undefined. A message with a fault may be answered, never forwarded. */
  readonly fault: string | undefined;
  /** For `serialize` alone. */
  readonly source: HeadSource | undefined;

  private bodyBytes: Uint8Array | undefined;
  /** The same, one character per byte: it is passed on without ever being made bytes. */
  private bodyChars: string | undefined;
  private cachedVia: Via | null | undefined;
  private cachedCSeq: CSeq | null | undefined;
  private cachedFrom: NameAddr | null | undefined;
  private cachedTo: NameAddr | null | undefined;
  private cachedFromTag: string | null | undefined;
  private cachedToTag: string | null | undefined;

  /**
   * @param headerNames in order, as `canonicalHeader` spells them
   * @param headerValues parallel to the names
   * @param body a text has one character per byte.
   */
  constructor(
    start: StartLine,
    headerNames: readonly string[],
    headerValues: readonly string[],
    body: Uint8Array | string = NO_BODY,
    fault?: string,
    source?: HeadSource,
  ) {
    this.start = start;
    this.names = headerNames;
    this.values = headerValues;
    this.bodyBytes = typeof body === "string" ? undefined : body;
    this.bodyChars = typeof body === "string" ? body : undefined;
    this.fault = fault;
    this.source = source;
    this.cachedVia = undefined;
    this.cachedCSeq = undefined;
    this.cachedFrom = undefined;
    this.cachedTo = undefined;
    this.cachedFromTag = undefined;
    this.cachedToTag = undefined;
  }

  /** In order, as `canonicalHeader` spells them. */
  get headerNames(): readonly string[] {
    return this.names;
  }

  /** Parallel to the names. */
  get headerValues(): readonly string[] {
    return this.values;
  }

  /** The head as it goes out, with its Content-Length, where it is written already. */
  get headText(): string | undefined {
    return undefined;
  }

  get body(): Uint8Array {
    this.bodyBytes ??= octets(this.bodyChars!);
    return this.bodyBytes;
  }

  /** Bytes. */
  get bodyLength(): number {
    return this.bodyChars === undefined ? this.bodyBytes!.length : this.bodyChars.length;
  }

  /** The body in the form that is at hand, for another message; as text it has one character per byte. */
  get content(): Uint8Array | string {
    return this.bodyChars ?? this.bodyBytes!;
  }

  /** The body with one character per byte. */
  bodyText(latin1: Latin1 = latin1Plain): string {
    this.bodyChars ??= latin1(this.bodyBytes!, 0, this.bodyBytes!.length);
    return this.bodyChars;
  }

  get isRequest(): boolean {
    return this.start.kind === "request";
  }

  /** The request's method; for a response the method of its CSeq ("" when that is unreadable). */
  get method(): string {
    return this.start.kind === "request" ? this.start.method : (this.cseq?.method ?? "");
  }

  /** The Request-URI as written; "" for a response. */
  get uri(): string {
    return this.start.kind === "request" ? this.start.uri : "";
  }

  /** The status code; 0 for a request. */
  get status(): number {
    return this.start.kind === "response" ? this.start.status : 0;
  }

  /** The first header of that name, its value as one text, or undefined. */
  get(name: HeaderName): string | undefined {
    const at = indexOfHeader(this.headerNames, name, 0);
    return at < 0 ? undefined : this.headerValues[at];
  }

  /** Every header line of that name, in order. */
  lines(name: HeaderName): string[] {
    const out: string[] = [];
    const names = this.headerNames;
    for (let at = indexOfHeader(names, name, 0); at >= 0; at = indexOfHeader(names, name, at + 1)) {
      out.push(this.headerValues[at]!);
    }
    return out;
  }

  /** Every element of a comma-separated header over all its lines, in order (Via, Route, Contact, Supported, ...). */
  list(name: HeaderName): string[] {
    const lines = this.lines(name);
    return lines.length === 1 ? splitList(lines[0]!) : lines.flatMap(splitList);
  }

  /** How many header lines of that name there are. */
  count(name: HeaderName): number {
    let n = 0;
    const names = this.headerNames;
    for (let at = indexOfHeader(names, name, 0); at >= 0; at = indexOfHeader(names, name, at + 1)) n++;
    return n;
  }

  /** The first element of a comma-separated header, or undefined. */
  first(name: HeaderName): string | undefined {
    const line = this.get(name);
    if (line === undefined) return undefined;
    const only = line.indexOf(",") < 0 ? trimBlanks(line) : splitFirst(line)?.first;
    // A line of blanks and commas has no element: the next line's may be the first.
    return only || this.list(name)[0];
  }

  /** The topmost Via, or undefined when there is none or it cannot be read. */
  get topVia(): Via | undefined {
    if (this.cachedVia === undefined) {
      const first = this.first("Via");
      this.cachedVia = (first === undefined ? undefined : parseVia(first)) ?? null;
    }
    return this.cachedVia ?? undefined;
  }

  get cseq(): CSeq | undefined {
    if (this.cachedCSeq === undefined) {
      const value = this.known("CSeq");
      this.cachedCSeq = (value === undefined ? undefined : parseCSeq(value)) ?? null;
    }
    return this.cachedCSeq ?? undefined;
  }

  get from(): NameAddr | undefined {
    if (this.cachedFrom === undefined) this.cachedFrom = this.nameAddr("From") ?? null;
    return this.cachedFrom ?? undefined;
  }

  get to(): NameAddr | undefined {
    if (this.cachedTo === undefined) this.cachedTo = this.nameAddr("To") ?? null;
    return this.cachedTo ?? undefined;
  }

  get fromTag(): string | undefined {
    if (this.cachedFromTag === undefined) this.cachedFromTag = this.tagOf("From") ?? null;
    return this.cachedFromTag ?? undefined;
  }

  get toTag(): string | undefined {
    if (this.cachedToTag === undefined) this.cachedToTag = this.tagOf("To") ?? null;
    return this.cachedToTag ?? undefined;
  }

  /** Call-ID, byte for byte (RFC 3261 20.8); "" when there is none. */
  get callId(): string {
    return this.known("Call-ID") ?? "";
  }

  /** The first Contact element, or undefined (also for `*`). */
  get contact(): NameAddr | undefined {
    const first = this.first("Contact");
    return first === undefined || first === "*" ? undefined : parseNameAddr(first);
  }

  /** A header that is a plain decimal number below 2^32 (Max-Forwards, Expires, ...), or undefined. */
  number(name: HeaderName): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const number = digits(value, 0, value.length);
    return number >= 0 && number < 2 ** 32 ? number : undefined;
  }

  private known(name: KnownHeader): string | undefined {
    const at = indexOfKnown(this.headerNames, name, 0);
    return at < 0 ? undefined : this.headerValues[at];
  }

  private tagOf(name: "From" | "To"): string | undefined {
    const value = this.known(name);
    return value === undefined ? undefined : tagIn(value);
  }

  private nameAddr(name: "From" | "To"): NameAddr | undefined {
    const value = this.known(name);
    return value === undefined ? undefined : parseNameAddr(value);
  }
}

/** Gives a message that nobody else has seen yet its body, without a second object. For the framer. */
export function withBody(message: SipMessage, body: Uint8Array | string): SipMessage {
  const fresh = message as unknown as { bodyBytes: Uint8Array | undefined; bodyChars: string | undefined };
  fresh.bodyBytes = typeof body === "string" ? undefined : body;
  fresh.bodyChars = typeof body === "string" ? body : undefined;
  return message;
}

/** Index of the next header of that name at or behind `from`, or -1. `names` are canonical. */
export function indexOfHeader(names: readonly string[], name: HeaderName, from: number): number {
  return isKnownHeader(name) ? indexOfKnown(names, name, from) : indexOfOther(names, name, from);
}

function indexOfKnown(names: readonly string[], name: KnownHeader, from: number): number {
  for (let i = from; i < names.length; i++) if (names[i] === name) return i;
  return -1;
}

function indexOfOther(names: readonly string[], name: string, from: number): number {
  const wanted = canonicalHeader(name);
  if (isKnownHeader(wanted)) return indexOfHeader(names, wanted, from);
  for (let i = from; i < names.length; i++) if (sameHeader(names[i]!, wanted)) return i;
  return -1;
}
