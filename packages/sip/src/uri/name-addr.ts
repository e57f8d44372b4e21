import { areParams, type Params, param, paramIn, parseParams, quote, unquote } from "../header/params.ts";
import { closingQuote, LESS, QUOTE, skipSpace, sliceTrimmed } from "../header/scan.ts";

/** name-addr or addr-spec with header parameters: From, To, Contact, Route, Record-Route (RFC 3261 20.10). */
export interface NameAddr {
  /** Display name without quotes, or undefined. Its characters are the bytes of the wire (latin1 of UTF-8). */
  readonly display: string | undefined;
  /** The URI as written, without `<>`. */
  readonly uri: string;
  /** Header parameters: those behind the `>`. */
  readonly params: Params;
}

/**
 * Reads one element. Lenient where the field is: no blank before `<`, nearly any text as an unquoted display name.
 * Not lenient where two readers could see two different URIs: undefined then.
 */
export function parseNameAddr(text: string): NameAddr | undefined {
  const start = skipSpace(text, 0);
  let open: number;
  if (text.charCodeAt(start) === QUOTE) {
    const close = closingQuote(text, start);
    if (close < 0) return undefined;
    open = skipSpace(text, close + 1);
    if (text.charCodeAt(open) !== LESS) return undefined;
  } else {
    open = text.indexOf("<", start);
    if (open < 0) return parseAddrSpec(text, start);
    // `sip:a@b;x=<sip:c@d>` is one address to this reader and another to the next.
    if (open > start && /[;"\\>]/.test(text.slice(start, open))) return undefined;
  }
  const end = text.indexOf(">", open + 1);
  if (end < 0 || text.indexOf("<", open + 1) >= 0 || !areParams(text, end + 1)) return undefined;
  const uri = sliceTrimmed(text, open + 1, end);
  return isOneUri(uri) ? new AddressElement(text, open, uri, end + 1) : undefined;
}

/** Most addresses are read for their URI alone: the rest is only made when asked for. */
class AddressElement implements NameAddr {
  readonly uri: string;
  private readonly text: string;
  private readonly open: number;
  private readonly paramsAt: number;

  /** @param open index of the `<`, or of what stands for it. @param paramsAt of the first `;`, or behind it all. */
  constructor(text: string, open: number, uri: string, paramsAt: number) {
    this.uri = uri;
    this.text = text;
    this.open = open;
    this.paramsAt = paramsAt;
  }

  get display(): string | undefined {
    const name = sliceTrimmed(this.text, 0, this.open);
    return name === "" ? undefined : unquote(name);
  }

  get params(): Params {
    return parseParams(this.text, this.paramsAt) ?? [];
  }
}

/** The `tag` of a From or To value, or undefined. */
export function tagOf(address: NameAddr): string | undefined {
  return param(address.params, "tag") || undefined;
}

/**
 * What `tagOf` gives for the readable address `text`, without making the parts in between: the tag is all that
 * matching a message to its dialog and transaction needs.
 */
export function tagIn(text: string): string | undefined {
  const start = skipSpace(text, 0);
  const nameEnd = text.charCodeAt(start) === QUOTE ? closingQuote(text, start) : start;
  const from = Math.max(0, text.indexOf(">", Math.max(nameEnd, start)));
  return paramIn(text, from, "tag") || undefined;
}

/** Writes `"display" <uri>` without parameters. */
export function formatNameAddr(uri: string, display?: string): string {
  return display === undefined || display === "" ? `<${uri}>` : `${quote(display)} <${uri}>`;
}

/** Not empty, no blank or control in it: what can stand in a start line. */
function isOneUri(uri: string): boolean {
  return uri !== "" && !/[\x00-\x20\x7f]/.test(uri);
}

/** RFC 3261 20.10: without `<>`, parameters belong to the header, and `,` or `?` may not stand in the URI. */
function parseAddrSpec(text: string, start: number): NameAddr | undefined {
  const semicolon = text.indexOf(";", start);
  const end = semicolon < 0 ? text.length : semicolon;
  const uri = sliceTrimmed(text, start, end);
  if (!areParams(text, end) || !isOneUri(uri) || /[,?"]/.test(uri) || text.indexOf(">") >= 0)
    return undefined;
  return new AddressElement(text, start, uri, end);
}
