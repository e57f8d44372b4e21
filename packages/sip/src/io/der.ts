/** As much of DER (ITU-T X.690) as certificates and revocation lists need. */

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  /** `[0]`, constructed. */
  context0: 0xa0,
} as const;

/** One value: where it begins, where its content begins, where both end. */
export interface DerValue {
  readonly tag: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** Reads values one after the other. What does not fit is thrown as a `DerError`. */
export class DerReader {
  readonly bytes: Uint8Array;
  private at: number;
  private readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** The tag of the next value, or -1 at the end. */
  get nextTag(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  /** The next value; a given tag must be its tag. */
  take(tag?: number): DerValue {
    const { bytes, at, end } = this;
    if (at + 2 > end) throw new DerError("a value is cut off");
    const found = bytes[at]!;
    if (tag !== undefined && found !== tag) throw new DerError(`tag ${found} where ${tag} belongs`);
    let length = bytes[at + 1]!;
    let content = at + 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 4 || content + octets > end) throw new DerError("a length is malformed");
      length = 0;
      for (const stop = content + octets; content < stop; content++) length = length * 256 + bytes[content]!;
    }
    if (content + length > end) throw new DerError("a value is cut off");
    this.at = content + length;
    return { tag: found, start: at, content, end: this.at };
  }

  /** The next value if it has this tag. */
  takeIf(tag: number): DerValue | undefined {
    return this.nextTag === tag ? this.take(tag) : undefined;
  }

  /** A reader of what is in a constructed value. */
  within(value: DerValue): DerReader {
    return new DerReader(this.bytes, value.content, value.end);
  }

  contentOf(value: DerValue): Uint8Array {
    return this.bytes.subarray(value.content, value.end);
  }

  /** With tag and length. */
  wholeOf(value: DerValue): Uint8Array {
    return this.bytes.subarray(value.start, value.end);
  }
}

export class DerError extends Error {}

/** Small letters, no separators. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** An UTCTime or GeneralizedTime, ms since 1970 (RFC 5280 4.1.2.5); NaN where it is malformed. */
export function timeOf(reader: DerReader, value: DerValue): number {
  const text = Buffer.from(reader.contentOf(value)).toString("latin1");
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!match) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const whole = value.tag === DER.utcTime ? (year < 50 ? 2000 + year : 1900 + year) : year;
  return Date.UTC(whole, month - 1, day, hour, minute, second);
}
