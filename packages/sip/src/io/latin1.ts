import type { Latin1 } from "../message/octets.ts";

/** One character per byte by Buffer's native decoder, called on a plain Uint8Array as it is: no copy, no view. */
export const latin1: Latin1 = (bytes, start, end) => Buffer.prototype.latin1Slice.call(bytes, start, end);
