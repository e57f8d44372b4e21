import { type CSeq, parseCSeq } from "../header/cseq.ts";
import { splitList } from "../header/list.ts";
import { parseVia, type Via } from "../header/via.ts";
import { type NameAddr, parseNameAddr, tagOf } from "../uri/name-addr.ts";
import { type HeaderName, sameHeader } from "./header-names.ts";

export const NO_BODY = new Uint8Array(0);

/** What a start line says. */
export type StartLine =
  | { readonly kind: "request"; readonly method: string; readonly uri: string }
  | { readonly kind: "response"; readonly status: number; readonly reason: string };

/**
 * One SIP message, parsed or built. Header values are kept as text (one character per byte of the wire) and given
 * structure only when asked; every structure is parsed once. Instances never change: `draft.ts` makes changed copies.
 *
 * Content-Length is not among the headers of a message: it belongs to the wire and is written by `serialize`.
 */
export class SipMessage {
  readonly start: StartLine;
  /** Header names in order, known ones in the RFC's spelling. Parallel to `headerValues`. */
  readonly headerNames: readonly string[];
  readonly headerValues: readonly string[];
  readonly body: Uint8Array;
  /** The first defect the parser met, or undefined. A message with a fault may be answered, never forwarded. */
  readonly fault: string | undefined;

  private cachedVia: Via | null | undefined;
  private cachedCSeq: CSeq | null | undefined;
  private cachedFrom: NameAddr | null | undefined;
  private cachedTo: NameAddr | null | undefined;

  constructor(
    start: StartLine,
    headerNames: readonly string[],
    headerValues: readonly string[],
    body: Uint8Array = NO_BODY,
    fault?: string,
  ) {
    this.start = start;
    this.headerNames = headerNames;
    this.headerValues = headerValues;
    this.body = body;
    this.fault = fault;
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
    const names = this.headerNames;
    for (let i = 0; i < names.length; i++) if (names[i] === name) return this.headerValues[i];
    return this.getUnknown(name);
  }

  /** Every header line of that name, in order. */
  lines(name: HeaderName): string[] {
    const out: string[] = [];
    const names = this.headerNames;
    for (let i = 0; i < names.length; i++) {
      if (names[i] === name || sameHeader(names[i]!, name)) out.push(this.headerValues[i]!);
    }
    return out;
  }

  /** Every element of a comma-separated header over all its lines, in order (Via, Route, Contact, Supported, ...). */
  list(name: HeaderName): string[] {
    const lines = this.lines(name);
    return lines.length === 1 ? splitList(lines[0]!) : lines.flatMap(splitList);
  }

  count(name: HeaderName): number {
    let n = 0;
    for (const own of this.headerNames) if (own === name || sameHeader(own, name)) n++;
    return n;
  }

  /** The topmost Via, or undefined when there is none or it cannot be read. */
  get topVia(): Via | undefined {
    if (this.cachedVia === undefined) {
      const line = this.get("Via");
      const first = line === undefined ? undefined : line.indexOf(",") < 0 ? line : splitList(line)[0];
      this.cachedVia = (first === undefined ? undefined : parseVia(first)) ?? null;
    }
    return this.cachedVia ?? undefined;
  }

  get cseq(): CSeq | undefined {
    if (this.cachedCSeq === undefined) {
      const value = this.get("CSeq");
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
    const from = this.from;
    return from && tagOf(from);
  }

  get toTag(): string | undefined {
    const to = this.to;
    return to && tagOf(to);
  }

  /** Call-ID, byte for byte (RFC 3261 20.8); "" when there is none. */
  get callId(): string {
    return this.get("Call-ID") ?? "";
  }

  /** The first Contact element, or undefined (also for `*`). */
  get contact(): NameAddr | undefined {
    const first = this.list("Contact")[0];
    return first === undefined || first === "*" ? undefined : parseNameAddr(first);
  }

  /** A header that is a plain decimal number below 2^32 (Max-Forwards, Expires, ...), or undefined. */
  number(name: HeaderName): number | undefined {
    const value = this.get(name);
    if (value === undefined || !/^[0-9]{1,10}$/.test(value)) return undefined;
    const number = Number(value);
    return number < 2 ** 32 ? number : undefined;
  }

  private nameAddr(name: "From" | "To"): NameAddr | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : parseNameAddr(value);
  }

  private getUnknown(name: string): string | undefined {
    const names = this.headerNames;
    for (let i = 0; i < names.length; i++) if (sameHeader(names[i]!, name)) return this.headerValues[i];
    return undefined;
  }
}
