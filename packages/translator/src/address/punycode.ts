/** Punycode (RFC 3492): one label of an internationalised domain name as ASCII, without the `xn--` in front. */

const BASE = 36;
const TMIN = 1;
const TMAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 0x80;
const MAX_CODE_POINT = 0x10ffff;

/** The ASCII form of a label. The label must not hold lone surrogates. */
export function encodePunycode(label: string): string {
  const points = Array.from(label, (character) => character.codePointAt(0) as number);
  const basic = points.filter((point) => point < INITIAL_N);
  let output = String.fromCodePoint(...basic);
  if (basic.length > 0) output += "-";
  let n = INITIAL_N;
  let delta = 0;
  let bias = INITIAL_BIAS;
  let handled = basic.length;
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta += 1;
      if (point !== n) continue;
      output += encodeInteger(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    n += 1;
  }
  return output;
}

/** The label that an ASCII form stands for; undefined when it stands for none. */
export function decodePunycode(ascii: string): string | undefined {
  const hyphen = ascii.lastIndexOf("-");
  const output = Array.from(hyphen > 0 ? ascii.slice(0, hyphen) : "", (basic) => basic.charCodeAt(0));
  if (output.some((point) => point >= INITIAL_N)) return undefined;
  let n = INITIAL_N;
  let i = 0;
  let bias = INITIAL_BIAS;
  let at = hyphen > 0 ? hyphen + 1 : 0;
  while (at < ascii.length) {
    const integer = decodeInteger(ascii, at, bias);
    if (integer === undefined) return undefined;
    const length = output.length + 1;
    bias = adapt(integer.value, length, i === 0 && n === INITIAL_N);
    i += integer.value;
    n += Math.floor(i / length);
    if (n > MAX_CODE_POINT || (n >= 0xd800 && n <= 0xdfff)) return undefined;
    i %= length;
    output.splice(i, 0, n);
    i += 1;
    at = integer.next;
  }
  return String.fromCodePoint(...output);
}

function encodeInteger(value: number, bias: number): string {
  let rest = value;
  let output = "";
  for (let k = BASE; ; k += BASE) {
    const t = threshold(k, bias);
    if (rest < t) return output + digit(rest);
    output += digit(t + ((rest - t) % (BASE - t)));
    rest = Math.floor((rest - t) / (BASE - t));
  }
}

function decodeInteger(
  ascii: string,
  start: number,
  bias: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  let weight = 1;
  let at = start;
  for (let k = BASE; at < ascii.length; k += BASE) {
    const digitValue = digitOf(ascii.charCodeAt(at));
    at += 1;
    if (digitValue === undefined) return undefined;
    value += digitValue * weight;
    // Far beyond what any label needs, and far below where numbers lose precision.
    if (value > 0x7fff_ffff) return undefined;
    const t = threshold(k, bias);
    if (digitValue < t) return { value, next: at };
    weight *= BASE - t;
  }
  return undefined;
}

function threshold(k: number, bias: number): number {
  return Math.min(Math.max(k - bias, TMIN), TMAX);
}

function adapt(delta: number, length: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : Math.floor(delta / 2);
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > ((BASE - TMIN) * TMAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - TMIN));
  return k + Math.floor(((BASE - TMIN + 1) * rest) / (rest + SKEW));
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 97 : value + 22);
}

function digitOf(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 22;
  if (code >= 0x41 && code <= 0x5a) return code - 65;
  if (code >= 0x61 && code <= 0x7a) return code - 97;
  return undefined;
}
