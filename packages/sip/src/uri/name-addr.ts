import {
  closingQuote,
  type Params,
  param,
  parseParams,
  quote,
  skipSpace,
  unquote,
} from "../header/params.ts";

/** name-addr or addr-spec with header parameters: From, To, Contact, Route, Record-Route (RFC 3261 20.10). */
export interface NameAddr {
  /** Display name without quotes, or undefined. Its characters are the bytes of the wire (latin1 of UTF-8). */
  readonly display: string | undefined;
  /** The URI as written, without `<>`. */
  readonly uri: string;
  /** Header parameters: those behind the `>`. */
  readonly params: Params;
}

/** Reads one element. Lenient where the field is: no blank before `<`, any text as an unquoted display name. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const start = skipSpace(text, 0);
  let display: string | undefined;
  let open: number;
  if (text.charCodeAt(start) === 0x22) {
    const close = closingQuote(text, start);
    if (close < 0) return undefined;
    display = unquote(text.slice(start, close + 1));
    open = skipSpace(text, close + 1);
    if (text.charCodeAt(open) !== 0x3c) return undefined;
  } else {
    open = text.indexOf("<", start);
    if (open < 0) return parseAddrSpec(text, start);
    const name = text.slice(start, open).trim();
    if (name !== "") display = name;
  }
  const end = text.indexOf(">", open + 1);
  if (end < 0) return undefined;
  const params = parseParams(text, end + 1);
  const uri = text.slice(open + 1, end).trim();
  return params && uri !== "" ? { display, uri, params } : undefined;
}

/** The `tag` of a From or To value, or undefined. */
export function tagOf(address: NameAddr): string | undefined {
  return param(address.params, "tag") || undefined;
}

/** Writes `"display" <uri>` without parameters. */
export function formatNameAddr(uri: string, display?: string): string {
  return display === undefined || display === "" ? `<${uri}>` : `${quote(display)} <${uri}>`;
}

/** RFC 3261 20.10: without `<>`, parameters belong to the header, and `,` or `?` may not stand in the URI. */
function parseAddrSpec(text: string, start: number): NameAddr | undefined {
  const semicolon = text.indexOf(";", start);
  const end = semicolon < 0 ? text.length : semicolon;
  const uri = text.slice(start, end).trim();
  const params = parseParams(text, end);
  if (!params || uri === "" || /[\s,?]/.test(uri)) return undefined;
  return { display: undefined, uri, params };
}
