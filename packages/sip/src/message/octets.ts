/** Between bytes and text of one character per byte. The shell has its platform's fast ways; these are the pure ones. */

/** Makes a text of one character per byte of those from `start` to `end`. */
export type Latin1 = (bytes: Uint8Array, start: number, end: number) => string;

/** Slow, but right anywhere: for tests and for what is small. */
export function latin1Plain(bytes: Uint8Array, start: number, end: number): string {
  let out = "";
  for (let at = start; at < end; at += 4096) {
    out += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4096, end)));
  }
  return out;
}

/** The bytes of a text that has one character for each. */
export function octets(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}
