/** CSeq (RFC 3261 20.16). */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

const CSEQ = /^\s*([0-9]{1,10})\s+([A-Za-z0-9.!%*_+`'~-]+)\s*$/;

/** Reads a CSeq. Undefined when it is not one, or its number is 2^31 or more (RFC 3261 8.1.1.5). */
export function parseCSeq(text: string): CSeq | undefined {
  const match = CSEQ.exec(text);
  if (!match) return undefined;
  const number = Number(match[1]);
  return number < 2 ** 31 ? { number, method: match[2]! } : undefined;
}
