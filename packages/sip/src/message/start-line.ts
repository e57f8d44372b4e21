import { methodAt } from "../header/method.ts";
import { quotesClose } from "../header/params.ts";
import { digits, SP, skipToken } from "../header/scan.ts";

/** What a start line says. */
export type StartLine =
  | { readonly kind: "request"; readonly method: string; readonly uri: string }
  /** `status` is 0 where the line has none that SIP knows; such a response has a fault. */
  | { readonly kind: "response"; readonly status: number; readonly reason: string };

/** The fault of a request that wants another SIP: it is answered 505, every other fault 400 (RFC 3261 21.5.6). */
export const WRONG_VERSION = "version is not SIP/2.0";

/** A method longer than this is not one. */
export const MAX_METHOD = 64;

const VERSION = /^SIP\/[0-9]+\.[0-9]+$/i;

/**
 * Reads a start line (RFC 3261 7.1, 7.2). Undefined when it is not SIP; with a fault where it is, but wrong: extra
 * white space, another version, a status code that is none.
 */
export function parseStartLine(
  line: string,
): { readonly line: StartLine; readonly fault: string | undefined } | undefined {
  if (line.startsWith("SIP/2.0 ")) return parseStatusLine(line);
  const isResponse = (line.charCodeAt(0) | 0x20) === 0x73 && /^SIP\//i.test(line);
  return isResponse ? parseStatusLine(line) : parseRequestLine(line);
}

function parseStatusLine(line: string): ReturnType<typeof parseStartLine> {
  const space = line.indexOf(" ");
  const version = line.slice(0, space < 0 ? line.length : space);
  if (!isVersion2(version) && !VERSION.test(version)) return undefined;
  const codeEnd = space + 4;
  const code = space < 0 ? -1 : digits(line, space + 1, Math.min(codeEnd, line.length));
  const isCode = code >= 100 && code < 700 && (codeEnd >= line.length || line.charCodeAt(codeEnd) === SP);
  const reason = isCode ? line.slice(codeEnd + 1) : "";
  let fault: string | undefined;
  if (!isVersion2(version)) fault = WRONG_VERSION;
  else if (!isCode) fault = "status code is malformed";
  return { line: { kind: "response", status: isCode ? code : 0, reason }, fault };
}

function parseRequestLine(line: string): ReturnType<typeof parseStartLine> {
  const methodEnd = skipToken(line, 0);
  if (methodEnd === 0 || methodEnd > MAX_METHOD || line.charCodeAt(methodEnd) !== SP) return undefined;
  let end = line.length;
  while (end > 0 && line.charCodeAt(end - 1) === SP) end--;
  const lastSpace = line.lastIndexOf(" ", end - 1);
  const version = line.slice(lastSpace + 1, end);
  if (lastSpace <= methodEnd || (!isVersion2(version) && !VERSION.test(version))) return undefined;
  const uri = line.slice(methodEnd + 1, lastSpace);
  let fault: string | undefined;
  if (!isVersion2(version)) fault = WRONG_VERSION;
  else if (end < line.length) fault = "white space behind the version";
  else if (!isPlainUri(uri)) fault = "Request-URI is malformed";
  return { line: { kind: "request", method: methodAt(line, 0, methodEnd), uri }, fault };
}

function isVersion2(version: string): boolean {
  return version === "SIP/2.0" || version.toUpperCase() === "SIP/2.0";
}

/** What is true of a URI of any scheme: no control, blank or `<>` in it, no open quote, and not empty. */
function isPlainUri(uri: string): boolean {
  if (uri === "" || /[\x00-\x20<>\x7f]/.test(uri)) return false;
  // COMPAT: some write `;transport="tls"`.
  return uri.indexOf('"') < 0 || quotesClose(uri, 0);
}
