import { methodAt } from "./method.ts";
import { digits, isBlank, skipSpace, skipToken } from "./scan.ts";

/** CSeq (RFC 3261 20.16). */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** Reads a CSeq. Undefined when it is not one, or its number is 2^31 or more (RFC 3261 8.1.1.5). */
export function parseCSeq(text: string): CSeq | undefined {
  const start = skipSpace(text, 0);
  let end = start;
  while (end < text.length && !isBlank(text.charCodeAt(end))) end++;
  const number = digits(text, start, end);
  if (number < 0 || number >= 2 ** 31) return undefined;
  const methodStart = skipSpace(text, end);
  const methodEnd = skipToken(text, methodStart);
  if (methodEnd === methodStart || skipSpace(text, methodEnd) < text.length) return undefined;
  return { number, method: methodAt(text, methodStart, methodEnd) };
}
